from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edgesmith.reference.legacy.weights import Layout

layers = keras.layers
NOW = Layout(keras_1=False, convolves=False)
KERAS_1 = Layout(keras_1=True, convolves=False)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _built(layer: keras.Layer, *shape: int) -> keras.Layer:
    layer.build((None, *shape))
    return layer


def test_an_lstm_of_cudnn_computes_as_cudnn_does(rng: np.random.Generator) -> None:
    # CuDNN, "LSTM": gates of W x + R h + bW + bR with W (units, inputs), in the order i, f, c, o.
    n, units = 3, 4
    inner = rng.normal(size=(4, units, n))
    recurrent = rng.normal(size=(4, units, units))
    biases = rng.normal(size=(2, 4, units))
    series = rng.normal(size=(2, 5, n)).astype(np.float32)
    layer = _built(layers.LSTM(units), 5, n)
    file = [
        np.hstack([gate.reshape(n, units) for gate in inner]),
        np.hstack(list(recurrent)),
        biases.reshape(-1),
    ]

    layer.set_weights(NOW.modern(layer, file))

    hidden = cell = np.zeros((2, units))
    for step in range(5):
        i, f, c, o = (
            series[:, step] @ inner[k].T + hidden @ recurrent[k].T + biases[:, k].sum(axis=0)
            for k in range(4)
        )
        cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(c)
        hidden = _sigmoid(o) * np.tanh(cell)
    np.testing.assert_allclose(layer(series), hidden, atol=1e-5)


def test_a_gru_of_cudnn_computes_as_cudnn_does(rng: np.random.Generator) -> None:
    # CuDNN, "GRU": h' = tanh(W x + r * (R h + bR) + bW), in Keras' order z, r, h.
    n, units = 3, 2
    inner = rng.normal(size=(3, units, n))
    recurrent = rng.normal(size=(3, units, units))
    biases = rng.normal(size=(2, 3, units))
    series = rng.normal(size=(2, 4, n)).astype(np.float32)
    layer = _built(layers.GRU(units), 4, n)
    file = [
        np.hstack([gate.reshape(n, units) for gate in inner]),
        np.hstack(list(recurrent)),
        biases.reshape(-1),
    ]

    layer.set_weights(NOW.modern(layer, file))

    hidden = np.zeros((2, units))
    for step in range(4):
        from_x = [series[:, step] @ inner[k].T + biases[0, k] for k in range(3)]
        from_h = [hidden @ recurrent[k].T + biases[1, k] for k in range(3)]
        z, r = (_sigmoid(from_x[k] + from_h[k]) for k in range(2))
        hidden = z * hidden + (1 - z) * np.tanh(from_x[2] + r * from_h[2])
    np.testing.assert_allclose(layer(series), hidden, atol=1e-5)


def test_weights_of_keras_2_stay_as_they_are(rng: np.random.Generator) -> None:
    layer = _built(layers.LSTM(2), 4, 3)
    file = [rng.normal(size=shape) for shape in ((3, 8), (2, 8), (8,))]

    modern = NOW.modern(layer, file)

    assert all(new is old for new, old in zip(modern, file, strict=True))


def test_theano_turned_kernels_around(rng: np.random.Generator) -> None:
    layer = _built(layers.Conv2D(2, (2, 3)), 8, 8, 3)
    kernel, bias = rng.normal(size=(2, 3, 3, 2)), rng.normal(size=2)

    modern = Layout(keras_1=False, convolves=True).modern(layer, [kernel, bias])

    np.testing.assert_array_equal(modern[0], kernel[::-1, ::-1])
    np.testing.assert_array_equal(modern[1], bias)


@pytest.mark.parametrize(
    ("layer", "file_shape", "axes"),
    [
        (layers.Conv2D(2, (4, 5), data_format="channels_first"), (2, 3, 4, 5), (2, 3, 1, 0)),
        (
            layers.Conv3D(2, (4, 5, 6), data_format="channels_first"),
            (2, 3, 4, 5, 6),
            (2, 3, 4, 1, 0),
        ),
        (layers.Conv2DTranspose(2, (4, 5)), (4, 5, 3, 2), (0, 1, 3, 2)),
    ],
    ids=["2d", "3d", "transposed"],
)
def test_keras_1_had_other_orders_of_axes(
    layer: Any, file_shape: tuple[int, ...], axes: tuple[int, ...], rng: np.random.Generator
) -> None:
    size = (9,) * (len(file_shape) - 2)
    first = layer.data_format == "channels_first"
    _built(layer, *((3, *size) if first else (*size, 3)))
    kernel = rng.normal(size=file_shape)

    modern = KERAS_1.modern(layer, [kernel])[0]

    assert modern.shape == tuple(layer.kernel.shape)
    np.testing.assert_array_equal(modern, kernel.transpose(axes))


@pytest.mark.parametrize("shape", [(5, 1, 3, 2), (2, 3, 5, 1)], ids=["1.2", "before 1.2"])
def test_a_series_was_a_picture_one_pixel_wide(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    layer = _built(layers.Conv1D(2, 5), 9, 3)
    kernel = rng.normal(size=shape)

    modern = KERAS_1.modern(layer, [kernel])[0]

    by_hand = kernel[:, 0] if shape[0] == 5 else kernel[..., 0].transpose(2, 1, 0)
    np.testing.assert_array_equal(modern, by_hand)


def test_a_model_in_a_model_has_what_is_trained_first(rng: np.random.Generator) -> None:
    model = keras.Sequential([keras.Input((4, 3)), layers.BatchNormalization(), layers.GRU(2)])
    gamma, beta, mean, variance = (np.full(3, value) for value in (1.0, 2.0, 3.0, 4.0))
    gates = [rng.normal(size=shape) for _ in range(3) for shape in ((3, 2), (2, 2), (2,))]

    modern = KERAS_1.modern(model, [gamma, beta, *gates, mean, variance])

    np.testing.assert_array_equal(modern[0], gamma)
    np.testing.assert_array_equal(modern[2], np.hstack([gates[0], gates[3], gates[6]]))
    np.testing.assert_array_equal(modern[4], np.hstack([gates[2], gates[5], gates[8]]))
    np.testing.assert_array_equal(modern[5:], [mean, variance])
