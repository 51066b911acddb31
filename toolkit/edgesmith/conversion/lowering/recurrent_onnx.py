# pyright: basic
"""Recurrent layers as ONNX's own LSTM, GRU and RNN nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.recurrent_cells import (
    Walk,
    is_zero,
    keras_cells,
    through,
)
from edgesmith.conversion.lowering.recurrent_loop import cell_loop
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LOWERINGS"]


@dataclass(frozen=True, slots=True)
class _Activation:
    """An activation of ONNX's recurrent nodes, with the parameters that it takes."""

    name: str
    alpha: float | None = None
    beta: float | None = None


# https://onnx.ai/onnx/operators/onnx__LSTM.html, attribute `activations`
_ACTIVATIONS = {
    keras.activations.tanh: _Activation("Tanh"),
    keras.ops.tanh: _Activation("Tanh"),
    keras.activations.sigmoid: _Activation("Sigmoid"),
    keras.ops.sigmoid: _Activation("Sigmoid"),
    keras.activations.relu: _Activation("Relu"),
    keras.ops.relu: _Activation("Relu"),
    keras.activations.linear: _Activation("Affine", 1.0, 0.0),
    None: _Activation("Affine", 1.0, 0.0),
    keras.activations.hard_sigmoid: _Activation("HardSigmoid", 1 / 6, 0.5),
    keras.activations.elu: _Activation("Elu", 1.0),
    keras.activations.leaky_relu: _Activation("LeakyRelu", 0.2),
    keras.activations.softplus: _Activation("Softplus"),
    keras.activations.softsign: _Activation("Softsign"),
}
_OPS = {
    keras.layers.LSTMCell: "LSTM",
    keras.layers.GRUCell: "GRU",
    keras.layers.SimpleRNNCell: "RNN",
}
_LAYERS = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN, keras.layers.RNN)
_BOTH_WAYS = 2


def _walked(
    layer: Any, sequences: Any, initial_state: Any, mask: Any, training: Any = None
) -> Any:
    """A recurrent layer of Keras' own cells."""
    cells = keras_cells(layer, training)
    if not cells or (layer.unroll and not all(_has_node(cell) for cell in cells)):
        return NotImplemented
    if mask is not None and layer.unroll and layer.go_backwards and layer.zero_output_for_mask:
        return NotImplemented  # Keras 3.15 unrolls that with the mask the wrong way round
    return through(_run, cells, sequences, initial_state, Walk.of(layer, mask))


def _run(cell: Any, sequences: Any, states: list[Any], walk: Walk) -> tuple[Any, list[Any]]:
    if not _has_node(cell):
        return cell_loop(cell, sequences, states, walk, Format.ONNX)
    return _one_way(cell, sequences, states, walk)


def _has_node(cell: Any) -> bool:
    return (
        type(cell) in _OPS
        and cell.compute_dtype == "float32"
        and all(_known(function) for function in _functions(cell))
    )


def _known(function: Any) -> bool:
    return getattr(function, "__hash__", None) is not None and function in _ACTIVATIONS


def _functions(cell: Any) -> tuple[Any, ...]:
    """A cell's activations, in ONNX's order."""
    match cell:
        case keras.layers.LSTMCell():
            return (cell.recurrent_activation, cell.activation, cell.activation)
        case keras.layers.GRUCell():
            return (cell.recurrent_activation, cell.activation)
        case _:
            return (cell.activation,)


def _one_way(cell: Any, sequences: Any, states: list[Any], walk: Walk) -> tuple[Any, list[Any]]:
    direction = "reverse" if walk.backwards else "forward"
    packed = None if walk.mask is None else _Packed.of(walk.mask)
    if packed is not None:
        sequences = packed.pack(sequences)
    every, last = _node([cell], direction, sequences, packed, [states])
    last = [tf.squeeze(state, 0) for state in last]
    output = tf.transpose(tf.squeeze(every, 1), [1, 0, 2]) if walk.every_output else last[0]
    if packed is not None:
        last = [packed.or_initial(new, old) for new, old in zip(last, states, strict=True)]
        output = packed.unpack(output, walk)
    if walk.every_output and walk.backwards:
        output = tf.reverse(output, [1])
    return output, last


