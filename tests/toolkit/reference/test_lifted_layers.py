"""The steps of a lifted layer give what the layer gives in Keras, to the bit, on hostile texts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.transforms import Transform

layers: Any = keras.layers
WORDS = [
    "the",
    "cat",
    "sat",
    "the cat",
    "é",
    "naïve",
    "日本語",
    "🙂",
    "a\u00a0b",
    "a\0b",
    "don't",
    "c",
]
LONG_WORDS = [*WORDS, *(f"word{number}" for number in range(100))]  # an asset, not a param
IDF = np.linspace(0.1, 3, len(WORDS)).astype(np.float32)
BLANKS = [
    " ",
    "  ",
    "\t",
    "\n",
    "\v",
    "\f",
    "\r",
    "\x1c",
    "\x85",
    "\u00a0",
    "\u3000",
    "\u2028",
    "",
]
PARTS = [
    *WORDS,
    "The",
    "CAT!",
    "É",
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "!?",
    "'",
    "\ufeff",
    "ß",
    "İ",
    "—",
    "x" * 300,
]


def _texts(n_texts: int = 150) -> list[str]:
    rng = np.random.default_rng(11)
    made = [
        "".join(
            str(part)
            for _ in range(rng.integers(0, 8))
            for part in (rng.choice(PARTS), rng.choice(BLANKS))
        )
        for _ in range(n_texts)
    ]
    return ["", " ", "\n\t", *WORDS, "the cat sat " * 400, *made]


TEXTS = _texts()


def _objects(texts: list[str], shape: tuple[int, ...] = (1,)) -> np.ndarray[Any, Any]:
    whole = len(texts) // int(np.prod(shape)) * int(np.prod(shape))
    return np.array(texts[:whole], object).reshape(-1, *shape)


def _assert_as_keras(layer: Any, *columns: np.ndarray[Any, Any]) -> Any:
    """The lifted steps of a model of this one layer, held against the layer itself."""
    inputs = [
        keras.Input(
            column.shape[1:], dtype="string" if column.dtype == object else column.dtype.name
        )
        for column in columns
    ]
    called = layer(inputs if len(inputs) > 1 else inputs[0])
    lifted = trace(keras.Model(inputs, called)).lifted
    assert lifted is not None
    raw = {one.name: column for one, column in zip(lifted.raw_inputs, columns, strict=True)}

    values = Transform(lifted.steps, tuple(raw), lifted.assets)(raw)

    given = [tf.constant(column) for column in columns]
    expected = layer(given if len(given) > 1 else given[0]).numpy()
    (name,) = lifted.layers
    np.testing.assert_array_equal(values[name], expected, strict=True)
    return lifted


@pytest.mark.parametrize(
    "standardize", [None, "lower", "strip_punctuation", "lower_and_strip_punctuation"]
)
@pytest.mark.parametrize("split", [None, "whitespace", "character"])
def test_vectorization_standardizes_and_splits_as_keras(
    standardize: str | None, split: str | None
) -> None:
    layer = layers.TextVectorization(vocabulary=WORDS, standardize=standardize, split=split)

    _assert_as_keras(layer, _objects(TEXTS))


@pytest.mark.parametrize(
    ("split", "ngrams"),
    [
        (None, 2),
        ("whitespace", 2),
        ("whitespace", (2,)),
        ("whitespace", (3, 1)),
        ("character", 3),
    ],
)
def test_vectorization_joins_ngrams_as_keras(
    split: str | None, ngrams: int | tuple[int, ...]
) -> None:
    layer = layers.TextVectorization(
        vocabulary=WORDS, ngrams=ngrams, split=split, output_sequence_length=5
    )

    _assert_as_keras(layer, _objects(TEXTS))


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("length", [None, 3, 500])
def test_vectorization_pads_and_cuts_as_keras(
    shape: tuple[int, ...], length: int | None
) -> None:
    layer = layers.TextVectorization(vocabulary=WORDS, output_sequence_length=length)

    _assert_as_keras(layer, _objects(TEXTS, shape))


@pytest.mark.parametrize("max_tokens", [None, 40])
@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("ngrams", [None, 2])
def test_vectorization_counts_as_keras(
    mode: str, ngrams: int | None, max_tokens: int | None
) -> None:
    layer = layers.TextVectorization(
        max_tokens=max_tokens,
        pad_to_max_tokens=max_tokens is not None,
        vocabulary=WORDS,
        idf_weights=IDF if mode == "tf_idf" else None,
        output_mode=mode,
        ngrams=ngrams,
    )

    _assert_as_keras(layer, _objects(TEXTS))


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_an_adapted_vectorization_keeps_what_it_learned_in_assets(mode: str) -> None:
    layer = layers.TextVectorization(output_mode=mode, name="Learned_words")
    layer.adapt([*TEXTS, *LONG_WORDS])

    lifted = _assert_as_keras(layer, _objects(TEXTS))

    expected = {"assets/learned_words.json"} | (
        {"assets/learned_words.npy"} if mode == "tf_idf" else set()
    )
    assert set(lifted.assets) == expected


def test_a_vocabulary_in_another_encoding_is_looked_up_by_its_bytes() -> None:
    layer = layers.TextVectorization(vocabulary=WORDS, encoding="latin-1", standardize=None)

    _assert_as_keras(layer, _objects(TEXTS))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("mask", [None, "dog"])
@pytest.mark.parametrize(("n_unknown", "salt"), [(1, None), (4, None), (4, [3, -7])])
def test_lookup_is_that_of_keras(
    mode: str, mask: str | None, n_unknown: int, salt: list[int] | None
) -> None:
    layer = layers.StringLookup(
        vocabulary=WORDS,
        num_oov_indices=n_unknown,
        mask_token=mask,
        output_mode=mode,
        idf_weights=IDF if mode == "tf_idf" else None,
        salt=salt,
    )

    _assert_as_keras(layer, _objects([*TEXTS, "dog"]))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2)])
@pytest.mark.parametrize("mode", ["int", "one_hot"])
def test_lookup_takes_samples_of_any_shape(shape: tuple[int, ...], mode: str) -> None:
    layer = layers.StringLookup(vocabulary=WORDS, output_mode=mode)

    _assert_as_keras(layer, _objects(TEXTS, shape))


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
def test_lookup_counts_several_texts_a_sample(mode: str) -> None:
    layer = layers.StringLookup(
        max_tokens=50,
        pad_to_max_tokens=True,
        vocabulary=WORDS,
        mask_token="",
        output_mode=mode,
        idf_weights=IDF if mode == "tf_idf" else None,
    )

    _assert_as_keras(layer, _objects(TEXTS, (3,)))


def test_lookup_without_indices_for_the_unknown_takes_its_vocabulary() -> None:
    layer = layers.StringLookup(vocabulary=WORDS, num_oov_indices=0)

    _assert_as_keras(layer, _objects(WORDS))


@pytest.mark.parametrize("vocabulary", [[3, -4, 10**12], list(range(5, 200))])
@pytest.mark.parametrize("salt", [None, [3, 4]])
@pytest.mark.parametrize("mode", ["int", "multi_hot"])
def test_integer_lookup_with_hashed_unknowns_is_that_of_keras(
    vocabulary: list[int], salt: list[int] | None, mode: str
) -> None:
    layer = layers.IntegerLookup(
        vocabulary=vocabulary,
        num_oov_indices=3,
        mask_token=0,
        oov_method="farmhash",
        salt=salt,
        output_mode=mode,
    )

    _assert_as_keras(layer, np.array([[3, -4], [0, 7], [10**12, -(2**60)], [5, 199]]))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("salt", [None, 133])
@pytest.mark.parametrize(
    ("column", "mask"),
    [
        (_objects(TEXTS), None),
        (_objects(TEXTS), ""),
        (np.array([[0], [7], [-9], [2**62]]), 7),
        (np.array([[0.0], [7.9], [-9.9]], np.float32), None),
    ],
    ids=["texts", "masked texts", "numbers", "fractions"],
)
def test_hashing_is_that_of_keras(mode: str, salt: Any, column: Any, mask: Any) -> None:
    layer = layers.Hashing(9, salt=salt, mask_value=mask, output_mode=mode)

    _assert_as_keras(layer, column)


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("mode", ["int", "one_hot"])
def test_hashing_takes_samples_of_other_shapes(shape: tuple[int, ...], mode: str) -> None:
    _assert_as_keras(layers.Hashing(9, output_mode=mode), _objects(TEXTS, shape))


@pytest.mark.parametrize(("mode", "dtype"), [("int", "int32"), ("count", "float64")])
def test_hashing_has_the_dtype_that_it_was_given(mode: str, dtype: str) -> None:
    _assert_as_keras(layers.Hashing(9, output_mode=mode, dtype=dtype), _objects(TEXTS))


@pytest.mark.parametrize("mode", ["int", "one_hot"])
@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("pair", ["texts", "text and number", "numbers"])
def test_crossing_is_that_of_keras(mode: str, shape: tuple[int, ...], pair: str) -> None:
    texts = _objects(TEXTS, shape)
    numbers = np.random.default_rng(0).integers(-(2**40), 2**40, texts.shape)
    columns = {
        "texts": (texts, texts[::-1].copy()),
        "text and number": (texts, numbers),
        "numbers": (numbers, numbers[::-1].astype(np.int32)),
    }

    _assert_as_keras(layers.HashedCrossing(50, output_mode=mode), *columns[pair])


def _model(layer: Any, shape: tuple[int, ...] = (1,)) -> keras.Model:
    inputs = keras.Input(shape, dtype="string", name="text")
    return keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: _model(
                layers.TextVectorization(vocabulary=WORDS, standardize=tf.identity, name="t")
            ),
            r"^layer 't' \(TextVectorization\): standardize is a function of your own, which a",
        ),
        (
            lambda: _model(
                layers.TextVectorization(vocabulary=WORDS, split=tf.strings.split, name="t")
            ),
            r"^layer 't' \(TextVectorization\): split is a function of your own, which a device",
        ),
        (
            lambda: _model(layers.TextVectorization(vocabulary=WORDS, ragged=True, name="t")),
            r"^layer 't' \(TextVectorization\) gives a RaggedTensor, which an artifact cannot take",
        ),
        (
            lambda: _model(layers.Hashing(3, output_mode="count", sparse=True, name="t")),
            r"^layer 't' \(Hashing\) gives a SparseTensor, which an artifact cannot take",
        ),
        (
            lambda: _model(
                layers.StringLookup(vocabulary=WORDS, output_mode="count", name="t"), ()
            ),
            r"^layer 't' \(StringLookup\): with inputs of shape \(None,\) and output_mode='count' it "
            "mixes the samples of a batch",
        ),
    ],
    ids=["standardize", "split", "ragged", "sparse", "mixed"],
)
def test_a_setting_that_no_step_has_is_refused_by_the_layers_name(
    make: Any, message: str
) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(make())


def test_a_vocabulary_that_is_not_utf_8_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(b"cat\n\xff\n")
    layer = layers.StringLookup(vocabulary=str(file), name="look")

    with pytest.raises(
        ConversionError, match="layer 'look': its vocabulary has an entry that is"
    ):
        trace(_model(layer))
