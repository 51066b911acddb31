from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.conversion import lower
from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

layers: Any = keras.layers
symbol: Any = keras.Input


class Centred(keras.Layer):
    """Takes the mean of the batch off, so that the steps must stay apart."""

    def call(self, inputs: Any) -> Any:
        return inputs - keras.ops.mean(inputs, axis=0, keepdims=True)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def _residual() -> keras.Model:
    x = symbol((6, 4))
    return keras.Model(x, layers.Flatten()(layers.Dense(4, activation="relu")(x) + x))


INNER: dict[str, Callable[[], Any]] = {
    "convolution": lambda: layers.Conv1D(3, 2),
    "recurrent": lambda: layers.Bidirectional(layers.GRU(3)),
    "model": _residual,
    "custom": Centred,
    "over the batch": lambda: layers.Softmax(axis=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("time", [None, 3])
@pytest.mark.parametrize("inner", INNER)
def test_every_step_is_answered_as_by_keras(
    error_of: Callable[..., float], fmt: Format, inner: str, time: int | None
) -> None:
    x = symbol((time, 6, 4))
    model = keras.Model(x, layers.TimeDistributed(INNER[inner]())(x))
    samples = np.random.default_rng(0).standard_normal((2, 3, 6, 4), np.float32)

    assert error_of(model, fmt, samples) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_a_mask_reaches_every_step(error_of: Callable[..., float], fmt: Format) -> None:
    x = symbol((None, 6, 4))
    mask = keras.ops.any(x > 0.8, axis=-1)
    outputs = layers.TimeDistributed(layers.LSTM(3, return_sequences=True))(x, mask=mask)
    samples = np.random.default_rng(0).standard_normal((2, 3, 6, 4), np.float32)

    assert error_of(keras.Model(x, outputs), fmt, samples) < 1e-5


def test_a_custom_layer_over_known_time_is_left_to_keras() -> None:
    x = symbol((3, 6, 4))

    _, lowered = lower(trace(keras.Model(x, layers.TimeDistributed(Centred())(x))), Format.ONNX)

    assert lowered == ()
