from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from edgesmith.conversion import lower
from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers: Any = keras.layers
ops: Any = keras.ops
KINDS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
SIZES = ((7, 17), (20, 17), (6, 5))


def _resized(
    shape: tuple[int | None, ...],
    *sizes: tuple[int, int],
    dtype: str = "float32",
    first: bool = False,
) -> keras.Model:
    """A model with every interpolation, with and without antialiasing, in several sizes."""
    x = keras.Input(shape, dtype=dtype)
    outputs = [
        layers.Resizing(
            *size,
            interpolation=kind,
            antialias=antialias,
            data_format="channels_first" if first else "channels_last",
            dtype=dtype,
        )(x)
        for size in sizes
        for kind in KINDS
        for antialias in (False, True)
    ]
    return keras.Model(x, outputs)


def _pixels(dtype: str, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("first", [False, True])
def test_every_resizing_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, *, first: bool
) -> None:
    shape = (3, 12, 10) if first else (12, 10, 3)

    error = error_of(_resized(shape, *SIZES, first=first), fmt, _pixels("float32", 3, *shape))

    assert error < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_images_of_bytes_round_as_in_tensorflow(
    error_of: Callable[..., float], fmt: Format
) -> None:
    samples = _pixels("uint8", 40, 12, 10, 3)

    assert error_of(_resized((12, 10, 3), *SIZES, dtype="uint8"), fmt, samples) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_images_of_any_size_are_resized(error_of: Callable[..., float], fmt: Format) -> None:
    model = _resized((None, None, 3), (7, 17))

    error = error_of(
        model, fmt, _pixels("float32", 2, 12, 10, 3), _pixels("float32", 2, 5, 21, 3)
    )

    assert error < 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
def test_bytes_of_any_size_round_as_in_tensorflow(
    error_of: Callable[..., float], fmt: Format, kind: str
) -> None:
    x = keras.Input((None, None, 3), dtype="uint8")
    model = keras.Model(x, layers.Resizing(7, 17, interpolation=kind, dtype="uint8")(x))

    error = error_of(
        model, fmt, _pixels("uint8", 20, 12, 10, 3), _pixels("uint8", 20, 6, 29, 3)
    )

    assert error == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("shape", [(12, 10, 3), (None, None, 3)])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_aspects_are_kept_as_in_keras(
    error_of: Callable[..., float], fmt: Format, shape: tuple[int | None, ...], dtype: str
) -> None:
    x = keras.Input(shape, dtype=dtype)
    outputs = [
        layers.Resizing(
            *size, **{f"{how}_to_aspect_ratio": True, "fill_value": 7}, dtype=dtype
        )(x)
        for size in ((6, 9), (15, 4), (8, 8))
        for how in ("crop", "pad")
    ]

    error = error_of(keras.Model(x, outputs), fmt, _pixels(dtype, 3, 12, 10, 3))

    assert error < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("size", [(8, 7), (None, None)])
def test_every_upsampling_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, size: tuple[int | None, ...], *, first: bool
) -> None:
    x = keras.Input((3, *size) if first else (*size, 3))
    order = "channels_first" if first else "channels_last"
    upsampled = [layers.UpSampling2D((2, 3), order, kind)(x) for kind in KINDS]
    samples = _pixels("float32", 2, *((3, 8, 7) if first else (8, 7, 3)))

    assert error_of(keras.Model(x, upsampled), fmt, samples) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_a_size_can_be_that_of_another_image(
    error_of: Callable[..., float], fmt: Format
) -> None:
    class Merged(keras.Model):
        def call(self, coarse: Any, fine: Any) -> Any:
            size = ops.shape(fine)[1:3]
            return [ops.image.resize(coarse, size, interpolation=kind) for kind in KINDS]

    model = Merged()
    model(np.zeros((1, 4, 5, 3), np.float32), np.zeros((1, 8, 9, 3), np.float32))
    samples = {
        "coarse": _pixels("float32", 2, 4, 5, 3),
        "fine": _pixels("float32", 2, 8, 9, 3),
    }

    assert error_of(model, fmt, samples) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_tensorflows_own_resize_is_replaced_too(
    error_of: Callable[..., float], fmt: Format
) -> None:
    class Resized(keras.Layer):
        def call(self, x: Any) -> Any:
            each = [tf.image.resize(x, (20, 17), kind) for kind in (*KINDS, "area")]
            one = tf.map_fn(lambda image: tf.image.resize(image, (6, 5), antialias=True), x)
            return [*each, one, tf.image.resize(x, (12, 12), preserve_aspect_ratio=True)]

    x = keras.Input((12, 10, 3))

    error = error_of(keras.Model(x, Resized()(x)), fmt, _pixels("float32", 3, 12, 10, 3))

    assert error < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("opset", [13, 23])
def test_other_opsets_have_the_same_resize(error_of: Callable[..., float], opset: int) -> None:
    x = keras.Input((12, 10, 3))
    outputs = [
        layers.UpSampling2D(2)(x),
        layers.Resizing(20, 17)(x),
        layers.Resizing(9, 6, interpolation="lanczos3")(x),
    ]
    samples = _pixels("float32", 2, 12, 10, 3)

    assert error_of(keras.Model(x, outputs), Format.ONNX, samples, opset=opset) < 2e-6


@pytest.mark.slow
def test_upsampling_is_the_engines_own(artifact_of: Callable[..., Artifact]) -> None:
    x = keras.Input((8, 8, 4))
    y = layers.UpSampling2D(2)(layers.Conv2D(4, 3)(x))
    y = layers.UpSampling2D(2, interpolation="bilinear")(layers.Conv2D(4, 3)(y))
    reference = trace(keras.Model(x, layers.Conv2D(2, 3)(y)))

    artifact = artifact_of(reference, Format.ONNX)

    nodes = Counter(
        n.op_type for n in onnx.load_from_string(bytes(artifact.content)).graph.node
    )
    assert nodes == {"Conv": 3, "Resize": 2, "Transpose": 2}


@pytest.mark.parametrize(
    ("kind", "replaced"), [("nearest", False), ("bilinear", False), ("bicubic", True)]
)
def test_tflite_keeps_its_own_resizes_of_float_images(kind: str, *, replaced: bool) -> None:
    x = keras.Input((8, 8, 4))
    reference = trace(keras.Model(x, layers.Resizing(6, 6, interpolation=kind)(x)))

    _, lowered = lower(reference, Format.TFLITE)

    assert bool(lowered) == replaced
