from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgesmith.conversion import lower
from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers
pytestmark = pytest.mark.slow
_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items()}


def _operations(artifact: Artifact) -> set[str]:
    model: Any = schema.ModelT.InitFromPackedBuf(artifact.content)
    return {_NAMES[code.builtinCode] for code in model.operatorCodes}


@pytest.mark.parametrize(
    ("layer", "operation"),
    [
        (layers.Conv2D(8, 3, padding="same", dilation_rate=2), "CONV_2D"),
        (layers.Conv2D(8, 3, groups=2), "CONV_2D"),
        (layers.Conv2D(8, 3, groups=4), "DEPTHWISE_CONV_2D"),
        (layers.DepthwiseConv2D(2, padding="same", dilation_rate=2), "DEPTHWISE_CONV_2D"),
        (layers.Conv2DTranspose(8, 3, padding="same", dilation_rate=2), "CONV_2D"),
    ],
)
def test_one_operation_is_enough(
    artifact_of: Callable[..., Artifact], layer: Any, operation: str
) -> None:
    x = keras.Input((None, None, 4))

    artifact = artifact_of(trace(keras.Model(x, layer(x))), Format.TFLITE)

    assert _operations(artifact) == {operation}


def test_a_volume_is_convolved_by_planes(artifact_of: Callable[..., Artifact]) -> None:
    x = keras.Input((4, 5, 6, 4))
    model = keras.Model(x, layers.Conv3D(8, 2, groups=2, dilation_rate=2, padding="same")(x))

    artifact = artifact_of(trace(model), Format.TFLITE)

    assert "CONV_2D" in _operations(artifact)
    assert "CONV_3D" not in _operations(artifact)


@pytest.mark.parametrize("layer", [layers.Conv2D(6, 3), layers.DepthwiseConv2D(3)])
def test_ordinary_convolutions_of_images_stay_as_they_are(layer: Any) -> None:
    x = keras.Input((8, 8, 4))

    _, lowered = lower(trace(keras.Model(x, layer(x))), Format.TFLITE)

    assert lowered == ()
