from __future__ import annotations

import os
import random
import subprocess
import sys

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


ODD_BATCHES = """
import numpy as np, tensorflow as tf
from edgesmith.training.architectures.cnn import cnn
from edgesmith.training.determinism import reproducible
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

with reproducible(0):
    image = TensorSpec("pixels", "float32", ("batch", 64, 64, 3))
    output = Output(name="probabilities", shape=(10,))
    model = cnn((image,), output, Task.CLASSIFICATION, width=8)

    @tf.function
    def gradients(pixels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(pixels, training=True)[:, 0])
        return tape.gradient(loss, model.trainable_variables)

    for _ in range(12):
        gradients(tf.ones([33, 64, 64, 3]))
print("whole")
"""


def test_batches_of_an_odd_size_do_not_write_beside_their_memory() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", ODD_BATCHES], capture_output=True, text=True, check=False
    )

    assert (shown.returncode, shown.stdout) == (0, "whole\n")


def test_the_limit_of_onednn_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)

    with reproducible(0):
        inside = os.environ["ONEDNN_MAX_CPU_ISA"]

    assert inside == "AVX2"
    assert "ONEDNN_MAX_CPU_ISA" not in os.environ


def test_a_limit_of_the_users_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")

    with reproducible(0):
        inside = os.environ["ONEDNN_MAX_CPU_ISA"]

    assert inside == os.environ["ONEDNN_MAX_CPU_ISA"] == "SSE41"
