# pyright: basic
"""Randomness of Keras and TensorFlow pinned to a seed for a while, and put back."""

from __future__ import annotations

import os
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

# The oneDNN inside TensorFlow 2.21 writes beside its memory on CPUs with AVX-512: in the gradient
# of a convolution of 8 channels, with an odd number of samples in the batch. Its AVX2 code does
# not, and took no longer in a training of `cnn` (49 to 56 ms an update against 52 to 58). Remove
# when test_determinism passes without it on such a CPU.
ONEDNN_LIMIT = ("ONEDNN_MAX_CPU_ISA", "AVX2")


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Initial weights, dropout and every op give the same bits for the same seed.

    Python's and numpy's global generators continue afterwards as if nothing had happened, and op
    determinism is as it was; the generators of Keras and TensorFlow stay seeded.

    oneDNN is held to AVX2 unless the environment says otherwise, see ``ONEDNN_LIMIT``. It asks
    once, at its first op: a process that has run one before goes on as it was, and child
    processes are not held.
    """
    name, limit = ONEDNN_LIMIT
    is_ours = name not in os.environ
    os.environ.setdefault(name, limit)
    before_python = random.getstate()
    before_numpy = np.random.get_state()  # noqa: NPY002 - keras.utils.set_random_seed resets it
    was_deterministic = tf_config.is_op_determinism_enabled()
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        if is_ours:
            os.environ.pop(name, None)
        random.setstate(before_python)
        np.random.set_state(before_numpy)  # noqa: NPY002
        if not was_deterministic:
            tf_config.disable_op_determinism()
