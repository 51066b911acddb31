# pyright: basic
"""The nodes of an ONNX graph that multiply u8 by s8: their sums, and the numbers made of those."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper

from edgesmith.optimization.saturation import Sums, Window, can_saturate, image_rows, sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx
    from numpy.typing import NDArray

    Tensors = Mapping[str, NDArray[Any]]

__all__ = ["IntegerProduct", "saturating_product"]

_MAX_ELEMENTS = 1 << 24  # of one block of images written out as rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Which input of an operator is what; None for what it does not take."""

    activations: int
    weights: int
    zero: int
    weight_zero: int
    scale: int | None = None
    weight_scale: int | None = None
    bias: int | None = None
    output_scale: int | None = None
    output_zero: int | None = None


_QLINEAR = _Places(
    activations=0,
    scale=1,
    zero=2,
    weights=3,
    weight_scale=4,
    weight_zero=5,
    output_scale=6,
    output_zero=7,
    bias=8,
)

# What onnxruntime computes in whole numbers on a processor, by operator. ConvInteger is not among
# them: its kernel takes weights of uint8 alone (core/providers/cpu/quantization/conv_integer.cc),
# and the u8u8 kernels widen to 16 bits before they multiply.
_OPERATORS = {
    "QLinearConv": _QLINEAR,
    "QLinearMatMul": _QLINEAR,
    "QGemm": _Places(
        activations=0,
        scale=1,
        zero=2,
        weights=3,
        weight_scale=4,
        weight_zero=5,
        bias=6,
        output_scale=7,
        output_zero=8,
    ),
    "MatMulIntegerToFloat": _Places(
        activations=0, weights=1, scale=2, weight_scale=3, zero=4, weight_zero=5, bias=6
    ),
    "MatMulInteger": _Places(activations=0, weights=1, zero=2, weight_zero=3),
}


def saturating_product(node: onnx.NodeProto, constants: Tensors) -> IntegerProduct | None:
    """See a node as a product of integers; None where none of its sums can saturate.

    Args:
        node: Of any operator.
        constants: The graph's initializers by name.
    """
    if node.op_type not in _OPERATORS:
        return None
    made = IntegerProduct(node)
    weights = constants.get(made.weights)
    zero = constants.get(made.zero)
    if weights is None or weights.dtype != np.int8 or weights.ndim < 2:
        return None
    if zero is not None and zero.dtype != np.uint8:
        return None  # of a QOperator file: the s8s8 kernels widen before they multiply
    if made.is_depthwise(weights):
        return None
    risky = any(can_saturate(columns).any() for columns in made.columns(weights))
    return made if risky else None


