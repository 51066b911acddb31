# pyright: basic
"""Both ends of every architecture: input layers from tensor specs, an output layer for the task.

Every layer of an architecture has a name of its own: Keras counts unnamed ones up within a
process, and the same training shall give the same artifact, to the byte, whatever ran before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import keras

from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.manifest import Output
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["arguments", "flat", "head", "input_layers", "shape_text"]

T = TypeVar("T")


def input_layers(inputs: tuple[TensorSpec, ...]) -> dict[str, keras.KerasTensor]:
    """One Keras input a tensor, by the tensor's name; a free axis stays free."""
    return {spec.name: _input_layer(spec) for spec in inputs}


def _input_layer(spec: TensorSpec) -> keras.KerasTensor:
    shape = tuple(axis if isinstance(axis, int) else None for axis in spec.sample_shape)
    layer = keras.Input(shape=shape, dtype=spec.dtype, name=spec.name)
    return cast("keras.KerasTensor", layer)


def arguments(tensors: Mapping[str, T]) -> T | dict[str, T]:
    """What a model is called with: the tensor itself where there is one, else all by name."""
    return next(iter(tensors.values())) if len(tensors) == 1 else dict(tensors)


def flat(
    inputs: tuple[TensorSpec, ...], layers: dict[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """All inputs of a sample side by side, ``(batch, features)`` float32.

    Raises:
        ConfigError: A tensor is not float32 or has a free axis; the message names it.
    """
    for spec in inputs:
        free = [axis for axis in spec.sample_shape if isinstance(axis, str)]
        if free or spec.dtype != "float32":
            raise ConfigError(
                f"training.architecture: linear and mlp take float32 tensors of fixed shape; "
                f"tensor '{spec.name}' is {spec.dtype} {shape_text(spec.shape)}"
            )
    columns = [
        layer if len(layer.shape) == 2 else keras.layers.Flatten(name=f"{name}_flat")(layer)
        for name, layer in layers.items()
    ]
    if len(columns) == 1:
        return columns[0]
    return keras.layers.Concatenate(name="features_joined")(columns)


def head(features: keras.KerasTensor, output: Output, task: Task) -> keras.KerasTensor:
    """The output layer, named as the output: softmax for classes, else linear.

    Raises:
        ConfigError: The output has a free axis, or more than one axis for classes.
    """
    lengths = [axis for axis in output.shape if isinstance(axis, int)]
    if len(lengths) != len(output.shape) or not lengths:
        raise ConfigError(
            f"training.architecture: expected an output of fixed shape, "
            f"got '{output.name}' {shape_text(output.shape)}"
        )
    if task is Task.CLASSIFICATION:
        return keras.layers.Dense(
            lengths[0], activation="softmax", dtype="float32", name=output.name
        )(features)
    if len(lengths) == 1:
        return keras.layers.Dense(lengths[0], dtype="float32", name=output.name)(features)
    size = 1
    for length in lengths:
        size *= length
    values = keras.layers.Dense(size, dtype="float32", name=f"{output.name}_flat")(features)
    return keras.layers.Reshape(tuple(lengths), name=output.name)(values)


def shape_text(shape: tuple[int | str | None, ...]) -> str:
    """A shape for messages, e.g. ``(batch, 28, 28, 1)``."""
    comma = "," if len(shape) == 1 else ""
    return f"({', '.join(str(axis) for axis in shape)}{comma})"
