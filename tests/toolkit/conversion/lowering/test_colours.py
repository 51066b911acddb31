from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("first", [False, True])
def test_colour_spaces_answer_as_keras(
    error_of: Callable[..., float], fmt: Format, *, first: bool
) -> None:
    class Spaces(keras.Layer):
        def call(self, x: Any) -> Any:
            order = "channels_first" if first else "channels_last"
            return [
                keras.ops.image.rgb_to_hsv(x, data_format=order),
                keras.ops.image.hsv_to_rgb(x, data_format=order),
            ]

    samples = np.random.default_rng(0).random((3, 6, 6, 3), np.float32)
    samples[0, :2] = samples[0, :2, :, :1]  # grey
    samples[1, :2] = 0
    samples = samples.transpose(0, 3, 1, 2) if first else samples
    x = keras.Input(samples.shape[1:])

    assert error_of(keras.Model(x, Spaces()(x)), fmt, samples) < 1e-6
