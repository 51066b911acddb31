# pyright: basic
"""Constant scales and shifts folded into the weights of the layer before or after them.

onnxruntime folds BatchNormalization into convolutions, but not into MatMul and Gemm, and not
through the Squeeze behind a one-dimensional convolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fold_affine"]

_LINEAR = ("MatMul", "Gemm", "Conv")
# In deviations: a shift of 16 costs 16 * 2**-24 = 1e-6 where it cancels, one of a Normalization of
# dates, whose mean is many deviations from zero, all that is there.
_MAX_SHIFT = 16.0


def fold_affine(graph: ir.Graph) -> None:
    """Fold what can be folded, in place; nodes without use are left for cleaning.

    A layer takes up the constant Add, Sub, Mul and Div behind it, per output channel, and a
    MatMul also those before it, per input feature. Equal but for the order of rounding.
    """
    for node in list(graph):
        if node.domain == "" and node.op_type == "MatMul":
            _fold_before(graph, node)
    for node in list(graph):
        if node.domain == "" and node.op_type in _LINEAR:
            _fold_after(graph, node)


@dataclass(slots=True)
class _Affine:
    """``scale * x + shift``, per channel, and the last value of the chain that it stands for."""

    scale: NDArray[Any]
    shift: NDArray[Any]
    end: ir.Value

    def then(self, node: ir.Node, constant: NDArray[Any], *, first: bool) -> bool:
        """Follow with one node of a constant; ``first``: it is the left operand."""
        match node.op_type:
            case "Add":
                self.shift = self.shift + constant
            case "Sub" if not first:
                self.shift = self.shift - constant
            case "Mul":
                self.scale, self.shift = self.scale * constant, self.shift * constant
            case "Div" if not first and np.all(constant):
                self.scale, self.shift = self.scale / constant, self.shift / constant
            case _:
                return False
        self.end = node.outputs[0]
        return True


def _constant(value: ir.Value | None) -> NDArray[Any] | None:
    if value is None or value.const_value is None or value.is_graph_input():
        return None
    return value.const_value.numpy()


def _sole_user(value: ir.Value) -> ir.Node | None:
    """The one node that takes a value, and takes it once; None for a graph's output."""
    uses, maker = list(value.uses()), value.producer()
    if len(uses) != 1 or maker is None or value.is_graph_output():
        return None
    node = uses[0].node
    return node if node.domain == "" and node.graph is maker.graph else None


def _fold_after(graph: ir.Graph, node: ir.Node) -> None:
    weight = _constant(node.inputs[1])
    layout = None if weight is None else _layout(node, weight)
    if layout is None:
        return
    n_channels, axis, rank = layout
    affine = _Affine(
        np.ones(n_channels, np.float64), np.zeros(n_channels, np.float64), node.outputs[0]
    )
    moved: list[ir.Node] = []
    while (user := _sole_user(affine.end)) is not None:
        if user.op_type in ("Squeeze", "Unsqueeze") and (
            place := _moved_axis(user, axis, rank)
        ):
            axis, rank = place
            moved.append(user)
            affine.end = user.outputs[0]
        elif not _take(affine, user, axis, rank):
            break
    if _is_identity(affine):
        return
    _rewire(graph, node, affine, moved)


def _fold_before(graph: ir.Graph, node: ir.Node) -> None:
    """``(scale * x + shift) @ weight`` is ``x @ (scale * weight) + shift @ weight``."""
    weight, start = _constant(node.inputs[1]), node.inputs[0]
    if weight is None or weight.ndim != 2 or weight.dtype != np.float32 or start is None:
        return
    chain: list[_Link] = []
    while _sole_user(start) is not None:
        link = _link(start, len(weight))
        if link is None:
            break
        chain.insert(0, link)
        start = link.other
    if not chain or node.outputs[0].shape is None:
        return
    affine = _Affine(np.ones(len(weight)), np.zeros(len(weight)), start)
    taken = all(affine.then(link.node, link.vector, first=link.first) for link in chain)
    if not taken or np.abs(affine.shift).max() > _MAX_SHIFT:
        return
    weight = weight.astype(np.float64)
    folded = _weight(graph, node, "scaled", affine.scale[:, None] * weight)
    shift = _weight(graph, node, "shift", affine.shift @ weight)
    product = ir.Node("", "MatMul", [start, folded], name=f"{node.name}_scaled")
    total = ir.Node("", "Add", [product.outputs[0], shift], name=f"{node.name}_shifted")
    for made in (product, total):
        _be_like(made.outputs[0], node.outputs[0])
    graph.insert_after(node, [product, total])
    _stand_in(node.outputs[0], total.outputs[0])


@dataclass(frozen=True, slots=True)
class _Link:
    """A node of one constant a feature, its side, and what else the node takes."""

    node: ir.Node
    vector: NDArray[Any]
    first: bool
    other: ir.Value


def _link(value: ir.Value, n_features: int) -> _Link | None:
    """The node that makes a value by one constant a feature."""
    node = value.producer()
    if node is None or node.domain != "" or len(node.inputs) != 2 or value.shape is None:
        return None
    if node.op_type not in ("Add", "Sub", "Mul", "Div"):
        return None
    for place, given in enumerate(node.inputs):
        constant, other = _constant(given), node.inputs[1 - place]
        if constant is None or constant.dtype != np.float32:
            continue
        rank = len(value.shape)
        if other is None or other.shape is None or len(other.shape) != rank:
            continue
        if other.shape[-1] != n_features:  # else the constant widens it
            continue
        vector = _per_channel(constant, n_features, rank - 1, rank)
        if vector is not None and _constant(other) is None:
            return _Link(node, vector, place == 0, other)
    return None


