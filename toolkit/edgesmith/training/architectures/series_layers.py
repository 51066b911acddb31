# pyright: basic
"""What the nets for series share: the check of their input, and convolutions with batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import shape_text
from edgesmith.training.architectures.norm_layers import normalised
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["convolved", "series_input"]


def series_input(
    inputs: tuple[TensorSpec, ...], layers: dict[str, keras.KerasTensor], name: str
) -> keras.KerasTensor:
    """The one tensor of points by channel, ``(batch, time, channels)``.

    Raises:
        ConfigError: Several tensors, or another shape or dtype.
    """
    if len(inputs) == 1 and inputs[0].dtype == "float32":
        axes = inputs[0].sample_shape
        if len(axes) == 2 and all(isinstance(axis, int) for axis in axes):
            return layers[inputs[0].name]
    got = ", ".join(f"'{spec.name}' {spec.dtype} {shape_text(spec.shape)}" for spec in inputs)
    raise ConfigError(
        f"training.architecture: {name} takes one float32 tensor (batch, time, channels) of "
        f"fixed shape, got {got}; take mlp for features side by side"
    )


def convolved(
    features: keras.KerasTensor,
    width: int,
    kernel: int,
    *,
    name: str,
    padding: str = "same",
    dilation: int = 1,
) -> keras.KerasTensor:
    """A convolution over time and its batch norm, without an activation."""
    features = keras.layers.Conv1D(
        width,
        kernel,
        padding=padding,
        dilation_rate=dilation,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(features)
    return normalised(features, name)
