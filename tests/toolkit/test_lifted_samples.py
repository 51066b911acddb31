"""Raw samples go through the lifted steps and through Keras, which must agree to the bit."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith.lifted_samples import drawn_raw, raw_batches, through
from edgesmith.reference import trace
from edgesmith_runtime.errors import InputError, ParityError

if TYPE_CHECKING:
    from edgesmith.reference import Lifted, Reference

layers = keras.layers
WORDS = ["the", "cat", "sat"]


def _traced() -> tuple[keras.Model, Reference, Lifted]:
    text = keras.Input((1,), dtype="string", name="text")
    age = keras.Input((1,), name="age")
    tokens = layers.TextVectorization(vocabulary=WORDS, name="tokens")(text)
    mean = layers.GlobalAveragePooling1D()(layers.Embedding(8, 3)(tokens))
    model = keras.Model({"text": text, "age": age}, layers.Concatenate()([mean, age]))
    reference = trace(model)
    assert reference.lifted is not None
    return model, reference, reference.lifted


RAW: dict[str, Any] = {
    "text": np.array(["the cat", "a much longer text", "sat"], object),
    "age": np.array([[1.0], [2.0], [3.0]], np.float32),
}


def test_the_outputs_are_those_of_the_whole_model_on_the_raw_inputs() -> None:
    model, reference, lifted = _traced()

    whole = through(reference, lifted, RAW)

    given = {"text": tf.constant(RAW["text"][:, None]), "age": tf.constant(RAW["age"])}
    (outputs,) = whole.outputs.values()
    np.testing.assert_allclose(outputs, model(given), atol=1e-6)
    assert whole.tensors["tokens"].tolist() == [[2, 3, 0, 0], [1, 1, 1, 1], [4, 0, 0, 0]]


def _with(lifted: Lifted, op: str, **params: Any) -> Lifted:
    steps = tuple(
        dataclasses.replace(step, params={**step.params, **params}) if step.op == op else step
        for step in lifted.steps
    )
    return dataclasses.replace(lifted, steps=steps)


@pytest.mark.parametrize(
    ("op", "params", "message"),
    [
        (
            "lookup",
            {"vocabulary": ["the", "sat", "cat"]},
            r"^layer 'tokens': its lifted steps give 4 for sample 0 at \(1,\), Keras gives 3; ",
        ),
        (
            "pad",
            {"length": 9},
            r"^layer 'tokens': its lifted steps give int64 of shape \(3, 9\), Keras gives int64 of "
            r"shape \(3, 4\); report",
        ),
    ],
)
def test_a_step_that_differs_from_its_layer_is_refused_by_the_layers_name(
    op: str, params: dict[str, Any], message: str
) -> None:
    _, reference, lifted = _traced()

    with pytest.raises(ParityError, match=message):
        through(reference, _with(lifted, op, **params), RAW)


def test_plain_numbers_take_the_dtype_and_shape_of_the_input() -> None:
    _, _, lifted = _traced()

    raw = raw_batches(lifted, {"text": RAW["text"], "age": np.array([1, 2, 3])})

    np.testing.assert_array_equal(raw["age"], RAW["age"], strict=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"text": RAW["text"]},
            r"samples: expected the inputs \['age', 'text'\], got \['text'\]",
        ),
        (
            {"text": RAW["text"], "age": np.zeros((3, 2))},
            r"expected an array of shape \(1,\), got \(2,\)",
        ),
    ],
)
def test_samples_of_other_inputs_are_refused(given: dict[str, Any], message: str) -> None:
    _, _, lifted = _traced()

    with pytest.raises(InputError, match=message):
        raw_batches(lifted, given)


def test_drawn_texts_are_of_the_vocabularies_that_take_them() -> None:
    _, reference, lifted = _traced()

    raw = drawn_raw(lifted, 0)

    tokens = through(reference, lifted, raw).tensors["tokens"]
    assert set(range(1, 5)) <= set(tokens.ravel().tolist())
    assert raw["age"].shape == (64, 1)


def test_a_vocabulary_that_takes_no_other_word_is_kept_to() -> None:
    text = keras.Input((), dtype="string", name="text")
    look = layers.StringLookup(vocabulary=[f"word {n}" for n in range(100)], num_oov_indices=0)
    lifted = trace(keras.Model(text, look(text))).lifted
    assert lifted is not None

    raw = drawn_raw(lifted, 0)

    assert all(text.startswith("word ") for text in raw["text"])