def _layout(node: ir.Node, weight: NDArray[Any]) -> tuple[int, int, int] | None:
    """Output channels, their axis and the rank of what a linear node gives."""
    shape = node.outputs[0].shape
    if weight.dtype != np.float32 or shape is None or len(node.inputs) > 3:
        return None
    rank = len(shape)
    match node.op_type:
        case "Conv":
            return weight.shape[0], 1, rank
        case "MatMul" if weight.ndim == 2 and rank >= 2:
            return weight.shape[1], rank - 1, rank
        case "Gemm" if _is_plain_gemm(node):
            return weight.shape[1], 1, 2
        case _:
            return None


def _is_plain_gemm(node: ir.Node) -> bool:
    given = {name: attribute.value for name, attribute in node.attributes.items()}
    plain = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
    return all(given.get(name, value) == value for name, value in plain.items())


def _moved_axis(node: ir.Node, axis: int, rank: int) -> tuple[int, int] | None:
    """Where an axis is behind a Squeeze or Unsqueeze, and the rank there; None if unknown."""
    axes = _constant(node.inputs[1]) if len(node.inputs) > 1 else None
    if axes is None:
        return None
    step = -1 if node.op_type == "Squeeze" else 1
    new_rank = rank + step * axes.size
    places = {int(place) % (rank if step < 0 else new_rank) for place in axes}
    if step < 0:
        if axis in places:
            return None
        return axis - sum(place < axis for place in places), new_rank
    kept = [place for place in range(new_rank) if place not in places]
    return kept[axis], new_rank


def _take(affine: _Affine, node: ir.Node, axis: int, rank: int) -> bool:
    if len(node.inputs) != 2:
        return False
    first = node.inputs[0] is not affine.end
    constant = _constant(node.inputs[0 if first else 1])
    if constant is None or constant.dtype != np.float32:
        return False
    vector = _per_channel(constant, len(affine.scale), axis, rank)
    return vector is not None and affine.then(node, vector, first=first)


def _per_channel(
    constant: NDArray[Any], n_channels: int, axis: int, rank: int
) -> NDArray[Any] | None:
    """A constant as one number a channel; None where it is more than that."""
    if constant.ndim > rank:
        return None
    shape = (1,) * (rank - constant.ndim) + constant.shape
    alone = all(length == 1 for place, length in enumerate(shape) if place != axis)
    if not alone or shape[axis] not in (1, n_channels):
        return None
    return np.broadcast_to(constant.astype(np.float64).ravel(), (n_channels,))


def _is_identity(affine: _Affine) -> bool:
    return bool(np.all(affine.scale == 1)) and bool(np.all(affine.shift == 0))


def _rewire(graph: ir.Graph, node: ir.Node, affine: _Affine, moved: list[ir.Node]) -> None:
    """Put the folded layer in the place of the chain; Squeeze and Unsqueeze stay behind it."""
    weight = _constant(node.inputs[1])
    bias = _constant(node.inputs[2]) if len(node.inputs) > 2 else np.zeros(1)
    if weight is None or bias is None:
        return
    shift = affine.shift + affine.scale * bias.astype(np.float64)
    along = (-1,) + (1,) * (weight.ndim - 1) if node.op_type == "Conv" else (1, -1)
    folded = _weight(
        graph, node, "weight", weight.astype(np.float64) * affine.scale.reshape(along)
    )
    with_bias = _weight(graph, node, "bias", shift)
    last = _layer(graph, node, folded, with_bias)
    result = last.outputs[0]
    for step in moved:
        copy = ir.Node("", step.op_type, [result, *step.inputs[1:]], name=f"{step.name}_folded")
        _be_like(copy.outputs[0], step.outputs[0])
        graph.insert_after(last, copy)
        last, result = copy, copy.outputs[0]
    _stand_in(affine.end, result)


def _layer(graph: ir.Graph, node: ir.Node, weight: ir.Value, bias: ir.Value) -> ir.Node:
    """The same layer with other weights and a bias, behind the old one."""
    shape = node.outputs[0].shape
    if node.op_type == "MatMul" and (shape is None or len(shape) > 2):
        product = ir.Node("", "MatMul", [node.inputs[0], weight], name=f"{node.name}_folded")
        total = ir.Node("", "Add", [product.outputs[0], bias], name=f"{node.name}_bias")
        layers = [product, total]
    else:
        op_type = "Conv" if node.op_type == "Conv" else "Gemm"
        attributes = list(node.attributes.values()) if op_type == "Conv" else []
        layers = [
            ir.Node(
                "",
                op_type,
                [node.inputs[0], weight, bias],
                attributes,
                name=f"{node.name}_folded",
            )
        ]
    for layer in layers:
        layer.outputs[0].name = layer.name
        _be_like(layer.outputs[0], node.outputs[0])
    graph.insert_after(node, layers)
    return layers[-1]


def _weight(graph: ir.Graph, node: ir.Node, what: str, values: NDArray[Any]) -> ir.Value:
    name = f"{node.name}_folded_{what}"
    value = ir.Value(name=name, const_value=ir.tensor(values.astype(np.float32), name=name))
    graph.register_initializer(value)
    return value


def _be_like(value: ir.Value, other: ir.Value) -> None:
    value.shape, value.type = other.shape, other.type


def _stand_in(old: ir.Value, new: ir.Value) -> None:
    """Let all that takes one value take another, which is then called as an output is."""
    if old.is_graph_output():
        old.name, new.name = f"{old.name}_unfolded", old.name
    ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=True)
