from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edgesmith.reference import trace
from edgesmith.variants import variants

layers = keras.layers


def _mean_of_series() -> keras.Model:
    x = keras.Input((None, 3), name="series")
    return keras.Model(x, layers.GlobalAveragePooling1D(name="mean")(x))


@pytest.mark.parametrize(("n_samples", "n_other"), [(1, 2), (2, 1), (5, 1)])
def test_another_batch_size_is_tried(n_samples: int, n_other: int) -> None:
    x = keras.Input((3,), name="x")
    reference = trace(keras.Model(x, layers.Dense(2, name="y")(x)))
    samples = np.random.default_rng(0).random((n_samples, 3), np.float32)

    found, untried = variants(reference, {"x": samples})

    assert [one.what for one in found] == [f"batch of {n_other}"]
    np.testing.assert_array_equal(found[0].tensors["x"], np.resize(samples, (n_other, 3)))
    assert found[0].outputs["y"].shape == (n_other, 2)
    assert untried is None


def test_a_free_axis_is_doubled() -> None:
    samples = np.random.default_rng(0).random((4, 5, 3), np.float32)

    found, untried = variants(trace(_mean_of_series()), {"series": samples})

    assert [one.what for one in found] == ["batch of 1", "double length"]
    assert found[1].tensors["series"].shape == (2, 10, 3)
    np.testing.assert_allclose(found[1].outputs["mean"], samples[:2].mean(axis=1), rtol=1e-6)
    assert untried is None


def test_a_free_axis_that_cannot_be_doubled_is_halved() -> None:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    ones: Any = keras.ops.ones_like(tokens)
    positions = layers.Embedding(6, 2)(keras.ops.cumsum(ones, 1) - ones)
    reference = trace(keras.Model(tokens, positions))

    found, _ = variants(reference, {"tokens": np.zeros((2, 5), np.int32)})

    assert [one.what for one in found] == ["batch of 1", "half length"]
    assert found[1].tensors["tokens"].shape == (2, 3)


def test_it_is_said_where_no_other_length_is_taken() -> None:
    x = keras.Input((None, 2), name="x")
    reference = trace(keras.Model(x, keras.ops.reshape(x, (-1, 7, 2))))

    found, untried = variants(reference, {"x": np.zeros((1, 7, 2), np.float32)})

    assert next(one.what for one in found) == "batch of 2"
    assert len(found) == 2 or untried is not None
