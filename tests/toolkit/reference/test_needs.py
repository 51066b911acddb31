from __future__ import annotations

import json
from typing import Any

import keras
import pytest

from edgesmith.reference.needs import layers_with_code, missing_classes

layers = keras.layers


class Unknown(layers.Layer):
    pass


def _config(*parts: keras.Layer) -> Any:
    model = keras.Sequential([keras.Input((4, 4)), *parts])
    return json.loads(json.dumps(keras.saving.serialize_keras_object(model)))


@pytest.mark.parametrize(
    "part",
    [
        layers.LSTM(2, kernel_initializer="he_normal", recurrent_regularizer="l2"),
        layers.Dense(2, activation=keras.activations.gelu, kernel_constraint="max_norm"),
        layers.Dense(2, dtype="mixed_float16"),
        layers.Bidirectional(layers.GRU(2)),
        layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)]),
    ],
    ids=["initializers", "activation", "policy", "wrapper", "cells"],
)
def test_what_keras_has_is_not_missed(part: keras.Layer) -> None:
    assert missing_classes(_config(part), {}) == ()


def test_a_class_of_the_users_is_missed_once() -> None:
    assert missing_classes(_config(Unknown(), Unknown()), {}) == ("Unknown",)


def test_a_class_that_is_offered_is_not_missed() -> None:
    assert missing_classes(_config(Unknown()), {"Unknown": Unknown}) == ()


def test_a_function_of_the_users_is_missed() -> None:
    def swirl(x: Any) -> Any:
        return x

    assert missing_classes(_config(layers.Dense(2, activation=swirl)), {}) == ("swirl",)


def test_a_layer_with_code_is_named() -> None:
    config = _config(layers.Lambda(lambda x: 2 * x, name="double"), layers.Dense(2))

    assert layers_with_code(config) == ("double",)


def test_the_code_of_a_model_in_a_model_is_found() -> None:
    inner = keras.Sequential([layers.Lambda(lambda x: 2 * x, name="double")])

    assert layers_with_code(_config(inner)) == ("double",)
