# pyright: basic
"""ONNX weights kept in fewer bits and widened when the engine loads them: smaller, not slower.

The weights are widened by plain operations (Cast, Mul), which onnxruntime folds away at load.
DequantizeLinear would be the word for it, but the engine keeps that for its int8 kernels and runs
it at every call: 1.9 to 13 times slower on three small nets (onnxruntime 1.32).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from edgesmith.recipe import Recipe, Scheme
from edgesmith_runtime.errors import OptimizationError

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx
    from numpy.typing import NDArray

    from edgesmith.optimization.nodes import Node

__all__ = ["narrow_weights"]

_MIN_NUMBERS = 256  # the nodes that widen a smaller one take more than it saves
_MIN_BY_CHANNEL = 8
_MAX_FLOAT16 = 65504.0
_MIN_FLOAT16 = 6.2e-5  # below it half precision loses digits
_GROUP = 32  # weights that share a scale at 4 bits
_SHRINKS = np.linspace(0.7, 1.0, 16)  # of the largest weight of a group, tried at 4 bits


@dataclass(frozen=True, slots=True)
class _Names:
    """What a widened tensor is called, and the short start of the names on the way to it."""

    result: str
    start: str

    def __call__(self, what: str) -> str:
        return f"{self.start}_{what}" if what else self.result


_Widening = tuple[list["onnx.TensorProto"], list["onnx.NodeProto"]]


def narrow_weights(
    model: onnx.ModelProto, recipe: Recipe, nodes: tuple[Node, ...]
) -> onnx.ModelProto:
    """The same graph with its large float weights in float16, int8 or int4.

    Raises:
        OptimizationError: No weight is large enough.
    """
    narrow = _BY_SCHEME[recipe.scheme]
    axes = _channel_axes(model, {n.name for n in nodes if n.layer not in recipe.float_layers})
    kept: list[onnx.TensorProto] = []
    added: list[onnx.NodeProto] = []
    for tensor in model.graph.initializer:
        axis = axes.get(tensor.name)
        if axis is None or not _is_large(tensor, axis):
            kept.append(tensor)
            continue
        weights = numpy_helper.to_array(tensor)
        if np.abs(weights).max(initial=0.0) > _MAX_FLOAT16:
            kept.append(tensor)
            continue
        constants, widening = narrow(
            _Names(tensor.name, f"w{len(added)}"), weights, axis % weights.ndim
        )
        kept += constants
        added += widening
    if not added:
        raise OptimizationError(
            f"{recipe.name}: no layer has {_MIN_NUMBERS} weights or more, there is nothing to "
            "make smaller"
        )
    rest = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend([*added, *rest])
    return model


def _is_large(tensor: onnx.TensorProto, axis: int) -> bool:
    """Float, and more than a few numbers beside each scale."""
    if tensor.data_type != TensorProto.FLOAT or math.prod(tensor.dims) < _MIN_NUMBERS:
        return False
    return math.prod(tensor.dims) >= _MIN_BY_CHANNEL * tensor.dims[axis]


def _channel_axes(model: onnx.ModelProto, names: set[str]) -> dict[str, int]:
    """The axis of the output channels by constant, of those that only these nodes use."""
    axes: dict[str, int] = {}
    others: set[str] = {output.name for output in model.graph.output}
    for node in model.graph.node:
        if node.name not in names:
            others.update(node.input)
            continue
        for place, name in enumerate(node.input):
            axes.setdefault(name, _channel_axis(node, place))
    return {name: axis for name, axis in axes.items() if name not in others}


def _channel_axis(node: Any, place: int) -> int:
    match node.op_type:
        case "Conv" | "Gather":
            return 0
        case "ConvTranspose" | "LSTM" | "GRU":
            return 1
        case "Gemm" if place == 1:
            attributes = {one.name: one.i for one in node.attribute}
            return 0 if attributes.get("transB") else 1
        case _:
            return -1


def _float16(name: _Names, weights: NDArray[np.float32], axis: int) -> _Widening:
    del axis
    constant = numpy_helper.from_array(weights.astype(np.float16), name("f16"))
    return [constant], [_node(name, "Cast", "f16", "", to=TensorProto.FLOAT)]


def _node(name: _Names, op: str, inputs: str, output: str, **attributes: Any) -> Any:
    given = [name(one) for one in inputs.split()]
    return helper.make_node(op, given, [name(output)], **attributes)


def _int8(name: _Names, weights: NDArray[np.float32], axis: int) -> _Widening:
    others = tuple(place for place in range(weights.ndim) if place != axis)
    scales = np.abs(weights).max(axis=others, keepdims=True) / 127
    scales = np.where(scales > 0, scales, 1).astype(np.float32)
    whole = np.clip(np.round(weights / scales), -127, 127).astype(np.int8)
    constants = [
        numpy_helper.from_array(whole, name("i8")),
        numpy_helper.from_array(scales, name("scale")),
    ]
    return constants, [
        _node(name, "Cast", "i8", "wide", to=TensorProto.FLOAT),
        _node(name, "Mul", "wide scale", ""),
    ]


def _int4(name: _Names, weights: NDArray[np.float32], axis: int) -> _Widening:
    """Two weights a byte: the first half of all in the low four bits, the second in the high."""
    moved = np.moveaxis(weights, axis, 0)
    flat = moved.reshape(moved.shape[0], -1)
    # An even number, for two are in a byte; a short row is one group.
    group = min(_GROUP, flat.shape[1] + flat.shape[1] % 2)
    n_padding = -flat.shape[1] % group
    groups = np.pad(flat, ((0, 0), (0, n_padding))).reshape(len(flat), -1, group)
    scales = _best_scales(groups)
    whole = np.clip(np.round(groups / scales.astype(np.float32)), -8, 7).astype(np.int8) + 8
    low, high = whole.reshape(2, -1).astype(np.uint8)
    order = np.argsort([axis, *(place for place in range(weights.ndim) if place != axis)])
    constants = [
        numpy_helper.from_array(low | (high << 4), name("i4")),
        numpy_helper.from_array(scales, name("scale")),
        numpy_helper.from_array(np.array(16, np.float32), name("16")),
        numpy_helper.from_array(np.array(8, np.float32), name("8")),
        *(
            numpy_helper.from_array(np.array(numbers, np.int64), name(what))
            for what, numbers in (
                ("groups", groups.shape),
                ("flat", (len(flat), -1)),
                ("end", [flat.shape[1]]),
                ("shape", moved.shape),
                ("0", [0]),
                ("1", [1]),
            )
        ),
    ]
    return constants, [
        _node(name, "Cast", "i4", "bytes", to=TensorProto.FLOAT),
        _node(name, "Div", "bytes 16", "share"),
        _node(name, "Floor", "share", "high"),
        _node(name, "Mul", "high 16", "above"),
        _node(name, "Sub", "bytes above", "low"),
        _node(name, "Concat", "low high", "both", axis=0),
        _node(name, "Sub", "both 8", "signed"),
        _node(name, "Reshape", "signed groups", "grouped"),
        _node(name, "Cast", "scale", "wide", to=TensorProto.FLOAT),
        _node(name, "Mul", "grouped wide", "scaled"),
        _node(name, "Reshape", "scaled flat", "rows"),
        _node(name, "Slice", "rows 0 end 1", "cut"),
        _node(name, "Reshape", "cut shape", "moved"),
        _node(name, "Transpose", "moved", "", perm=[int(place) for place in order]),
    ]


def _best_scales(groups: NDArray[np.float32]) -> NDArray[Any]:
    """By group the scale with the least square error: a clipped weight can be worth it.

    In half precision where all of them fit, else in float32.
    """
    largest = np.abs(groups).max(axis=-1, keepdims=True) / 7
    largest = np.where(largest > 0, largest, 1).astype(np.float32)
    dtype = np.float16 if largest.min() * _SHRINKS[0] > _MIN_FLOAT16 else np.float32
    best, least = largest.astype(dtype), np.full(largest.shape, np.inf)
    for shrink in _SHRINKS:
        scales = (largest * shrink).astype(dtype)
        wide = scales.astype(np.float32)  # as the engine will compute
        rounded = np.clip(np.round(groups / wide), -8, 7) * wide
        errors = np.square(rounded - groups).sum(axis=-1, keepdims=True)
        best, least = np.where(errors < least, scales, best), np.minimum(errors, least)
    return best


_BY_SCHEME: dict[Scheme, Callable[[_Names, NDArray[np.float32], int], _Widening]] = {
    Scheme.FLOAT16: _float16,
    Scheme.INT8_WEIGHTS: _int8,
    Scheme.INT4_WEIGHTS: _int4,
}
