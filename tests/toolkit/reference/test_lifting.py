"""String layers at the front of any style of model are found, and the rest is traced without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from edgesmith.reference import Reference

layers: Any = keras.layers
WORDS = ["the", "cat", "sat"]
TEXTS = np.array([["the cat"], ["sat! on it"], ["mat"]], object)
NUMBERS = np.array([[1.0], [2.0], [3.0]], np.float32)
CITIES = np.array([["Bern"], ["Basel"], [""]], object)


def _text(name: str = "text") -> Any:
    return keras.Input((1,), dtype="string", name=name)


def _vectorization(**settings: Any) -> Any:
    return layers.TextVectorization(vocabulary=WORDS, output_sequence_length=4, **settings)


def _names(reference: Reference) -> list[str]:
    return [spec.name for spec in reference.signature.inputs]


def _answers(reference: Reference, raw: dict[str, Any]) -> list[Any]:
    """What the steps and the rest of the model give together."""
    assert reference.lifted is not None
    values = Transform(reference.lifted.steps, tuple(raw), reference.lifted.assets)(raw)
    outputs = reference.run({name: values[name] for name in _names(reference)})
    return list(outputs.values())


class Tagger(keras.Model):
    """A subclassed model that takes a dict and calls one layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.words = _vectorization(name="words")
        self.embed = layers.Embedding(8, 3)
        self.dense = layers.Dense(2)

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        title, body = self.words(inputs["title"]), self.words(inputs["body"])
        both = keras.ops.concatenate([self.embed(title), self.embed(body)], axis=1)
        return {"tags": self.dense(both), "title": title}


def _sequential() -> keras.Model:
    return keras.Sequential(
        [_text(), _vectorization(name="words"), layers.Embedding(8, 3), layers.Dense(2)]
    )


def _mixed() -> keras.Model:
    city, age = _text("city"), keras.Input((1,), name="age")
    place = layers.StringLookup(vocabulary=["Bern"], name="place")(city)
    crossed = layers.HashedCrossing(8, output_mode="one_hot", name="both")(
        [layers.Hashing(3, name="hashed")(city), place]
    )
    embedded = layers.Flatten()(layers.Embedding(3, 2)(place))
    return keras.Model(
        [city, age], layers.Dense(2)(layers.Concatenate()([embedded, crossed, age]))
    )


def _nested() -> keras.Model:
    inner = _sequential()
    inputs = _text("outer")
    return keras.Model(inputs, layers.Flatten()(inner(inputs)))


STYLES = [
    ("sequential", _sequential, {"text": TEXTS}, ["words"]),
    ("functional", _mixed, {"city": CITIES, "age": NUMBERS}, ["age", "place", "both"]),
    ("nested", _nested, {"outer": TEXTS}, ["words"]),
]


@pytest.mark.parametrize(
    ("make", "raw", "inputs"),
    [style[1:] for style in STYLES],
    ids=[style[0] for style in STYLES],
)
def test_the_steps_and_the_rest_answer_as_the_whole(
    make: Any, raw: dict[str, Any], inputs: list[str]
) -> None:
    model = make()

    reference = trace(model)

    assert _names(reference) == inputs
    given = [tf.constant(array) for array in raw.values()]
    expected = model(given if len(given) > 1 else given[0])
    np.testing.assert_allclose(_answers(reference, raw)[0], expected, atol=1e-6)


def test_a_subclassed_model_that_calls_a_layer_twice_has_two_inputs() -> None:
    model, raw = Tagger(), {"title": TEXTS, "body": TEXTS[::-1]}

    reference = trace(model, samples=raw)

    assert _names(reference) == ["words", "words_1"]
    expected = model({name: tf.constant(array) for name, array in raw.items()})
    tags, title = _answers(reference, raw)
    np.testing.assert_allclose(tags, expected["tags"], atol=1e-6)
    np.testing.assert_array_equal(title, expected["title"], strict=True)


def test_every_lifted_layer_is_named() -> None:
    lifted = trace(_mixed()).lifted

    assert lifted is not None
    assert dict(lifted.layers) == {"place": "place", "hashed": "hashed", "both": "both"}
    assert [spec.name for spec in lifted.tensors] == ["place", "both"]


def test_the_raw_inputs_are_those_of_the_whole_model_by_kind() -> None:
    lifted = trace(_mixed()).lifted

    assert lifted is not None
    kinds = {one.name: (one.kind, one.accepts) for one in lifted.raw_inputs}
    assert kinds == {
        "city": (Kind.TEXT, "a text"),
        "age": (Kind.TENSOR, "an array of float32 with the shape [1]"),
    }


