from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    import keras

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))
CONVERTIBLE = {
    "InputLayer",
    "Conv2D",
    "DepthwiseConv2D",
    "BatchNormalization",
    "ReLU",
    "Add",
    "GlobalAveragePooling2D",
    "Dropout",
    "Dense",
}


def _cnn(*shape: int, **options: object) -> keras.Model:
    inputs = (TensorSpec("image", "float32", ("batch", *shape)),)
    return architectures["cnn"](inputs, CLASSES, Task.CLASSIFICATION, **options)


@pytest.mark.parametrize("kind", ["residual", "separable"])
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (33, 47, 3), (128, 128, 3)])
def test_images_of_8_to_128_pixels_give_probabilities(
    shape: tuple[int, ...], kind: str
) -> None:
    model = _cnn(*shape, width=4, kind=kind)

    scores = model(np.ones((2, *shape), np.float32)).numpy()

    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("kind", ["residual", "separable"])
def test_every_layer_is_one_that_converters_know(kind: str) -> None:
    model = _cnn(28, 28, 1, kind=kind, dropout=0.1, blocks=2)

    assert {type(layer).__name__ for layer in model.layers} <= CONVERTIBLE
    assert all(getattr(layer, "groups", 1) == 1 for layer in model.layers)


def test_a_separable_net_is_smaller() -> None:
    residual = _cnn(28, 28, 1, kind="residual")

    assert _cnn(28, 28, 1, kind="separable").count_params() < residual.count_params() / 4


def test_stages_double_the_channels() -> None:
    model = _cnn(28, 28, 1, width=6, stages=3)

    kinds = [type(layer).__name__ for layer in model.layers]
    pooled = model.layers[kinds.index("GlobalAveragePooling2D")]
    assert pooled.output.shape == (None, 24)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "training.options.width: expected a whole number from 1, got 0"),
        ({"blocks": 1.5}, "training.options.blocks: expected a whole number from 1, got 1.5"),
        ({"stages": True}, "training.options.stages: expected a whole number from 1, got True"),
        (
            {"dropout": -0.1},
            "training.options.dropout: expected a number from 0, below 1, got -0.1",
        ),
        (
            {"kind": "resnet"},
            "training.options.kind: expected one of residual, separable, got 'resnet'",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _cnn(28, 28, 1, **options)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("specs", "got"),
    [
        ((TensorSpec("x", "float32", ("batch", 9)),), "'x' float32 (batch, 9)"),
        ((TensorSpec("x", "uint8", ("batch", 28, 28, 1)),), "'x' uint8 (batch, 28, 28, 1)"),
        ((TensorSpec("x", "float32", ("batch", 7, 28, 1)),), "'x' float32 (batch, 7, 28, 1)"),
        ((TensorSpec("x", "float32", ("batch", "h", "w", 1)),), "'x' float32 (batch, h, w, 1)"),
        (
            (
                TensorSpec("x", "float32", ("batch", 8, 8, 1)),
                TensorSpec("y", "float32", ("batch", 2)),
            ),
            "'x' float32 (batch, 8, 8, 1), 'y' float32 (batch, 2)",
        ),
    ],
)
def test_anything_but_one_image_is_refused(specs: tuple[TensorSpec, ...], got: str) -> None:
    with pytest.raises(ConfigError) as caught:
        architectures["cnn"](specs, CLASSES, Task.CLASSIFICATION)

    assert str(caught.value) == (
        "training.architecture: cnn takes one float32 image tensor (batch, height, width, channel) "
        f"of 8 pixels or more, got {got}; take mlp, or set [image]"
    )
