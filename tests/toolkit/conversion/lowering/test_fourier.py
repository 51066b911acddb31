from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from edgesmith.conversion.lowering.fourier import (
    backward,
    forward,
    forward_free,
    lengthened,
)

LENGTHS = (1, 2, 7, 96, 100, 101, 255, 256, 512, 1000)


def _points(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


@pytest.mark.parametrize("n", LENGTHS)
def test_frequencies_of_real_points_are_those_of_numpy(n: int) -> None:
    points = _points(2, 3, n)

    real, imaginary = forward(tf.constant(points), None, n, n // 2 + 1)

    expected = np.fft.rfft(points.astype(np.float64))
    np.testing.assert_allclose(real, expected.real, atol=2e-6 * np.sqrt(n))
    np.testing.assert_allclose(imaginary, expected.imag, atol=2e-6 * np.sqrt(n))


@pytest.mark.parametrize("n", LENGTHS)
def test_frequencies_of_complex_points_are_those_of_numpy(n: int) -> None:
    points = _points(2, 4, n)

    real, imaginary = forward(tf.constant(points[0]), tf.constant(points[1]), n, n)

    expected = np.fft.fft(points[0] + 1j * points[1])
    np.testing.assert_allclose(real, expected.real, atol=4e-6 * np.sqrt(n))
    np.testing.assert_allclose(imaginary, expected.imag, atol=4e-6 * np.sqrt(n))


@pytest.mark.parametrize("n", [8, 512])
def test_the_ends_of_a_real_spectrum_are_real(n: int) -> None:
    _, imaginary = forward(tf.constant(_points(5, n)), None, n, n // 2 + 1)

    ends = imaginary.numpy()[:, [0, -1]]
    assert not np.any(ends)
    assert not np.any(np.signbit(ends))


def test_as_many_points_as_there_are_give_the_same() -> None:
    points = _points(2, 3, 20)

    free = forward_free(tf.constant(points[0]), tf.constant(points[1]), 20)
    known = forward(tf.constant(points[0]), tf.constant(points[1]), 20, 20)

    np.testing.assert_allclose(free, known, atol=1e-5)


@pytest.mark.parametrize("n", [9, 12, 16, 30])
def test_points_of_frequencies_are_those_of_numpy(n: int) -> None:
    parts = _points(2, 3, 9)

    points = backward(tf.constant(parts[0]), tf.constant(parts[1]), n, None)

    np.testing.assert_allclose(points, np.fft.irfft(parts[0] + 1j * parts[1], n), atol=1e-6)


def test_a_window_is_multiplied_with_the_points() -> None:
    parts, window = _points(2, 3, 9), np.arange(16, dtype=np.float32)

    windowed = backward(tf.constant(parts[0]), tf.constant(parts[1]), 16, window)

    plain = backward(tf.constant(parts[0]), tf.constant(parts[1]), 16, None)
    np.testing.assert_allclose(windowed, plain * window, atol=1e-5)


def test_lengths_are_cut_or_filled_with_zeros() -> None:
    values = tf.constant([[1.0, 2.0, 3.0]])

    assert lengthened(values, 2).numpy().tolist() == [[1, 2]]
    assert lengthened(values, 3).numpy().tolist() == [[1, 2, 3]]
    assert lengthened(values, 5).numpy().tolist() == [[1, 2, 3, 0, 0]]
