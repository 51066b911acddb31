"""Layers that take text: lookups, hashes, vectors of words."""

from __future__ import annotations

from typing import Any

from keras import layers

from conversion_cases.feeding import Feed, layer_case, words

__all__ = ["CASES"]

_COLOURS = ("red", "green", "blue")
_SENTENCES = (
    "The cat sat on the mat.",
    "A dog; a CAT!",
    "",
    "the  dog\tran home",
    "Öl und Straße, naïve café",
    "zebra",
)
_WORDS = ["the", "cat", "a", "dog", "sat", "on", "mat", "café"]
_PAIRS = ["the", "cat", "the cat", "a", "dog", "a dog", "a cat"]
COLOUR = Feed((1,), "string", words(*_COLOURS, "pink", "grün", ""))
COLOURS = Feed((4,), "string", words(*_COLOURS, "pink", "grün", ""))
SENTENCE = Feed((1,), "string", words(*_SENTENCES))
SHAPE = Feed((1,), "string", words("round", "flat", "tall"))


def _lookup(**settings: Any) -> Any:
    return layers.StringLookup(vocabulary=list(_COLOURS), **settings)


def _vectors(**settings: Any) -> Any:
    return layers.TextVectorization(vocabulary=settings.pop("vocabulary", _WORDS), **settings)


def _classifier(x: Any) -> Any:
    tokens = _vectors(output_sequence_length=8)(x)
    embedded = layers.Embedding(12, 4, mask_zero=True)(tokens)
    return layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(embedded))


_LOOKUP: dict[str, dict[str, Any]] = {
    "int": {},
    "mask": {"mask_token": ""},
    "several_oov": {"num_oov_indices": 3},
    "several_oov_salted": {"num_oov_indices": 3, "salt": (133, 137)},
    "multi_hot": {"output_mode": "multi_hot"},
    "count": {"output_mode": "count"},
    "tf_idf": {"output_mode": "tf_idf", "idf_weights": [0.5, 1.0, 2.0]},
}
_TEXT: dict[str, dict[str, Any]] = {
    "int": {"output_sequence_length": 6},
    "multi_hot": {"output_mode": "multi_hot"},
    "count": {"output_mode": "count"},
    "tf_idf": {"output_mode": "tf_idf", "idf_weights": [float(i + 1) for i in range(8)]},
    "ngrams": {"vocabulary": _PAIRS, "ngrams": 2, "output_sequence_length": 8},
    "ngrams_count": {"vocabulary": _PAIRS, "ngrams": (1, 2), "output_mode": "count"},
    "characters": {
        "vocabulary": list("abcdehöst"),
        "split": "character",
        "output_sequence_length": 12,
    },
    "lower_only": {"standardize": "lower", "output_sequence_length": 6},
    "strip_only": {"standardize": "strip_punctuation", "output_sequence_length": 6},
    "as_is": {"standardize": None, "output_sequence_length": 6},
    "unsplit": {"split": None, "vocabulary": ["zebra"], "output_sequence_length": 1},
}

CASES = (
    *(
        layer_case(
            f"layers/StringLookup/{setting}",
            lambda x, settings=settings: _lookup(**settings)(x),
            COLOURS,
        )
        for setting, settings in _LOOKUP.items()
    ),
    layer_case(
        "layers/StringLookup/one_hot", lambda x: _lookup(output_mode="one_hot")(x), COLOUR
    ),
    layer_case(
        "layers/StringLookup/then_embedding",
        lambda x: layers.Flatten()(layers.Embedding(4, 3)(_lookup()(x))),
        COLOUR,
        covers=("Embedding", "Flatten"),
    ),
    *(
        layer_case(
            f"layers/TextVectorization/{setting}",
            lambda x, settings=settings: _vectors(**settings)(x),
            SENTENCE,
        )
        for setting, settings in _TEXT.items()
    ),
    layer_case(
        "layers/TextVectorization/classifier",
        _classifier,
        SENTENCE,
        covers=("Embedding", "GlobalAveragePooling1D", "Dense"),
    ),
    layer_case("layers/Hashing/farm", lambda x: layers.Hashing(7)(x), COLOURS),
    layer_case("layers/Hashing/mask", lambda x: layers.Hashing(7, mask_value="")(x), COLOURS),
    layer_case("layers/Hashing/salt", lambda x: layers.Hashing(7, salt=133)(x), COLOURS),
    layer_case(
        "layers/Hashing/salt_pair_one_hot",
        lambda x: layers.Hashing(7, salt=(133, 137), output_mode="one_hot")(x),
        COLOUR,
    ),
    layer_case(
        "layers/Hashing/multi_hot",
        lambda x: layers.Hashing(7, output_mode="multi_hot")(x),
        COLOURS,
    ),
    layer_case(
        "layers/Hashing/count", lambda x: layers.Hashing(7, output_mode="count")(x), COLOURS
    ),
    layer_case(
        "layers/HashedCrossing/int",
        lambda x, y: layers.HashedCrossing(11)((x, y)),
        COLOUR,
        SHAPE,
    ),
    layer_case(
        "layers/HashedCrossing/one_hot",
        lambda x, y: layers.HashedCrossing(11, output_mode="one_hot")((x, y)),
        COLOUR,
        SHAPE,
    ),
)
