from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from edgesmith.reference import trace

layers: Any = keras.layers


@pytest.mark.parametrize("inner", [layers.Dense(2), layers.LSTM(2)], ids=["dense", "recurrent"])
@pytest.mark.parametrize("n", [1, 5])
def test_a_trace_over_unknown_time_answers_as_a_call_outside_of_one(inner: Any, n: int) -> None:
    x: Any = keras.Input((None, 4, 3), name="x")
    model = keras.Model(x, layers.TimeDistributed(inner)(x))
    samples = np.random.default_rng(0).standard_normal((n, 3, 4, 3), np.float32)

    answer = next(iter(trace(model).run({"x": samples}).values()))

    np.testing.assert_allclose(answer, model(samples), atol=1e-6)


def test_a_mask_reaches_every_step_of_unknown_time() -> None:
    x: Any = keras.Input((None, 4, 3), name="x")
    model = keras.Model(
        x, layers.TimeDistributed(layers.GRU(2))(x, mask=keras.ops.any(x > 0.5, axis=-1))
    )
    samples = np.random.default_rng(0).standard_normal((2, 3, 4, 3), np.float32)

    answer = next(iter(trace(model).run({"x": samples}).values()))

    np.testing.assert_allclose(answer, model(samples), atol=1e-6)


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_images_of_unknown_size_are_upsampled(kind: str) -> None:
    x: Any = keras.Input((None, None, 3), name="x")
    model = keras.Model(x, layers.UpSampling2D((2, 3), interpolation=kind, name="y")(x))
    images = np.random.default_rng(0).standard_normal((2, 5, 4, 3), np.float32)

    given = trace(model).run({"x": images})["y"]

    expected = keras.ops.image.resize(images, (10, 12), interpolation=kind)
    np.testing.assert_array_equal(given, np.asarray(expected))
