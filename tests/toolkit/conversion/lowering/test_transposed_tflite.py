from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers
pytestmark = pytest.mark.slow
_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items()}


@pytest.mark.parametrize(
    ("shape", "layer", "operations"),
    [
        ((None, None, 4), layers.Conv2DTranspose(6, 2, 2), {"CONV_2D", "DEPTH_TO_SPACE"}),
        ((8, 8, 4), layers.Conv2DTranspose(6, 2, 2), {"CONV_2D", "DEPTH_TO_SPACE"}),
        ((8, 8, 4), layers.Conv2DTranspose(6, 3, padding="same"), {"CONV_2D"}),
    ],
)
def test_nothing_waits_for_a_shape(
    artifact_of: Callable[..., Artifact],
    shape: tuple[int | None, ...],
    layer: Any,
    operations: set[str],
) -> None:
    x = keras.Input(shape)
    layer.use_bias = False

    artifact = artifact_of(trace(keras.Model(x, layer(x))), Format.TFLITE)

    model: Any = schema.ModelT.InitFromPackedBuf(artifact.content)
    assert {_NAMES[code.builtinCode] for code in model.operatorCodes} == operations


def test_the_kernel_grows_to_whole_strides_only(artifact_of: Callable[..., Artifact]) -> None:
    x = keras.Input((8, 8, 32))
    model = keras.Model(x, layers.Conv2DTranspose(32, 4, 2, padding="same", use_bias=False)(x))

    artifact = artifact_of(trace(model), Format.TFLITE)

    assert len(artifact.content) < 1.1 * 4 * 4 * 32 * 32 * 4