@dataclass(frozen=True, slots=True)
class _Packed:
    """The steps that a mask keeps, moved to the front of their sequences.

    The nodes of ONNX know how long a sequence is, while a mask of Keras may skip any step. A
    skipped step changes no state, so it may as well come last.

    Args:
        mask: Boolean, ``(batch, time)``.
        kept: The same in int32.
        lengths: How many steps are kept, int32, ``(batch,)``.
    """

    mask: Any
    kept: Any
    lengths: Any

    @staticmethod
    def of(mask: Any) -> _Packed:
        """For a mask ``(batch, time)`` and axes of 1."""
        mask = (
            tf.squeeze(mask, list(range(2, mask.shape.rank))) if mask.shape.rank > 2 else mask
        )
        kept = tf.cast(mask, tf.int32)
        return _Packed(mask, kept, tf.reduce_sum(kept, axis=1))

    def pack(self, sequences: Any) -> Any:
        """``(batch, time, feature)``, the kept steps first, in their order."""
        n_steps = tf.shape(sequences, out_type=tf.int64)[1:2]
        _, order = onnx_node(  # of equals, it takes the one that comes first
            "TopK",
            [self.kept, n_steps],
            attributes={"axis": 1},
            outputs=[tf.TensorSpec(self.mask.shape, dtype) for dtype in (tf.int32, tf.int64)],
        )
        return _taken(sequences, order)

    def unpack(self, output: Any, walk: Walk) -> Any:
        """What a walk puts out, from all outputs, ``(batch, place, unit)``, or the last one."""
        if not walk.every_output:
            if not walk.zero_masked:
                return output
            ends = self.mask[:, :1] if walk.backwards else self.mask[:, -1:]
            return _chosen(ends, output, tf.zeros([], output.dtype))
        count = tf.cumsum(self.kept, axis=1)
        if walk.zero_masked:
            there, place = self.mask, tf.maximum(count - 1, 0)
        elif walk.backwards:  # the step that was walked before is the next one kept
            before = count - self.kept
            there, place = before < self.lengths[:, None], before
            place = tf.minimum(place, tf.shape(place)[1] - 1)
        else:
            there, place = count > 0, tf.maximum(count - 1, 0)
        taken = _taken(output, tf.cast(place, tf.int64))
        return _chosen(tf.expand_dims(there, -1), taken, tf.zeros([], output.dtype))

    def or_initial(self, new: Any, initial: Any) -> Any:
        """A last state; the initial one where no step is kept, for which a node gives zeros."""
        if initial is None or is_zero(initial):
            return new
        return _chosen(self.lengths[:, None] > 0, new, initial)


def _chosen(condition: Any, value: Any, other: Any) -> Any:
    chosen = onnx_node(  # tf2onnx 1.17 pads a select with four nodes that do nothing
        "Where",
        [condition, value, other],
        attributes={},
        outputs=[tf.TensorSpec(value.shape, value.dtype)],
    )
    return chosen[0]


def _taken(sequences: Any, steps: Any) -> Any:
    taken = onnx_node(
        "GatherND",
        [sequences, tf.expand_dims(steps, -1)],
        attributes={"batch_dims": 1},
        outputs=[tf.TensorSpec(sequences.shape, sequences.dtype)],
    )
    return taken[0]


def _node(
    cells: Sequence[Any],
    direction: str,
    sequences: Any,
    packed: _Packed | None,
    states: Sequence[Sequence[Any]],
) -> tuple[Any, list[Any]]:
    """The node for one cell, or for one forwards and one backwards.

    Args:
        cells: By direction.
        direction: The node's attribute.
        sequences: ``(batch, time, feature)``.
        packed: How they were packed; None where no step is masked.
        states: The initial ones by direction; none for zeros.

    Returns:
        All outputs, ``(time, direction, batch, unit)``, and the last states,
        ``(direction, batch, unit)`` each.
    """
    op = _OPS[type(cells[0])]
    n_batch, n_steps, _ = sequences.shape
    n_units, n_states = cells[0].units, 2 if op == "LSTM" else 1
    weights = [_weights(cell) for cell in cells]
    kernels, recurrents, biases = (list(part) for part in zip(*weights, strict=True))
    initial = [list(each) for each in zip(*states, strict=True)]
    state = tf.TensorSpec([len(cells), n_batch, n_units], tf.float32)
    every, *last = onnx_node(
        op,
        [
            tf.transpose(sequences, [1, 0, 2]),
            tf.stack(kernels),
            tf.stack(recurrents),
            tf.stack(biases),
            None if packed is None else packed.lengths,
            *(None if all(map(is_zero, each)) else tf.stack(each) for each in initial),
        ],
        attributes=_attributes(cells, direction),
        outputs=[
            tf.TensorSpec([n_steps, len(cells), n_batch, n_units], tf.float32),
            *[state] * n_states,
        ],
    )
    return every, last


def _attributes(cells: Sequence[Any], direction: str) -> dict[str, Any]:
    chosen = [_ACTIVATIONS[function] for cell in cells for function in _functions(cell)]
    alphas = [one.alpha for one in chosen if one.alpha is not None]
    betas = [one.beta for one in chosen if one.beta is not None]
    attributes: dict[str, Any] = {
        "hidden_size": cells[0].units,
        "direction": direction,
        "activations": [one.name for one in chosen],
    }
    if isinstance(cells[0], keras.layers.GRUCell):
        attributes["linear_before_reset"] = int(cells[0].reset_after)
    if alphas:
        attributes["activation_alpha"] = alphas
    if betas:
        attributes["activation_beta"] = betas
    return attributes


