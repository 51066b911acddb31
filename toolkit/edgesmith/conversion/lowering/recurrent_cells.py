# pyright: basic
"""What Keras' own recurrent cells compute: for all steps at once, and step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgesmith.quiet import quiet_start

with quiet_start():
    import keras
    import tensorflow as tf
    from keras.src.layers.rnn.conv_lstm import ConvLSTMCell  # in no public module

__all__ = [
    "Walk",
    "is_zero",
    "keras_cells",
    "keras_results",
    "own_step",
    "projected",
    "through",
]

_GRU_GATES = 3
_N_STATES = {
    keras.layers.LSTMCell: 2,
    keras.layers.GRUCell: 1,
    keras.layers.SimpleRNNCell: 1,
    ConvLSTMCell: 2,
}

Run = Callable[[Any, Any, list[Any], "Walk"], tuple[Any, list[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How a sequence is gone through.

    Args:
        backwards: From its last step to its first; outputs come in that order.
        every_output: Whether all outputs are wanted, ``(batch, time, ...)``, or the last one.
        zero_masked: A masked step's output is zero; else that of the step before.
        mask: Boolean, ``(batch, time)`` and axes of 1 after it; False skips a step. None keeps
            all.
    """

    backwards: bool
    every_output: bool
    zero_masked: bool
    mask: Any

    @staticmethod
    def of(layer: keras.layers.RNN, mask: Any) -> Walk:
        """As a layer goes."""
        first = keras.tree.flatten(mask)[0] if keras.tree.is_nested(mask) else mask
        return Walk(
            backwards=layer.go_backwards,
            every_output=layer.return_sequences,
            zero_masked=layer.zero_output_for_mask,
            mask=None if first is None else tf.cast(first, tf.bool),
        )


def keras_cells(layer: keras.layers.RNN, training: Any) -> tuple[Any, ...]:
    """The cells of a layer, in order, where all are Keras' own and compute without chance.

    Returns:
        Empty where one is not.
    """
    cell = layer.cell
    cells = tuple(cell.cells) if type(cell) is keras.layers.StackedRNNCells else (cell,)
    known = all(
        type(one) in _N_STATES and one.compute_dtype == layer.compute_dtype for one in cells
    )
    if not known or (training and any(one.dropout or one.recurrent_dropout for one in cells)):
        return ()
    return cells


def through(
    run: Run, cells: tuple[Any, ...], sequences: Any, initial_state: Any, walk: Walk
) -> tuple[Any, Any, Any]:
    """Run cells one after the other, each on all outputs of the one before.

    That is what a stack of cells computes step by step: a masked step changes no state of any.

    Args:
        run: ``run(cell, sequences, states, walk)`` gives the output and the new states.
        cells: Keras' own.
        sequences: ``(batch, time, ...)``.
        initial_state: Of all cells, nested as the layer's.
        walk: How to go.

    Returns:
        What the layer's ``inner_loop`` returns.
    """
    sequences = tf.cast(sequences, cells[0].compute_dtype)
    states, inner = [], walk
    left = [tf.convert_to_tensor(state) for state in keras.tree.flatten(initial_state)]
    if len(cells) > 1 and walk.backwards:
        sequences, walk = tf.reverse(sequences, [1]), _reversed(walk)
    if len(cells) > 1:
        inner = Walk(backwards=False, every_output=True, zero_masked=False, mask=walk.mask)
    for number, cell in enumerate(cells, 1):
        n_states = _N_STATES[type(cell)]
        sequences, new = run(
            cell, sequences, left[:n_states], walk if number == len(cells) else inner
        )
        states, left = [*states, *new], left[n_states:]
    return keras_results(sequences, states, initial_state, walk)


def _reversed(walk: Walk) -> Walk:
    return Walk(
        backwards=False,
        every_output=walk.every_output,
        zero_masked=walk.zero_masked,
        mask=None if walk.mask is None else tf.reverse(walk.mask, [1]),
    )


def keras_results(
    output: Any, states: list[Any], initial_state: Any, walk: Walk
) -> tuple[Any, Any, Any]:
    """The last output, all outputs and the states, as a layer's ``inner_loop`` returns them."""
    packed = keras.tree.pack_sequence_as(initial_state, states)
    if walk.every_output:
        return output[:, -1], output, packed
    return output, output[:, None], packed


