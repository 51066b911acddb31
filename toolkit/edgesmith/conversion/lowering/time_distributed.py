# pyright: basic
"""TimeDistributed: time folded into the batch, or a loop where the steps must stay apart."""

from __future__ import annotations

from functools import partial
from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.recurrent_cells import Walk, keras_cells
from edgesmith.conversion.lowering.recurrent_loop import loop
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf
    from keras.src.models.functional import Functional  # in no public module

__all__ = ["LOWERINGS"]

# Operations between the layers of a functional model that compute element by element.
_ELEMENTWISE = frozenset(
    [
        "Absolute",
        "Add",
        "Divide",
        "Elu",
        "Exp",
        "Gelu",
        "Maximum",
        "Minimum",
        "Multiply",
        "Negative",
        "Relu",
        "Relu6",
        "Sigmoid",
        "Silu",
        "Sqrt",
        "Square",
        "Subtract",
        "Tanh",
        "TrueDivide",
    ]
)


def _timed(fmt: Format, layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """A TimeDistributed layer over every step at once."""
    inner = layer.layer
    mask = mask if getattr(inner, "_call_has_mask_arg", False) else None
    if _by_sample(inner, training):
        return _folded(inner, inputs, training, mask)
    if inputs.shape[1] is not None:
        return NotImplemented  # Keras makes a copy of the layer a step

    def step(slices: list[Any], states: list[Any]) -> tuple[Any, list[Any]]:
        masked = slices[1] if mask is not None else None
        return _called(inner, slices[0], training, masked), states

    walk = Walk(backwards=False, every_output=True, zero_masked=False, mask=None)
    output, _ = loop(step, [inputs, *([] if mask is None else [mask])], [], walk, fmt)
    return output


def _folded(inner: Any, inputs: Any, training: Any, mask: Any) -> Any:
    output = _called(inner, _fold(inputs), training, None if mask is None else _fold(mask))
    n_steps = inputs.shape[1] or tf.shape(inputs)[1]
    axes = output.shape[1:]
    if axes.is_fully_defined():
        shape = [-1, n_steps, *axes]
    else:
        shape = tf.concat([[-1, n_steps], tf.shape(output)[1:]], 0)
    result = tf.reshape(output, shape)
    result.set_shape([*inputs.shape[:2], *axes])
    return result


def _fold(tensor: Any) -> Any:
    axes = tensor.shape[2:]
    tail = list(axes) if axes.is_fully_defined() else tf.shape(tensor)[2:]
    shape = [-1, *axes] if axes.is_fully_defined() else tf.concat([[-1], tail], 0)
    result = tf.reshape(tensor, shape)
    result.set_shape([None, *axes])
    return result


def _called(inner: Any, inputs: Any, training: Any, mask: Any) -> Any:
    named: dict[str, Any] = {} if mask is None else {"mask": mask}
    if getattr(inner, "_call_has_training_arg", False):
        named["training"] = training
    return inner.call(inputs, **named)


def _by_sample(operation: Any, training: Any) -> bool:
    """Whether a layer, or an operation of a model, is known to compute each sample for itself."""
    if training or not type(operation).__module__.startswith("keras."):
        return False
    match operation:
        case keras.Model() | keras.layers.Wrapper():
            parts = _parts(operation)
            return bool(parts) and all(_by_sample(part, training) for part in parts)
        case keras.layers.RNN():
            return not operation.stateful and bool(keras_cells(operation, training))
        case keras.layers.Lambda():
            return False
        case keras.Layer():
            return _keeps_off_batch(getattr(operation, "axis", -1))
        case _:
            return type(operation).__name__ in _ELEMENTWISE


def _parts(layer: Any) -> list[Any]:
    """What a layer is made of; nothing where that is not known."""
    match layer:
        case keras.Sequential():
            return layer.layers
        case Functional():
            return layer.operations
        case keras.layers.Bidirectional():
            return [layer.forward_layer, layer.backward_layer]
        case keras.layers.Wrapper():
            return [layer.layer]
        case _:
            return []


def _keeps_off_batch(axis: Any) -> bool:
    """Whether an axis, or several, can be told not to be that of the batch."""
    axes = axis if isinstance(axis, list | tuple) else [axis]
    return all(isinstance(one, int) and (one > 0 or one == -1) for one in axes)


LOWERINGS = tuple(
    Lowering(
        replaces="keras.src.layers.rnn.time_distributed:TimeDistributed.call",
        targets=(fmt,),
        what="TimeDistributed",
        why=why,
        by=partial(_timed, fmt),
    )
    for fmt, why in (
        (
            Format.ONNX,
            "over unknown time the shape and the answer are wrong; else a copy a step",
        ),
        (Format.TFLITE, "over unknown time it is refused; else a copy of the layer a step"),
    )
)