def _weights(cell: Any) -> tuple[Any, Any, Any]:
    """Kernel, recurrent kernel and both biases, a row a unit of a gate, in ONNX's order."""
    kernel, recurrent = _gates(cell, cell.kernel), _gates(cell, cell.recurrent_kernel)
    if not cell.use_bias:
        bias = tf.zeros(2 * kernel.shape[1])
    elif isinstance(cell, keras.layers.GRUCell) and cell.reset_after:
        bias = tf.reshape(cell.bias, [-1])
    else:
        bias = _gates(cell, cell.bias)
        bias = tf.concat([bias, tf.zeros_like(bias)], 0)
    return tf.transpose(kernel), tf.transpose(recurrent), bias


def _gates(cell: Any, weights: Any) -> Any:
    """The gates of an LSTM from Keras' order (i, f, c, o) into ONNX's (i, o, f, c)."""
    weights = tf.convert_to_tensor(weights)
    if not isinstance(cell, keras.layers.LSTMCell):
        return weights
    into, forget, new, out = tf.split(weights, 4, axis=-1)
    return tf.concat([into, out, forget, new], -1)


def _walked_both_ways(
    layer: Any,
    sequences: Any,
    initial_state: Any = None,
    mask: Any = None,
    training: Any = None,
) -> Any:
    """A Bidirectional of two like layers as one node."""
    cells = _pair(layer, training)
    if not cells:
        return NotImplemented
    sequences = tf.cast(sequences, tf.float32)
    states = [tf.cast(state, tf.float32) for state in initial_state or ()]
    half = len(states) // 2
    by_direction = [states[:half], states[half:]]
    walk = Walk.of(layer.forward_layer, mask)
    packed = None if walk.mask is None else _Packed.of(walk.mask)
    if packed is not None:
        sequences = packed.pack(sequences)
    every, last = _node(cells, "bidirectional", sequences, packed, by_direction)
    output = _side_by_side(every if walk.every_output else last[0], cells[0].units)
    if packed is not None:
        output = packed.unpack(output, walk)
    merged = _merged(output, layer.merge_mode)
    if not layer.return_state:
        return merged
    kept = [
        state[way] if packed is None else packed.or_initial(state[way], initial)
        for way, initials in enumerate(by_direction)
        for state, initial in zip(last, initials or [None] * len(last), strict=True)
    ]
    return (*(merged if layer.merge_mode is None else (merged,)), *kept)


def _pair(layer: Any, training: Any) -> tuple[Any, ...]:
    """The two cells that one node can hold; empty where it cannot."""
    ways = (layer.forward_layer, layer.backward_layer)
    plain = all(
        type(way) in _LAYERS
        and way.zero_output_for_mask == way.return_sequences
        and way.compute_dtype == layer.compute_dtype
        for way in ways
    )
    if not plain or layer.stateful or ways[0].go_backwards or not ways[1].go_backwards:
        return ()
    cells = tuple(cell for way in ways for cell in keras_cells(way, training))
    if len(cells) != _BOTH_WAYS or not all(_has_node(cell) for cell in cells):
        return ()
    kinds = {(type(one), one.units, getattr(one, "reset_after", None)) for one in cells}
    return cells if len(kinds) == 1 else ()


def _side_by_side(outputs: Any, n_units: int) -> Any:
    """``(..., batch, unit)`` by direction as ``(batch, ..., unit)``, backwards after forwards."""
    if outputs.shape.rank == _BOTH_WAYS + 1:
        return tf.reshape(tf.transpose(outputs, [1, 0, 2]), [-1, 2 * n_units])
    n_steps = outputs.shape[0] or tf.shape(outputs)[0]
    return tf.reshape(tf.transpose(outputs, [2, 0, 1, 3]), [-1, n_steps, 2 * n_units])


def _merged(output: Any, mode: str | None) -> Any:
    if mode == "concat":
        return output
    forwards, backwards = tf.split(output, 2, axis=-1)
    match mode:
        case "sum":
            return forwards + backwards
        case "ave":
            return (forwards + backwards) / 2
        case "mul":
            return forwards * backwards
        case _:
            return forwards, backwards


_LOOP = "A loop of small nodes, several times slower than the one node there is."

LOWERINGS = (
    *(
        Lowering(
            replaces=f"keras.src.layers.rnn.{place}.inner_loop",
            targets=(Format.ONNX,),
            what=what,
            why=why,
            by=_walked,
        )
        for place, what, why in (
            ("rnn:RNN", "SimpleRNN, ConvLSTM, RNN of Keras' cells", _LOOP),
            ("lstm:LSTM", "LSTM", f"With a mask: {_LOOP[0].lower()}{_LOOP[1:]}"),
            ("gru:GRU", "GRU", _LOOP),
        )
    ),
    Lowering(
        replaces="keras.src.layers.rnn.bidirectional:Bidirectional.call",
        targets=(Format.ONNX,),
        what="Bidirectional LSTM, GRU or SimpleRNN",
        why="Two loops or two nodes, where one node goes both ways.",
        by=_walked_both_ways,
    ),
)
