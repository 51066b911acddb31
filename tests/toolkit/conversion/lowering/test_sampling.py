from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from edgesmith.conversion.lowering.sampling import (
    Taps,
    free_taps,
    free_weights,
    interpolated,
    nearest_indices,
    taps_of,
    weighed,
    weights_of,
)

KINDS = ("bilinear", "bicubic", "lanczos3", "lanczos5")


def _spread(taps: Taps, n_in: int) -> np.ndarray:
    """Taps as a matrix."""
    indices, weights = np.asarray(taps.indices), np.asarray(taps.weights)
    spread = np.zeros((len(indices), n_in), np.float32)
    np.add.at(spread, (np.arange(len(indices))[:, np.newaxis], indices), weights)
    return spread


def test_the_weights_of_a_doubled_axis_are_quarters() -> None:
    weights = weights_of(2, 4, "bilinear", antialias=False)

    np.testing.assert_array_equal(weights, [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])


def test_taps_hold_every_weight() -> None:
    weights = weights_of(12, 7, "lanczos3", antialias=True)

    taps = taps_of(weights)

    assert taps.weights.shape[1] < 12
    np.testing.assert_array_equal(_spread(taps, 12), weights)


@pytest.mark.parametrize(("n_in", "n_out"), [(12, 7), (9, 20), (5, 5), (2, 3)])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_taps_of_unknown_sizes_are_those_of_known_ones(
    kind: str, n_in: int, n_out: int
) -> None:
    taps = free_taps(tf.constant(n_in), tf.constant(n_out), kind)

    expected = weights_of(n_in, n_out, kind, antialias=False)
    np.testing.assert_allclose(_spread(taps, n_in), expected, atol=2e-6)


@pytest.mark.parametrize(("n_in", "n_out"), [(12, 7), (9, 20), (40, 3)])
@pytest.mark.parametrize("kind", [*KINDS, "area"])
def test_weights_of_unknown_sizes_are_those_of_known_ones(
    kind: str, n_in: int, n_out: int
) -> None:
    weights = free_weights(tf.constant(n_in), tf.constant(n_out), kind)

    expected = weights_of(n_in, n_out, kind, antialias=True)
    np.testing.assert_allclose(np.asarray(weights), expected, atol=2e-6)


@pytest.mark.parametrize(("n_in", "n_out"), [(12, 7), (30, 17), (9, 20)])
def test_interpolation_has_the_bits_of_tensorflow(n_in: int, n_out: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, n_in, n_in, 3)).astype(np.float32)

    across = interpolated(pixels, n_in, n_out, axis=2)
    given = interpolated(across, n_in, n_out, axis=1)

    np.testing.assert_array_equal(given, tf.image.resize(pixels, (n_out, n_out)))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_sums_have_the_bits_of_tensorflow(kind: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 12, 10, 3)).astype(np.float32)
    rows, columns = (taps_of(weights_of(n, 7, kind, antialias=False)) for n in (12, 10))

    given = weighed(weighed(pixels, rows, axis=1), columns, axis=2)

    np.testing.assert_array_equal(given, tf.image.resize(pixels, (7, 7), kind))


@pytest.mark.parametrize("sized", [int, tf.constant])
def test_the_nearest_is_that_of_tensorflow(sized: Any) -> None:
    numbers = np.arange(10, dtype=np.float32).reshape(1, 10, 1, 1)
    for n_out in (3, 7, 10, 15, 23):
        indices = nearest_indices(sized(10), sized(n_out))

        expected = tf.image.resize(numbers, (n_out, 1), "nearest")
        np.testing.assert_array_equal(indices, np.ravel(expected))
