from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import onnx
import pytest

from edgesmith.conversion import lower
from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers
pytestmark = pytest.mark.slow


def _nodes(artifact: Artifact) -> list[str]:
    model = onnx.load_model_from_string(bytes(artifact.content))
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((4, 9), layers.Conv1D(6, 3, padding="same", data_format="channels_first")),
        ((4, 9, 9), layers.Conv2D(6, 3, groups=2, data_format="channels_first")),
        ((4, 9, 9), layers.SeparableConv2D(6, 1, data_format="channels_first")),
        ((4, 5, 5, 5), layers.Conv3D(6, 3, strides=2, data_format="channels_first")),
    ],
)
def test_channels_first_takes_no_transposes(
    artifact_of: Callable[..., Artifact], shape: tuple[int, ...], layer: Any
) -> None:
    x = keras.Input(shape)

    artifact = artifact_of(trace(keras.Model(x, layer(x))), Format.ONNX)

    assert set(_nodes(artifact)) - {"Unsqueeze", "Squeeze"} == {"Conv"}


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(6, 3, groups=2),
        layers.Conv2D(6, 3, padding="same", dilation_rate=2),
        layers.DepthwiseConv2D(3, padding="same", dilation_rate=2),
    ],
)
def test_channels_last_takes_one_convolution_between_two_transposes(
    artifact_of: Callable[..., Artifact], layer: Any
) -> None:
    x = keras.Input((None, None, 4))

    artifact = artifact_of(trace(keras.Model(x, layer(x))), Format.ONNX)

    assert _nodes(artifact) == ["Transpose", "Conv", "Transpose"]


@pytest.mark.parametrize("layer", [layers.Conv2D(6, 3), layers.DepthwiseConv2D(3)])
def test_ordinary_convolutions_of_images_stay_as_they_are(layer: Any) -> None:
    x = keras.Input((8, 8, 4))

    _, lowered = lower(trace(keras.Model(x, layer(x))), Format.ONNX)

    assert lowered == ()
