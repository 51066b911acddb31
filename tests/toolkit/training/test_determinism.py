from __future__ import annotations

import random

import keras
import numpy as np
import pytest
from tensorflow.python.framework import config as tf_config

from edgesmith.training.determinism import reproducible


def _initial_weights(seed: int) -> np.ndarray:
    with reproducible(seed):
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
    return layer.trainable_variables[0].value.numpy()


def test_the_same_seed_gives_the_same_initial_weights() -> None:
    np.testing.assert_array_equal(_initial_weights(3), _initial_weights(3))


def test_another_seed_gives_others() -> None:
    assert not np.array_equal(_initial_weights(3), _initial_weights(4))


def test_the_generators_of_the_process_go_on_as_if_nothing_had_happened() -> None:
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002, TID251 - what a caller's old code does
    expected = random.Random(5).random(), np.random.RandomState(5).random()

    with reproducible(1):
        random.random()

    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_ops_are_deterministic_inside_and_as_before_outside() -> None:
    before = tf_config.is_op_determinism_enabled()

    with reproducible(1):
        inside = tf_config.is_op_determinism_enabled()

    assert inside
    assert tf_config.is_op_determinism_enabled() == before


def test_an_error_inside_puts_everything_back_too() -> None:
    before = random.getstate()

    with pytest.raises(ZeroDivisionError), reproducible(1):
        _ = 1 / 0

    assert random.getstate() == before
    assert not tf_config.is_op_determinism_enabled()