def is_zero(tensor: Any) -> bool:
    """Whether a tensor of the graph is known to hold nothing but zeros."""
    value = tf.get_static_value(tensor)
    if value is None and tensor.op.type == "Fill":
        value = tf.get_static_value(tensor.op.inputs[1])
    return value is not None and not value.any()


def projected(cell: Any, sequences: Any) -> Any:
    """What a cell makes of its input alone, for all steps at once, biases included.

    Args:
        cell: One of Keras' own.
        sequences: ``(batch, time, ...)``.

    Returns:
        ``(batch, time, ...)``, the gates side by side on the axis of features or channels.
    """
    bias = cell.bias if cell.use_bias else None
    if isinstance(cell, ConvLSTMCell):
        return _convolved(cell, sequences, bias)
    result = tf.matmul(sequences, cell.kernel)
    if bias is None:
        return result
    two = isinstance(cell, keras.layers.GRUCell) and cell.reset_after
    return result + (bias[0] if two else bias)


def _convolved(cell: Any, sequences: Any, bias: Any) -> Any:
    frames = tf.reshape(sequences, [-1, *sequences.shape[2:]])
    result = cell.input_conv(frames, cell.kernel, padding=cell.padding)
    if bias is not None:
        ahead = () if _channel_axis(cell) == -1 else (1,) * cell.rank
        result += tf.reshape(bias, (-1, *ahead))
    time = sequences.shape[1] or tf.shape(sequences)[1]
    return tf.reshape(result, [-1, time, *result.shape[1:]])


def own_step(cell: Any) -> Callable[[list[Any], list[Any]], tuple[Any, list[Any]]]:
    """One step of a cell, from what ``projected`` gives.

    Returns:
        ``step([projected], states)`` gives the output and the new states.
    """
    match cell:
        case keras.layers.GRUCell():
            return lambda given, states: _gru_step(cell, given[0], states[0])
        case keras.layers.SimpleRNNCell():
            return lambda given, states: _simple_step(cell, given[0], states[0])
        case _:
            return lambda given, states: _lstm_step(cell, given[0], states)


def _lstm_step(cell: Any, given: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    hidden, carry = states
    gates, axis = given + _recurrent(cell, hidden), _channel_axis(cell)
    into, forget, new, out = tf.split(gates, 4, axis=axis)
    gate, activation = cell.recurrent_activation, cell.activation
    carry = gate(forget) * carry + gate(into) * activation(new)
    hidden = gate(out) * activation(carry)
    return hidden, [hidden, carry]


def _recurrent(cell: Any, hidden: Any) -> Any:
    if isinstance(cell, ConvLSTMCell):
        return cell.recurrent_conv(hidden, cell.recurrent_kernel)
    return tf.matmul(hidden, cell.recurrent_kernel)


def _channel_axis(cell: Any) -> int:
    return 1 if getattr(cell, "data_format", "channels_last") == "channels_first" else -1


def _gru_step(cell: Any, given: Any, hidden: Any) -> tuple[Any, list[Any]]:
    gate, activation = cell.recurrent_activation, cell.activation
    kernel, n_units = tf.convert_to_tensor(cell.recurrent_kernel), cell.units
    update, reset, new = tf.split(given, _GRU_GATES, axis=-1)
    if cell.reset_after:
        recurrent = tf.matmul(hidden, kernel)
        if cell.use_bias:
            recurrent += cell.bias[1]
        to_update, to_reset, to_new = tf.split(recurrent, _GRU_GATES, axis=-1)
        new += gate(reset + to_reset) * to_new
    else:
        recurrent = tf.matmul(hidden, kernel[:, : 2 * n_units])
        to_update, to_reset = tf.split(recurrent, 2, axis=-1)
        kept = gate(reset + to_reset) * hidden
        new += tf.matmul(kept, kernel[:, 2 * n_units :])
    share = gate(update + to_update)
    hidden = share * hidden + (1 - share) * activation(new)
    return hidden, [hidden]


def _simple_step(cell: Any, given: Any, hidden: Any) -> tuple[Any, list[Any]]:
    result = given + tf.matmul(hidden, cell.recurrent_kernel)
    hidden = result if cell.activation is None else cell.activation(result)
    return hidden, [hidden]
