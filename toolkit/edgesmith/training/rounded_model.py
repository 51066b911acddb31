# pyright: basic
"""A model computed as its quantized artifact would compute it, with gradients."""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from edgesmith.training.deployed_steps import input_ranges, steps
from edgesmith.training.kernels import KERNEL_LAYERS, channels_last, kernels
from edgesmith.training.layer_graph import layer_graph
from edgesmith.training.rounding import rounded_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgesmith.training.deployed_steps import Step
    from edgesmith.training.rounding import Range

__all__ = ["RoundedModel"]


class _Phase(Enum):
    OBSERVING = auto()  # in float; ranges take in all that they see
    LEARNING = auto()  # rounded; ranges follow
    ANSWERING = auto()  # rounded; ranges stay


class RoundedModel:
    """Rounds weights and activations to 8 bits wherever the quantized model does.

    Its weights are those of the model. Batch normalizations use their moving statistics, in
    training too, as the folded ones do.

    Args:
        model: Functional or sequential.
        float_layers: Names of layers that the quantized model leaves in float.
        per_channel: Whether weights have a scale for each output channel.

    Raises:
        ConfigError: The model's layers cannot be seen, or ``float_layers`` does not fit them.
    """

    def __init__(
        self, model: keras.Model, *, float_layers: frozenset[str], per_channel: bool
    ) -> None:
        self._model = model
        self._per_channel = per_channel
        self._graph = layer_graph(model)
        self._steps = steps(self._graph, float_layers)
        self._input_ranges = input_ranges(self._graph, float_layers)

    @property
    def variables(self) -> list[keras.Variable]:
        """The model's, and both ends of every range."""
        ranges = [*self._input_ranges.values()]
        ranges += [one for step in self._steps for one in step.ranges]
        ends = [end for one in ranges for end in (one.low, one.high)]
        return [*self._model.variables, *ends]

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The model's."""
        return self._model.trainable_variables

    @property
    def losses(self) -> list[Any]:
        """The model's penalties."""
        return self._model.losses

    def __call__(self, inputs: Any, *, training: bool) -> Any:
        """The model's outputs, rounded numbers on the way; in training the ranges follow."""
        return self._run(inputs, _Phase.LEARNING if training else _Phase.ANSWERING)

    def calibrate(self, batches: Iterable[Any]) -> None:
        """Take in the ranges of all activations of some batches, computed in float.

        Args:
            batches: What the model is called with.
        """

        @tf.function(reduce_retracing=True)
        def observe(inputs: Any) -> Any:
            return self._run(inputs, _Phase.OBSERVING)

        for inputs in batches:
            observe(keras.tree.map_structure(tf.constant, inputs))

    def _run(self, inputs: Any, phase: _Phase) -> Any:
        names = self._graph.input_names
        given = (
            [inputs[name] for name in names]
            if isinstance(inputs, dict)
            else keras.tree.flatten(inputs)
        )
        values = dict(zip(self._graph.inputs, given, strict=True))
        for number, one in self._input_ranges.items():
            values[number] = _rounded(one, values[number], phase)
        for step in self._steps:
            results = (
                [self._with_kernel(step, values, phase)]
                if isinstance(step.call.operation, KERNEL_LAYERS)
                else keras.tree.flatten(_as_it_is(step, values, phase))
            )
            for number, result in zip(step.outputs, results, strict=True):
                values[number] = _rounded(step.after.get(number), result, phase)
        outputs = [values[number] for number in self._graph.outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def _with_kernel(self, step: Step, values: dict[int, Any], phase: _Phase) -> Any:
        layer = step.call.operation
        factor, shift = _affine(step.norm)
        offset = layer.bias if layer.bias is None else layer.bias.value
        if step.norm is not None:
            offset = shift if offset is None else offset * factor + shift
        weights = [
            (kernel.variable, self._weights(kernel, factor, step, phase))
            for kernel in kernels(layer)
        ]
        args, kwargs = step.call.filled(values)
        if step.between is not None:
            (_, first), (_, second) = weights
            between = _depthwise(layer, args[0], first)
            outputs = _pointwise(layer, _rounded(step.between, between, phase), second)
            outputs = _shifted(layer, outputs, offset)
        elif layer.bias is not None:
            with keras.StatelessScope([*weights, (layer.bias, offset)]), _linear(layer):
                outputs = layer(*args, **kwargs)
        else:
            with keras.StatelessScope(weights), _linear(layer):
                outputs = layer(*args, **kwargs)
            outputs = _shifted(layer, outputs, offset)
        activation = layer.activation or keras.activations.linear
        return activation(_rounded(step.before, outputs, phase))

    def _weights(self, kernel: Any, factor: Any, step: Step, phase: _Phase) -> Any:
        weights = kernel.variable.value
        if step.norm is not None and kernel.channel_shape is not None:
            weights = weights * tf.reshape(factor, kernel.channel_shape)
        if phase is _Phase.OBSERVING or not step.rounds_weights:
            return weights
        return rounded_weights(weights, kernel.own_scale if self._per_channel else ())


def _rounded(one: Range | None, tensor: Any, phase: _Phase) -> Any:
    if one is None:
        return tensor
    # Not a match statement: TensorFlow's autograph cannot read one.
    if phase is _Phase.OBSERVING:
        one.widen(tensor)
        return tensor
    if phase is _Phase.LEARNING:
        one.follow(tensor)
    return one.rounded(tensor)


def _as_it_is(step: Step, values: dict[int, Any], phase: _Phase) -> Any:
    """A layer without a kernel, in float."""
    layer = step.call.operation
    args, kwargs = step.call.filled(values)
    if "training" in getattr(layer, "_call_context_args", ()):
        is_frozen = isinstance(layer, keras.layers.BatchNormalization)
        kwargs["training"] = phase is _Phase.LEARNING and not is_frozen
    return layer(*args, **kwargs)


def _affine(norm: Any) -> tuple[Any, Any]:
    """What a batch normalization multiplies by and adds, ``(channels,)`` each."""
    if norm is None:
        return None, None
    factor = tf.math.rsqrt(norm.moving_variance.value + norm.epsilon)
    if norm.gamma is not None:
        factor *= norm.gamma.value
    shift = -norm.moving_mean.value * factor
    return factor, shift if norm.beta is None else shift + norm.beta.value


def _depthwise(layer: Any, inputs: Any, weights: Any) -> Any:
    """The first half of a separable convolution, as the deployed model has it."""
    return keras.ops.depthwise_conv(
        tf.cast(inputs, layer.compute_dtype),
        tf.cast(weights, layer.compute_dtype),
        strides=layer.strides,
        padding=layer.padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
    )


def _pointwise(layer: Any, inputs: Any, weights: Any) -> Any:
    """The second half of a separable convolution, without bias and activation."""
    weights = tf.cast(weights, layer.compute_dtype)
    return keras.ops.conv(inputs, weights, padding="valid", data_format=layer.data_format)


def _shifted(layer: Any, outputs: Any, offset: Any) -> Any:
    """Outputs plus one number a channel, ``(channels,)``, or none."""
    if offset is None:
        return outputs
    axes = [1] * len(outputs.shape)
    axes[-1 if channels_last(layer) else 1] = -1
    return outputs + tf.reshape(tf.cast(offset, outputs.dtype), axes)


@contextmanager
def _linear(layer: Any) -> Iterator[None]:
    """The layer without its activation for a while."""
    activation = layer.activation
    # Keras' own way of setting would track the function's layer, if it is one, as a new one.
    object.__setattr__(layer, "activation", None)
    try:
        yield
    finally:
        object.__setattr__(layer, "activation", activation)
