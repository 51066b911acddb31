# pyright: basic
"""A multilayer perceptron: dense layers, for tables and small images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, flat, head, input_layers
from edgesmith.training.architectures.options import check_choice, check_counts, check_share

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["mlp"]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "leaky_relu")


def mlp(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    widths: tuple[int, ...] = (64, 32),
    dropout: float = 0.0,
    batch_norm: bool = False,
    activation: str = "relu",
) -> keras.Model:
    """Hidden layers of ``widths`` units, each followed by its activation.

    Args:
        inputs: float32 tensors of fixed shape, flattened side by side.
        output: What the model gives.
        task: Softmax follows for a classification.
        widths: Units of the hidden layers, in order.
        dropout: Share of units left out in training, after each hidden layer.
        batch_norm: Normalise over the batch before each activation.
        activation: One of ``ACTIVATIONS``.

    Raises:
        ConfigError: An option has a value that it cannot have; the message names it.
    """
    check_counts("widths", widths)
    check_share("dropout", dropout)
    check_choice("batch_norm", batch_norm, (True, False))
    check_choice("activation", activation, ACTIVATIONS)
    layers = input_layers(inputs)
    features = flat(inputs, layers)
    for place, width in enumerate(widths, start=1):
        name = f"hidden_{place}"
        features = keras.layers.Dense(width, use_bias=not batch_norm, name=name)(features)
        if batch_norm:
            features = keras.layers.BatchNormalization(name=f"{name}_norm")(features)
        features = keras.layers.Activation(activation, name=f"{name}_{activation}")(features)
        if dropout:
            features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="mlp")
