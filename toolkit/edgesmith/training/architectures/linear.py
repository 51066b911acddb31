# pyright: basic
"""Linear and softmax regression: one dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, flat, head, input_layers

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["linear"]


def linear(inputs: tuple[TensorSpec, ...], output: Output, task: Task) -> keras.Model:
    """``output = inputs * weights + bias``, all inputs flattened side by side.

    Args:
        inputs: float32 tensors of fixed shape.
        output: What the model gives.
        task: Softmax follows for a classification.
    """
    layers = input_layers(inputs)
    return keras.Model(
        arguments(layers), head(flat(inputs, layers), output, task), name="linear"
    )