def test_the_whole_model_is_run_on_raw_inputs() -> None:
    model = _mixed()
    lifted = trace(model).lifted
    assert lifted is not None

    outputs, tensors = lifted.run({lifted.checked["city"]: CITIES, "age": NUMBERS})

    expected = model([tf.constant(CITIES), tf.constant(NUMBERS)])
    np.testing.assert_allclose(outputs[0], expected, atol=1e-6)
    assert tensors["place"].tolist() == [[1], [0], [0]]


def test_a_number_that_is_only_hashed_is_no_input_of_the_rest() -> None:
    user = keras.Input((1,), dtype="int64", name="user")
    model = keras.Model(user, layers.Embedding(5, 2)(layers.Hashing(5, name="bin")(user)))

    reference = trace(model)

    assert _names(reference) == ["bin"]
    expected = model(tf.constant([[3], [-4]]))
    np.testing.assert_allclose(_answers(reference, {"user": [3, -4]})[0], expected)


def test_integer_lookup_stays_in_the_graph() -> None:
    inputs = keras.Input((1,), dtype="int64", name="code")
    model = keras.Model(inputs, layers.IntegerLookup(vocabulary=[3, 4])(inputs))

    assert trace(model).lifted is None


def test_a_model_that_asks_a_text_for_the_size_of_its_batch_is_traced() -> None:
    class Sized(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.look = layers.StringLookup(vocabulary=WORDS, name="look")

        def call(self, text: Any) -> Any:
            return tf.ones([tf.shape(text)[0], 2]) + tf.cast(self.look(text), "float32")

    model = Sized()

    reference = trace(model, samples=TEXTS)

    np.testing.assert_array_equal(
        _answers(reference, {"text": TEXTS})[0], model(tf.constant(TEXTS))
    )


def test_layers_share_the_steps_that_they_have_in_common() -> None:
    text = _text()
    counted = layers.TextVectorization(vocabulary=WORDS, output_mode="count", name="counted")
    model = keras.Model(text, [_vectorization(name="words")(text), counted(text)])

    lifted = trace(model).lifted

    assert lifted is not None
    ops = [step.op for step in lifted.steps]
    assert [ops.count(op) for op in ("text", "standardize_text", "split_text", "lookup")] == [
        1,
        1,
        1,
        2,
    ]


def test_the_graph_of_the_rest_holds_no_text() -> None:
    graph = tf.compat.v1.GraphDef.FromString(trace(_mixed()).freeze().content)

    ops = {node.op for node in graph.node}
    assert not {op for op in ops if "String" in op or "Lookup" in op or "Hash" in op}


def test_keras_is_as_before_also_after_an_error() -> None:
    before = layers.Layer.__call__
    model = keras.Sequential([_text(), Length()])

    with pytest.raises(ConversionError):
        trace(model)

    assert layers.Layer.__call__ is before


class Length(layers.Layer):
    def call(self, text: Any) -> Any:
        return tf.strings.length(text) * 2


class Cleaner(layers.Layer):
    def call(self, text: Any) -> Any:
        return tf.strings.strip(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: keras.Sequential([_text(), Length(name="length")]),
            "^input 'text': layer '.*length' .StringLength. takes its text, which an artifact",
        ),
        (
            lambda: keras.Sequential(
                [_text(), Cleaner(name="clean"), layers.Hashing(3, name="bins")]
            ),
            "^layer '.*bins' .Hashing. takes what other layers or functions made",
        ),
        (
            lambda: keras.Sequential(
                [
                    keras.Input((1,), dtype="int64"),
                    layers.StringLookup(vocabulary=WORDS, invert=True, name="back"),
                ]
            ),
            "^layer '.*back' .StringLookup. with invert=True gives the entries of its vocabulary",
        ),
        (
            lambda: keras.Model(text := _text(), text),
            "^input 'text': the model's output takes its text, which an artifact cannot hold",
        ),
    ],
    ids=["custom", "behind custom", "inverse", "output"],
)
def test_a_text_that_cannot_be_lifted_is_refused_by_the_layers_name(
    make: Any, message: str
) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(make())


def test_a_layer_that_changes_what_vectorization_does_is_another_layer() -> None:
    class Own(layers.StringLookup):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) + 1

    model = keras.Sequential([_text(), Own(vocabulary=WORDS, name="own")])

    with pytest.raises(ConversionError, match=r"layer '.*own' .* takes its text"):
        trace(model)
