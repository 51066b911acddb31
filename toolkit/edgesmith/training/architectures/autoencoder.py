# pyright: basic
"""An autoencoder that gives its own reconstruction error: what it never learned, it rebuilds badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, flat, input_layers
from edgesmith.training.architectures.options import check_choice, check_count, check_counts

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["autoencoder"]

ACTIVATIONS = ("relu", "tanh", "elu", "selu", "gelu", "silu")


def autoencoder(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    widths: tuple[int, ...] = (64,),
    bottleneck: int = 8,
    batch_norm: bool = False,
    activation: str = "relu",
) -> keras.Model:
    """``mean((x - decode(encode(x))) ^ 2)`` over the features of a sample, 0 or more.

    Dense layers of ``widths`` units narrow down to the bottleneck, which is linear, and widen
    again in the reverse order. Hinton and Salakhutdinov, Reducing the dimensionality of data with
    neural networks, 2006.

    Args:
        inputs: float32 tensors of fixed shape, flattened side by side; of one scale, or features
            of large numbers decide alone.
        output: What the model gives: the error.
        task: An anomaly detection.
        widths: Units of the encoder's hidden layers, in order; may be empty.
        bottleneck: Units that a sample is squeezed into.
        batch_norm: Normalise over the batch before each activation.
        activation: One of ``ACTIVATIONS``.

    Raises:
        ConfigError: An option has a value that it cannot have; the message names it.
    """
    del task
    check_counts("widths", widths)
    check_count("bottleneck", bottleneck)
    check_choice("batch_norm", batch_norm, (True, False))
    check_choice("activation", activation, ACTIVATIONS)
    layers = input_layers(inputs)
    features = flat(inputs, layers)
    n_features = int(features.shape[-1])
    hidden = features
    for place, width in enumerate(widths, start=1):
        hidden = _hidden(hidden, width, f"encoder_{place}", activation, batch_norm=batch_norm)
    hidden = keras.layers.Dense(bottleneck, name="bottleneck")(hidden)
    for place, width in enumerate(reversed(widths), start=1):
        hidden = _hidden(hidden, width, f"decoder_{place}", activation, batch_norm=batch_norm)
    rebuilt = keras.layers.Dense(n_features, name="rebuilt")(hidden)
    difference = keras.layers.Subtract(name="difference")([features, rebuilt])
    squares = keras.layers.Dot(axes=-1, name="squares")([difference, difference])
    score = keras.layers.Rescaling(1 / n_features, dtype="float32", name=output.name)(squares)
    return keras.Model(arguments(layers), score, name="autoencoder")


def _hidden(
    features: keras.KerasTensor, width: int, name: str, activation: str, *, batch_norm: bool
) -> keras.KerasTensor:
    features = keras.layers.Dense(width, use_bias=not batch_norm, name=name)(features)
    if batch_norm:
        features = keras.layers.BatchNormalization(name=f"{name}_norm")(features)
    return keras.layers.Activation(activation, name=f"{name}_{activation}")(features)
