# pyright: basic
"""Recurrent layers as a loop: over TFLite's built-in operations, and in ONNX where no node fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.recurrent_cells import (
    Walk,
    is_zero,
    keras_cells,
    keras_results,
    own_step,
    projected,
    through,
)
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops  # the one way to that built-in

__all__ = ["LOWERINGS", "cell_loop", "loop"]

Step = Callable[[list[Any], list[Any]], tuple[Any, list[Any]]]


def loop(
    step: Step, sequences: list[Any], states: list[Any], walk: Walk, fmt: Format
) -> tuple[Any, list[Any]]:
    """Go through sequences in a loop.

    Args:
        step: ``step(slices, states)`` gives the output and the new states.
        sequences: ``(batch, time, ...)`` each; a step gets ``(batch, ...)`` of each.
        states: ``(batch, ...)`` each.
        walk: How to go.
        fmt: The target of the graph.

    Returns:
        The output, ``(batch, time, ...)`` or the last one, and the last states.
    """
    by_time = [_swapped(sequence) for sequence in sequences]
    mask = None if walk.mask is None else _mask_by_time(walk.mask)
    n_steps = by_time[0].shape[0] or tf.shape(by_time[0])[0]
    first, first_states = step([sequence[0] for sequence in by_time], states)
    in_state = bool(states) and first is first_states[0]
    blank = tf.zeros_like(states[0]) if in_state else _blank(first, by_time[0])
    if mask is not None:  # a state keeps what it was before the first step, an output is zero
        in_state = in_state and not walk.zero_masked and is_zero(states[0])
    holding = not in_state and (
        not walk.every_output or (mask is not None and not walk.zero_masked)
    )

    def body(
        time: Any, filled: list[Any], held: list[Any], states: list[Any]
    ) -> tuple[Any, ...]:
        at = n_steps - 1 - time if walk.backwards else time
        output, new = step([tf.gather(sequence, at) for sequence in by_time], states)
        if mask is not None:
            seen = tf.gather(mask, at)
            new = [_kept(seen, value, old) for value, old in zip(new, states, strict=True)]
            if in_state:
                output = new[0]
            else:
                rest = tf.zeros([], output.dtype) if walk.zero_masked else held[0]
                output = _kept(seen, output, rest)
        new = [_shaped(value, old) for value, old in zip(new, states, strict=True)]
        output = _shaped(output, blank)
        filled = [_filled(slots, time, output, fmt) for slots in filled]
        return time + 1, filled, [output for _ in held], new

    _, filled, held, states = tf.while_loop(
        lambda time, *_: time < n_steps,
        body,
        (
            tf.constant(0),
            [_slots(n_steps, blank, fmt)] if walk.every_output else [],
            [blank] if holding else [],
            list(states),
        ),
    )
    if walk.every_output:
        return _swapped(_stacked(filled[0], fmt)), states
    return (held[0] if holding else states[0]), states


def _swapped(sequence: Any) -> Any:
    """Batch and time, exchanged."""
    return tf.transpose(sequence, [1, 0, *range(2, sequence.shape.rank)])


def _blank(output: Any, by_time: Any) -> Any:
    """Zeros like an output, which is not to be computed for them."""
    axes = output.shape[1:]
    if not axes.is_fully_defined():
        return tf.zeros_like(output)
    blank = tf.zeros(tf.stack([tf.shape(by_time)[1], *axes]), output.dtype)
    return _shaped(blank, output)


def _mask_by_time(mask: Any) -> Any:
    """``(time, batch, 1)``."""
    if mask.shape.rank == 2:
        return tf.expand_dims(_swapped(mask), -1)
    return _swapped(tf.squeeze(mask, list(range(3, mask.shape.rank))))


def _kept(seen: Any, new: Any, old: Any) -> Any:
    """The new value where a step is kept, ``(batch, 1)``, else the old one."""
    if new.shape.rank > 2:
        seen = tf.reshape(seen, [-1, *[1] * (new.shape.rank - 1)])
    return tf.where(seen, new, old)


def _shaped(value: Any, like: Any) -> Any:
    value.set_shape(like.shape)
    return value


def _slots(n_steps: Any, blank: Any, fmt: Format) -> Any:
    """Where the outputs of all steps go."""
    match fmt:
        case Format.ONNX:
            return tf.TensorArray(blank.dtype, n_steps, element_shape=blank.shape)
        case Format.TFLITE:
            slots = tf.zeros(tf.concat([[n_steps], tf.shape(blank)], 0), blank.dtype)
            static = n_steps if isinstance(n_steps, int) else None
            slots.set_shape([static, *blank.shape])
            return slots
        case _:
            assert_never(fmt)


def _filled(slots: Any, time: Any, output: Any, fmt: Format) -> Any:
    match fmt:
        case Format.ONNX:
            return slots.write(time, output)
        case Format.TFLITE:
            at = tf.stack([time, *[0] * output.shape.rank])
            return _shaped(gen_xla_ops.xla_dynamic_update_slice(slots, output[None], at), slots)
        case _:
            assert_never(fmt)


def _stacked(slots: Any, fmt: Format) -> Any:
    match fmt:
        case Format.ONNX:
            return slots.stack()
        case Format.TFLITE:
            return slots
        case _:
            assert_never(fmt)


def cell_loop(
    cell: Any, sequences: Any, states: list[Any], walk: Walk, fmt: Format
) -> tuple[Any, list[Any]]:
    """One of Keras' own cells, looped over the projection of all steps."""
    return loop(own_step(cell), [projected(cell, sequences)], states, walk, fmt)


def _looped(
    layer: Any, sequences: Any, initial_state: Any, mask: Any, training: Any = None
) -> Any:
    """Any recurrent layer for TFLite."""
    if layer.unroll:
        return NotImplemented
    walk = Walk.of(layer, mask)
    cells = keras_cells(layer, training)
    if cells:
        return through(_lite_loop, cells, sequences, initial_state, walk)
    nested = initial_state if keras.tree.is_nested(initial_state) else [initial_state]
    output, states = loop(
        _foreign_step(layer.cell, nested, training),
        [sequences],
        [tf.convert_to_tensor(state) for state in keras.tree.flatten(nested)],
        walk,
        Format.TFLITE,
    )
    return keras_results(output, states, nested, walk)


def _lite_loop(
    cell: Any, sequences: Any, states: list[Any], walk: Walk
) -> tuple[Any, list[Any]]:
    return cell_loop(cell, sequences, states, walk, Format.TFLITE)


def _foreign_step(cell: Any, nested: Any, training: Any) -> Step:
    takes_training = getattr(cell, "_call_has_training_arg", False)
    named = {"training": training} if takes_training else {}

    def step(slices: list[Any], states: list[Any]) -> tuple[Any, list[Any]]:
        packed = keras.tree.pack_sequence_as(nested, states)
        output, new = cell(slices[0], packed, **named)
        return output, keras.tree.flatten(new)

    return step


_WHY = "TFLite has no lists of tensors, which Keras' loop keeps its inputs and outputs in"

LOWERINGS = tuple(
    Lowering(
        replaces=f"keras.src.layers.rnn.{place}.inner_loop",
        targets=(Format.TFLITE,),
        what=what,
        why=_WHY,
        by=_looped,
    )
    for place, what in (
        ("rnn:RNN", "SimpleRNN, ConvLSTM, RNN of any cells"),
        ("lstm:LSTM", "LSTM"),
        ("gru:GRU", "GRU"),
    )
)