class IntegerProduct:
    """One node: activations by constant weights, summed in 32 bits."""

    def __init__(self, node: onnx.NodeProto) -> None:
        self.name = node.name
        self.output = node.output[0]
        self.inputs = tuple(name for name in node.input if name)
        self._names = tuple(node.input)
        self._op = node.op_type
        self._places = _OPERATORS[node.op_type]
        self._attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}

    @property
    def weights(self) -> str:
        """The name of its weights."""
        return self._names[self._places.weights]

    @property
    def zero(self) -> str:
        """The name of its activations' zero point, empty where it has none."""
        return self._name(self._places.zero)

    def is_depthwise(self, weights: NDArray[np.int8]) -> bool:
        """Whether it is a convolution with a kernel of its own that does not saturate.

        One channel in and one out a group: onnxruntime then takes MlasConvDepthwise or
        MlasConvSymDepthwise (``is_depthwise_conv`` in core/providers/cpu/quantization/
        qlinearconv.cc). The one widens to 16 bits and multiplies with vpmullw and vpmulhw
        (core/mlas/lib/qdwconv.cpp), the other to 32 bits (vpmovzxbd and vpmaddwd in core/mlas/
        lib/x86_64/ConvSymKernelAvx2.S), so there are no pairs of bytes to add.
        """
        groups = self._groups
        return self._is_conv and groups == weights.shape[0] and weights.shape[1] == 1

    def columns(self, weights: NDArray[np.int8]) -> list[NDArray[np.int8]]:
        """The weights as ``(k, columns)``, one for each group or matrix."""
        if self._is_conv:
            last = np.moveaxis(weights, 1, -1)  # the channel runs fastest, as in image_rows
            return [part.reshape(len(part), -1).T for part in np.split(last, self._groups)]
        if self._attributes.get("transB"):
            weights = weights.T
        return list(weights.reshape(-1, *weights.shape[-2:]))

    def sums(self, tensors: Tensors) -> Sums:
        """Its sums before bias and scale, in the shape of its output.

        Args:
            tensors: Its inputs by name.
        """
        activations = tensors[self._names[self._places.activations]]
        zero = int(self._get(tensors, self._places.zero, 0).reshape(-1)[0])
        weight_zeros = _few(self._get(tensors, self._places.weight_zero, 0)).astype(np.int16)
        weights = tensors[self.weights]
        if self._is_conv:
            weight_zeros = weight_zeros.reshape(-1)[0]  # onnxruntime has them all the same
            return self._convolved(activations, weights, zero, weight_zeros)
        if self._attributes.get("transA"):
            activations = activations.T
        if weights.ndim == 2:
            rows = activations.reshape(-1, activations.shape[-1])
            flat = sums(rows, self.columns(weights)[0], zero=zero, weight_zeros=weight_zeros)
            shape = (*activations.shape[:-1], flat.exact.shape[1])
            return Sums(exact=flat.exact.reshape(shape), change=flat.change.reshape(shape))
        return _multiplied(activations, weights, zero, weight_zeros)

    def scales(self, tensors: Tensors) -> NDArray[np.float32]:
        """What one step of its sums is in real numbers; broadcasts with its output."""
        scale = _few(self._get(tensors, self._places.scale, 1.0)).astype(np.float32)
        weight_scale = _few(self._get(tensors, self._places.weight_scale, 1.0))
        alpha = np.float32(self._attributes.get("alpha", 1.0))
        return alpha * scale * self._by_column(weight_scale.astype(np.float32), tensors)

    def finished(self, summed: NDArray[np.int32], tensors: Tensors) -> NDArray[Any]:
        """Its output, made of such sums as onnxruntime makes it."""
        if self._op == "MatMulInteger":
            return summed
        bias = self._by_column(self._get(tensors, self._places.bias, 0), tensors)
        scales = self.scales(tensors)
        if bias.dtype == np.float32:
            return summed.astype(np.float32) * scales + bias
        biased = (summed + bias).astype(np.float32)
        if not self._name(self._places.output_scale):
            return biased * scales
        output_scale = _few(self._get(tensors, self._places.output_scale, 1.0))
        zero = _few(self._get(tensors, self._places.output_zero, np.uint8(0)))
        # MlasRequantizeOutput (core/mlas/lib/quantize.cpp): clip, round half to even, shift.
        limits = np.iinfo(zero.dtype)
        lowest, highest = limits.min - int(zero), limits.max - int(zero)
        clipped = np.clip(biased * (scales / output_scale), lowest, highest)
        return (np.rint(clipped).astype(np.int32) + int(zero)).astype(zero.dtype)

    def _convolved(
        self, images: NDArray[Any], weights: NDArray[np.int8], zero: int, weight_zeros: Any
    ) -> Sums:
        window = self._window(weights.shape[2:])
        columns = self.columns(weights)
        n_filters, n_channels = columns[0].shape[1], weights.shape[1]
        per_image = image_rows(images[:1, :n_channels], window, fill=zero)[0].size
        n_at_once = max(1, _MAX_ELEMENTS // max(1, per_image))
        exact, change = [], []
        for start, group in product(range(0, len(images), n_at_once), range(len(columns))):
            channels = slice(group * n_channels, (group + 1) * n_channels)
            part = images[start : start + n_at_once, channels]
            rows, positions = image_rows(part, window, fill=zero)
            found = sums(rows, columns[group], zero=zero, weight_zeros=weight_zeros)
            shape = (len(part), *positions, n_filters)
            exact.append(np.moveaxis(found.exact.reshape(shape), -1, 1))
            change.append(np.moveaxis(found.change.reshape(shape), -1, 1))
        return Sums(exact=self._joined(exact), change=self._joined(change))

    def _joined(self, parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
        groups = self._groups
        blocks = [
            np.concatenate(parts[i : i + groups], axis=1) for i in range(0, len(parts), groups)
        ]
        return np.concatenate(blocks)

    def _window(self, kernel: tuple[int, ...]) -> Window:
        ones = (1,) * len(kernel)
        auto_pad = self._attributes.get("auto_pad", b"NOTSET")
        return Window(
            kernel=kernel,
            strides=tuple(self._attributes.get("strides", ones)),
            dilations=tuple(self._attributes.get("dilations", ones)),
            pads=tuple(self._attributes.get("pads", ())),
            auto_pad=auto_pad.decode(),
        )

    @property
    def _is_conv(self) -> bool:
        return self._op == "QLinearConv"

    @property
    def _groups(self) -> int:
        return self._attributes.get("group", 1)

    def _by_column(self, values: NDArray[Any], tensors: Tensors) -> NDArray[Any]:
        """Bring values of the columns to where the output has its columns."""
        if not self._is_conv or values.size == 1:
            return _few(values)
        return values.reshape(-1, *(1,) * (tensors[self.weights].ndim - 2))

    def _name(self, place: int | None) -> str:
        return "" if place is None or place >= len(self._names) else self._names[place]

    def _get(self, tensors: Tensors, place: int | None, default: Any) -> NDArray[Any]:
        name = self._name(place)
        return np.asarray(tensors[name] if name else default)


def _few(values: NDArray[Any]) -> NDArray[Any]:
    """One value without axes, several as they are."""
    return values.reshape(()) if values.size == 1 else values


def _multiplied(
    activations: NDArray[Any], weights: NDArray[np.int8], zero: int, weight_zeros: NDArray[Any]
) -> Sums:
    """A stack of matrices by another, ``(..., rows, k)`` by ``(..., k, columns)``."""
    stack = np.broadcast_shapes(activations.shape[:-2], weights.shape[:-2])
    left = np.broadcast_to(activations, (*stack, *activations.shape[-2:]))
    right = np.broadcast_to(weights, (*stack, *weights.shape[-2:]))
    exact = np.empty((*stack, left.shape[-2], right.shape[-1]), np.int32)
    change = np.empty_like(exact)
    for index in np.ndindex(*stack):
        found = sums(left[index], right[index], zero=zero, weight_zeros=weight_zeros)
        exact[index], change[index] = found.exact, found.change
    return Sums(exact=exact, change=change)
