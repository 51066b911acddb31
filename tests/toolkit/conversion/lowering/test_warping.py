from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

image: Any = keras.ops.image
TRANSFORM = np.array([1, 0.2, -1, 0.1, 0.9, 0.5, 0.01, -0.02], np.float32)
FILLS = ("constant", "nearest", "wrap", "reflect")


class Warped(keras.Model):
    def call(self, x: Any, transform: Any) -> Any:
        return [
            image.affine_transform(
                x, transform, interpolation=kind, fill_mode=fill, fill_value=0.3
            )
            for kind in ("nearest", "bilinear")
            for fill in FILLS
        ]


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_affine_transforms_answer_as_keras(error_of: Callable[..., float], fmt: Format) -> None:
    rng = np.random.default_rng(0)
    model = Warped()
    samples = {
        "x": rng.standard_normal((4, 8, 7, 3), np.float32),
        "transform": TRANSFORM + 0.05 * rng.standard_normal((4, 8), np.float32),
    }
    model(**samples)

    assert error_of(model, fmt, samples) < 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("shape", [(8, 7, 3), (None, None, 3)])
def test_one_transform_holds_for_a_batch_of_any_size(
    error_of: Callable[..., float], fmt: Format, shape: tuple[int | None, ...]
) -> None:
    class Turned(keras.Layer):
        def call(self, x: Any) -> Any:
            turned = image.affine_transform(x, keras.ops.array(TRANSFORM))
            corners = np.array([[0, 0], [0, 6], [7, 0], [7, 6]], np.float32)
            moved = corners + np.array([[1, 0], [0, -1], [-1, 1], [0, 0]], np.float32)
            return [turned, image.perspective_transform(x, corners, moved)]

    x = keras.Input(shape)
    model = keras.Model(x, Turned()(x))

    assert (
        error_of(model, fmt, np.random.default_rng(0).random((3, 8, 7, 3), np.float32)) < 5e-6
    )
