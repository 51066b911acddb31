# pyright: basic
"""Randomness of Keras and TensorFlow pinned to a seed for a while, and put back."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

# TensorFlow exports the switch to one side only; without this way back, a caller's own random ops
# would be refused after a training. Remove when tf.config.experimental can disable it.
from tensorflow.python.framework import config as tf_config

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["reproducible"]


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Initial weights, dropout and every op give the same bits for the same seed.

    Python's and numpy's global generators continue afterwards as if nothing had happened, and op
    determinism is as it was; the generators of Keras and TensorFlow stay seeded.
    """
    before_python = random.getstate()
    before_numpy = np.random.get_state()  # noqa: NPY002 - keras.utils.set_random_seed resets it
    was_deterministic = tf_config.is_op_determinism_enabled()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        random.setstate(before_python)
        np.random.set_state(before_numpy)  # noqa: NPY002
        if not was_deterministic:
            tf_config.disable_op_determinism()
