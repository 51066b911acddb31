from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edgesmith.training.copying import copied
from edgesmith_runtime.errors import ConfigError

layers = keras.layers
X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


class Keeping(layers.Layer):
    def __init__(self, factor: float) -> None:
        super().__init__(name="kept")
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


class Growing(layers.Layer):
    grown = 0

    def build(self, input_shape: Any) -> None:
        type(self).grown += 1
        for index in range(type(self).grown):
            self.add_weight(shape=(1,), name=f"weight_{index}")

    def call(self, inputs: Any) -> Any:
        return inputs


def _normalised() -> keras.Model:
    normalization = layers.Normalization()
    normalization.adapt(X * 3 + 1)
    return keras.Sequential([keras.Input((4,)), normalization, layers.Dense(2)])


def _nested() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()], name="inner"
    )
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Add()([inner(x), x * 2]), name="outer")


def _with_lambda() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Lambda(lambda x, by: x * by, arguments={"by": 3.0}),
            layers.Dense(2),
        ]
    )


@pytest.mark.parametrize("make", [_normalised, _nested, _with_lambda])
def test_a_copy_answers_as_the_model_does(make: Any) -> None:
    model = make()

    copy = copied(model)

    np.testing.assert_array_equal(copy(X), model(X))


def test_a_copy_has_the_same_names_and_weights_of_its_own() -> None:
    model = _nested()

    copy = copied(model)
    for variable in copy.variables:
        variable.assign(variable.value + 1.0)

    assert [v.path for v in copy.variables] == [v.path for v in model.variables]
    assert (copy.name, copy.get_layer("inner").name) == ("outer", "inner")
    for one, other in zip(copy.variables, model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy() + 1)


def test_inputs_by_name_stay_so() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model({"b": b, "a": a}, layers.Concatenate()([a, layers.Dense(2)(b)]))

    copy = copied(model)

    np.testing.assert_array_equal(copy({"a": X, "b": -X}), model({"a": X, "b": -X}))


def test_a_layer_without_a_configuration_is_named() -> None:
    model = keras.Sequential([keras.Input((4,)), Keeping(2.0), layers.Dense(1)])

    with pytest.raises(ConfigError) as caught:
        copied(model)

    assert str(caught.value).startswith(
        "fine-tuning: the layer 'kept' (Keeping) cannot be made again from its get_config(): "
    )


def test_a_layer_that_comes_back_with_other_weights_is_named() -> None:
    model = keras.Sequential([keras.Input((4,)), Growing(name="growing"), layers.Dense(1)])

    with pytest.raises(ConfigError) as caught:
        copied(model)

    assert str(caught.value) == (
        "fine-tuning: the layer 'growing' (Growing) has 1 weights, and 2 when made again from its "
        "get_config()"
    )
