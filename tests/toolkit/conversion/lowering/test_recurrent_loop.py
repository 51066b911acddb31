from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

layers: Any = keras.layers
symbol: Any = keras.Input


class Drifting(keras.Layer):
    """A cell whose output is none of its two states."""

    def __init__(self) -> None:
        super().__init__()
        self.state_size = [4, 2]
        self.output_size = 3
        self.mix = layers.Dense(3)
        self.turn = layers.Dense(2, activation="tanh")

    def build(self, input_shape: Any) -> None:
        self.mix.build((None, 6))
        self.turn.build((None, 4))

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        slow, fast = states
        output = self.mix(keras.ops.concatenate([slow + inputs, fast], -1))
        return output, [0.5 * (slow + inputs), fast + self.turn(inputs)]


CELLS: dict[str, Callable[[], Any]] = {
    "LSTM": lambda: layers.LSTMCell(3, use_bias=False),
    "LSTM, silu": lambda: layers.LSTMCell(3, activation="silu"),
    "GRU": lambda: layers.GRUCell(3, recurrent_dropout=0.5),
    "GRU, reset before": lambda: layers.GRUCell(3, reset_after=False),
    "SimpleRNN": lambda: layers.SimpleRNNCell(3, activation=None),
    "stack": lambda: layers.StackedRNNCells([layers.GRUCell(3), layers.LSTMCell(2)]),
    "stack with a foreign one": lambda: [layers.GRUCell(4), Drifting()],
    "foreign": Drifting,
}


def _skipping(n: int, time: int) -> np.ndarray:
    """Sequences of four features with steps of zeros anywhere; the second is all zeros."""
    rng = np.random.default_rng(1)
    kept = rng.uniform(size=(n, time, 1)) < 0.6
    kept[1] = False
    return (rng.standard_normal((n, time, 4)) * kept).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fmt", "cell"),
    [
        *((Format.TFLITE, cell) for cell in CELLS),
        *(
            (Format.ONNX, cell)
            for cell in ("LSTM, silu", "stack with a foreign one", "foreign")
        ),
    ],
)
def test_a_loop_answers_as_keras_under_any_mask(
    error_of: Callable[..., float], fmt: Format, cell: str
) -> None:
    x = symbol((None, 4))
    masked = layers.Masking()(x)
    outputs = [
        layers.RNN(
            CELLS[cell](),
            return_sequences=sequences,
            go_backwards=sequences,
            return_state=True,
            zero_output_for_mask=zero,
        )(given)
        for sequences, given, zero in (
            (False, x, False),
            (True, masked, False),
            (False, masked, True),
            (True, masked, True),
        )
    ]
    model = keras.Model(x, keras.tree.flatten(outputs))

    assert error_of(model, fmt, _skipping(3, 6)) < 1e-5


@pytest.mark.slow
def test_a_given_initial_state_is_kept_by_a_sequence_without_a_step(
    error_of: Callable[..., float],
) -> None:
    x, start = symbol((6, 4), name="x"), symbol((3,), name="start")
    gru = layers.GRU(3, return_sequences=True, return_state=True)
    model = keras.Model([x, start], gru(layers.Masking()(x), initial_state=[start]))
    samples = {"x": _skipping(3, 6), "start": np.linspace(-1, 1, 9, dtype="f4").reshape(3, 3)}

    assert error_of(model, Format.TFLITE, samples) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_convolutional_one_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, rank: int
) -> None:
    conv_lstm = getattr(layers, f"ConvLSTM{rank}D")
    x = symbol((None, *(5, 4, 3)[:rank], 2))
    outputs = [
        conv_lstm(2, 2, strides=2, return_state=True, go_backwards=True)(x),
        conv_lstm(2, 3, padding="same", dilation_rate=2, return_sequences=True)(x),
        conv_lstm(2, 2, padding="same", use_bias=False)(x, mask=keras.ops.any(x > 1.2, (2, -1)))
        if rank == 1
        else conv_lstm(2, 2, activation="relu")(x),
    ]
    model = keras.Model(x, keras.tree.flatten(outputs))
    samples = np.random.default_rng(0).standard_normal((3, 4, *(5, 4, 3)[:rank], 2), np.float32)

    assert error_of(model, fmt, samples) < 1e-5


@pytest.mark.slow
def test_an_unrolled_layer_stays_unrolled(error_of: Callable[..., float]) -> None:
    x = symbol((4, 4))
    model = keras.Model(x, layers.LSTM(3, unroll=True, return_sequences=True)(x))

    assert error_of(model, Format.TFLITE, _skipping(3, 4)) < 1e-5


@pytest.mark.slow
def test_a_layer_in_both_directions_answers_as_keras(error_of: Callable[..., float]) -> None:
    x = symbol((None, 4))
    outputs = [
        layers.Bidirectional(layers.LSTM(3, return_sequences=True))(layers.Masking()(x)),
        layers.Bidirectional(layers.GRU(3, return_state=True), merge_mode=None)(x),
    ]
    model = keras.Model(x, keras.tree.flatten(outputs))

    assert error_of(model, Format.TFLITE, _skipping(3, 6)) < 1e-5
