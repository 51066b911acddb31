from __future__ import annotations

import numpy as np
import tensorflow as tf

from edgesmith.fusing.averages import centred, mean_over


def test_equal_values_are_their_own_mean() -> None:
    values = np.full((1, 1000, 1), 101.3, np.float32)

    np.testing.assert_array_equal(mean_over(tf.constant(values), [1]), values[:, :1])
    np.testing.assert_array_equal(centred(tf.constant(values), [1]), np.zeros_like(values))


def test_a_large_offset_takes_no_digits() -> None:
    values = (np.random.default_rng(0).normal(size=(3, 500, 2)) + 1e4).astype(np.float32)

    exact = values.astype(np.float64)
    expected = exact - exact.mean(axis=(0, 1), keepdims=True)
    np.testing.assert_allclose(centred(tf.constant(values), [0, 1]), expected, atol=1e-6)
