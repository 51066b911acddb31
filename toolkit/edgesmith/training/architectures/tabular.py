# pyright: basic
"""A multilayer perceptron with embeddings of categories, for tables with `cleaning.encode = "codes"`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import (
    check_choice,
    check_count,
    check_counts,
    check_share,
)
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["tabular"]

ACTIVATIONS = ("relu", "tanh", "gelu", "silu")


def tabular(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    categories: tuple[int, ...] = (),
    max_width: int = 16,
    widths: tuple[int, ...] = (64, 32),
    dropout: float = 0.0,
    activation: str = "relu",
) -> keras.Model:
    """Each category becomes a learned vector; these and the numbers go through hidden layers.

    C. Guo, F. Berkhahn, Entity embeddings of categorical variables, 2016. A code is rounded
    before it is looked up, so that an input in 8 bits still finds its own vector.

    Args:
        inputs: One float32 tensor ``(batch, columns)``: numbers first, then the codes.
        output: What the model gives.
        task: Softmax follows for a classification.
        categories: How many codes each of the last columns has, unknown ones included. A build
            takes them from the transform.
        max_width: Numbers in a vector at most; a column of n categories has (n + 1) // 2.
        widths: Units of the hidden layers, in order.
        dropout: Share of units left out in training, after each hidden layer.
        activation: One of ``ACTIVATIONS``.

    Raises:
        ConfigError: An option has a value that it cannot have, or the tensor is no table; the
            message names it.
    """
    check_counts("categories", categories)
    check_count("max_width", max_width)
    check_counts("widths", widths)
    check_share("dropout", dropout)
    check_choice("activation", activation, ACTIVATIONS)
    n_columns = _n_columns(inputs, len(categories))
    layers = input_layers(inputs)
    table = keras.layers.Reshape((n_columns, 1), name="columns")(next(iter(layers.values())))
    n_numbers = n_columns - len(categories)
    parts = []
    if n_numbers:
        numbers = _cut(table, 0, n_numbers, n_columns, "numbers")
        parts.append(keras.layers.Flatten(name="numbers_flat")(numbers))
    for place, n_codes in enumerate(categories):
        name, start = f"category_{place + 1}", n_numbers + place
        code = _cut(table, start, start + 1, n_columns, name)
        code = keras.layers.Flatten(name=f"{name}_flat")(code)
        code = keras.layers.Rescaling(1.0, offset=0.5, name=f"{name}_rounded")(code)
        width = min(max_width, (n_codes + 1) // 2)
        vector = keras.layers.Embedding(n_codes, width, name=f"{name}_embedding")(code)
        parts.append(keras.layers.Flatten(name=f"{name}_vector")(vector))
    joined = keras.layers.Concatenate(name="joined") if len(parts) > 1 else None
    features = joined(parts) if joined is not None else parts[0]
    for place, width in enumerate(widths, start=1):
        name = f"hidden_{place}"
        features = keras.layers.Dense(width, name=name)(features)
        features = keras.layers.Activation(activation, name=f"{name}_{activation}")(features)
        if dropout:
            features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="tabular")


def _cut(
    table: keras.KerasTensor, start: int, stop: int, n_columns: int, name: str
) -> keras.KerasTensor:
    """Some columns of ``(batch, columns, 1)``, by a layer with a name of its own."""
    if (start, stop) == (0, n_columns):
        return table
    return keras.layers.Cropping1D((start, n_columns - stop), name=name)(table)


def _n_columns(inputs: tuple[TensorSpec, ...], n_categories: int) -> int:
    spec = inputs[0]
    columns = spec.sample_shape
    if len(inputs) > 1 or spec.dtype != "float32" or len(columns) != 1:
        raise ConfigError(
            "training.architecture: tabular takes one float32 tensor of columns, got "
            f"'{spec.name}' {spec.dtype} {spec.shape}"
        )
    if not isinstance(columns[0], int) or n_categories > columns[0]:
        raise ConfigError(
            f"training.options.categories: expected at most one for each of {columns[0]} columns, "
            f"got {n_categories}"
        )
    return columns[0]
