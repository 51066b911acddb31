from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fmt", "opset"), [*((Format.ONNX, o) for o in (13, 18, 23)), (Format.TFLITE, 18)]
)
def test_normalization_answers_as_keras_at_any_length(
    error_of: Callable[..., float], fmt: Format, opset: int
) -> None:
    x = keras.Input((None, 6))
    normalized = [
        layers.LayerNormalization(),
        layers.LayerNormalization(center=False, scale=False, epsilon=0.1),
        layers.GroupNormalization(3),
        layers.RMSNormalization(),
        layers.UnitNormalization(),
        layers.BatchNormalization(),
    ]
    model = keras.Model(x, [layer(x) for layer in normalized])
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    samples = rng.normal(0, 1, (3, 8, 6)).astype("float32")

    assert error_of(model, fmt, samples, samples[:, :5], opset=opset) < 1e-6


def test_layer_normalization_is_one_node(artifact_of: Callable[..., Artifact]) -> None:
    x = keras.Input((None, 6))
    reference = trace(keras.Model(x, layers.LayerNormalization()(x)))

    content = bytes(artifact_of(reference, Format.ONNX).content)

    graph = onnx.load_model_from_string(content).graph
    assert [node.op_type for node in graph.node] == ["LayerNormalization"]
