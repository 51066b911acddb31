from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from edgesmith.training.rounding import Range, rounded_weights


def _range(low: float, high: float) -> Range:
    one = Range()
    one.widen(tf.constant([low, high]))
    return one


def _ends(one: Range) -> tuple[float, float]:
    return float(one.low.numpy()), float(one.high.numpy())


def test_weights_take_255_values_around_0() -> None:
    weights = tf.constant([-127.0, -0.4, 0.6, 50.5, 126.9])

    rounded = rounded_weights(weights, ())

    np.testing.assert_allclose(rounded, [-127, 0, 1, 50, 127], atol=1e-4)


def test_each_output_channel_has_a_scale_where_it_may() -> None:
    weights = tf.constant([[127.0, 1.27], [3.4, 0.034]])

    rounded = rounded_weights(weights, (-1,))

    np.testing.assert_allclose(rounded, [[127, 1.27], [3, 0.03]], rtol=1e-5)


def test_one_scale_for_all_loses_the_small_channel() -> None:
    weights = tf.constant([[127.0, 0.4], [3.4, 0.2]])

    rounded = rounded_weights(weights, ())

    np.testing.assert_allclose(rounded, [[127, 0], [3, 0]], atol=1e-4)


def test_weights_of_0_stay_0() -> None:
    np.testing.assert_array_equal(rounded_weights(tf.zeros([2, 2]), (-1,)), np.zeros((2, 2)))


def test_the_gradient_of_weights_passes_as_if_nothing_were_rounded() -> None:
    weights = tf.Variable(tf.constant([0.31, -1.0]))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(rounded_weights(weights, ()) * [2.0, 3.0])

    gradient = tape.gradient(total, weights)

    np.testing.assert_array_equal(gradient, [2.0, 3.0])


def test_values_take_256_levels_of_which_one_is_0() -> None:
    one = _range(-1.0, 1.55)  # steps of 0.01, 100 of them below 0

    rounded = one.rounded(tf.constant([-1.0, 0.0, 0.014, 0.016, 1.55]))

    np.testing.assert_allclose(rounded, [-1.0, 0.0, 0.01, 0.02, 1.55], atol=1e-5)


def test_values_beyond_the_range_are_cut_off_and_have_no_gradient() -> None:
    values = tf.Variable(tf.constant([-2.0, 0.5, 9.0]))
    one = _range(-1.0, 1.55)
    with tf.GradientTape() as tape:
        rounded = one.rounded(values.value())

    gradient = tape.gradient(rounded, values)

    np.testing.assert_allclose(rounded, [-1.0, 0.5, 1.55], atol=1e-5)
    np.testing.assert_array_equal(gradient, [0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("values", "ends"), [([1.0, 3.0], (0.0, 3.0)), ([-5.0, -2.0], (-5.0, 0.0))]
)
def test_a_range_has_0_in_it(values: list[float], ends: tuple[float, float]) -> None:
    one = Range()

    one.widen(tf.constant(values))

    assert _ends(one) == ends


def test_a_range_follows_a_hundredth_of_the_way() -> None:
    one = _range(-1.0, 2.0)

    one.follow(tf.constant([-2.0, 1.0]))

    assert _ends(one) == pytest.approx((-1.01, 1.99))


def test_half_precision_stays_half_precision() -> None:
    rounded = _range(0.0, 2.55).rounded(tf.constant([0.514], tf.float16))

    assert rounded.dtype == tf.float16
    np.testing.assert_allclose(rounded, [0.51], atol=1e-3)
