"""The arithmetic of vpmaddubsw: what sums of u8 x s8 products lose where a pair overflows 16 bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Sums", "Window", "can_saturate", "image_rows", "lost", "sums"]

_LOW, _HIGH = -(1 << 15), (1 << 15) - 1
_MAX_ACTIVATION = 255
_EXACT_FLOAT32 = 1 << 24  # whole numbers up to here are exact in float32
_MAX_TERM = 255 * 255
_MAX_ELEMENTS = 1 << 22  # of one block of rows: 16 MB in float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums of products, and what saturation changes each of them by."""

    exact: NDArray[np.int32]
    change: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How the kernel of a convolution moves, an entry an axis of space.

    Args:
        kernel: Its size.
        strides: From one position to the next.
        dilations: From one of its taps to the next.
        pads: All beginnings, then all ends, as ONNX has them; empty for none.
        auto_pad: ONNX's word for how ``pads`` follow from the size of the images.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...] = ()
    auto_pad: str = "NOTSET"

    @property
    def extent(self) -> tuple[int, ...]:
        """What the kernel spans with its gaps."""
        return tuple(
            (size - 1) * step + 1
            for size, step in zip(self.kernel, self.dilations, strict=True)
        )

    def pads_of(self, space: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """Beginning and end of each axis of images of that size."""
        if self.auto_pad in {"SAME_UPPER", "SAME_LOWER"}:
            return tuple(map(self._same, space, self.extent, self.strides))
        half = len(space)
        if not self.pads or self.auto_pad == "VALID":
            return ((0, 0),) * half
        return tuple(zip(self.pads[:half], self.pads[half:], strict=True))

    def _same(self, size: int, extent: int, stride: int) -> tuple[int, int]:
        missing = max(0, (-(-size // stride) - 1) * stride + extent - size)
        less, more = missing // 2, missing - missing // 2
        return (less, more) if self.auto_pad == "SAME_UPPER" else (more, less)


def can_saturate(weights: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which pairs of weights some activations could make overflow.

    Args:
        weights: ``(k, columns)``, in the order of the reduction.

    Returns:
        ``(ceil(k / 2), columns)``. Weights of 7 bits never do: 2 x 255 x 64 = 32640 fits.
    """
    first, second = _pairs(weights.astype(np.int32))
    highest = _MAX_ACTIVATION * (np.maximum(first, 0) + np.maximum(second, 0))
    lowest = _MAX_ACTIVATION * (np.minimum(first, 0) + np.minimum(second, 0))
    return (highest > _HIGH) | (lowest < _LOW)


def lost(activations: NDArray[np.uint8], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """What the sums of products change by when each pair of them is held to 16 bits.

    vpmaddubsw multiplies unsigned by signed bytes and adds each adjacent pair with signed
    saturation to 16 bits (Intel Intrinsics Guide, ``_mm256_maddubs_epi16``); vpmaddwd by ones and
    vpaddd then sum the words in 32 bits, exactly.

    Args:
        activations: ``(rows, k)``.
        weights: ``(k, columns)``; an odd k is padded with 0.

    Returns:
        ``(rows, columns)``: saturated sum less exact sum.
    """
    risky = can_saturate(weights)
    change = np.zeros((len(activations), weights.shape[1]), np.int32)
    firsts, seconds = _pairs(activations.T.astype(np.int32))
    weight_pairs = np.stack(_pairs(weights.astype(np.int32)))
    for pair in np.flatnonzero(risky.any(axis=1)):
        first, second = firsts[pair], seconds[pair]
        # No weight is further from 0 than 128, and 128 x 255 fits.
        rows = np.flatnonzero(first + second > _MAX_ACTIVATION)
        if not len(rows):
            continue
        columns = np.flatnonzero(risky[pair])
        one, other = weight_pairs[:, pair, columns]
        sums = first[rows, None] * one + second[rows, None] * other
        change[np.ix_(rows, columns)] += np.clip(sums, _LOW, _HIGH) - sums
    return change


def _pairs(values: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The first and the second of each two rows; a last one without a partner gets zeros."""
    padded = np.pad(values, ((0, len(values) % 2), (0, 0)))
    return padded[0::2], padded[1::2]


def sums(
    rows: NDArray[Any], columns: NDArray[np.int8], *, zero: int, weight_zeros: NDArray[Any]
) -> Sums:
    """Multiply activations and weights, zero points off, exactly and as vpmaddubsw does.

    Args:
        rows: ``(rows, k)`` of uint8, or of int8: those kernels do not saturate.
        columns: ``(k, columns)``.
        zero: That of the activations.
        weight_zeros: Those of the weights, ``()`` or ``(columns,)``.
    """
    exact = np.empty((len(rows), columns.shape[1]), np.int32)
    change = np.zeros_like(exact)
    height = max(1, _MAX_ELEMENTS // max(columns.shape))
    for start in range(0, len(rows), height):
        block = slice(start, start + height)
        exact[block] = _product(rows[block].astype(np.int16) - zero, columns - weight_zeros)
        if rows.dtype == np.uint8:
            change[block] = lost(rows[block], columns)
    return Sums(exact=exact, change=change)


def _product(rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.int32]:
    """The exact product of whole numbers below 256; BLAS has none for whole numbers."""
    kind = np.float32 if rows.shape[1] * _MAX_TERM < _EXACT_FLOAT32 else np.float64
    return (rows.astype(kind) @ columns.astype(kind)).astype(np.int32)


def image_rows(
    images: NDArray[Any], window: Window, *, fill: int
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Write out what each position of a convolution's kernel sees.

    Args:
        images: ``(n, channel, *space)``.
        window: How the kernel moves.
        fill: What stands beyond the edge: the zero point.

    Returns:
        ``(n * positions, k)`` and the shape of the positions. The channel runs fastest in k, as
        in MLAS: onnxruntime's QLinearConv reorders its filter to K1..Kn C M and its images to
        channels last, whatever the layout of the node (``ReorderFilter`` and ``Im2col<NHWC>`` in
        core/providers/cpu/quantization/qlinearconv.cc, and ``MlasConvSymPackW``).
    """
    pads = window.pads_of(images.shape[2:])
    edges = ((0, 0), *pads, (0, 0))
    padded = np.pad(np.moveaxis(images, 1, -1), edges, constant_values=fill)
    space = range(1, images.ndim - 1)
    views = np.lib.stride_tricks.sliding_window_view(padded, window.extent, tuple(space))
    moves = tuple(slice(None, None, stride) for stride in window.strides)
    taps = tuple(slice(None, None, step) for step in window.dilations)
    seen = np.moveaxis(views[(slice(None), *moves, slice(None), *taps)], images.ndim - 1, -1)
    positions = seen.shape[1 : images.ndim - 1]
    n_rows = len(images) * math.prod(positions)
    return seen.reshape(n_rows, math.prod(seen.shape[images.ndim - 1 :])), positions
