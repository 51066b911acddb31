"""Steps that make a tensor of indices: padded, counted, one-hot, weighted."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.spec import DTYPES
from edgesmith_runtime.transforms.rows import as_rows, numbers_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_FIRST", "CountIndices", "OneHotIndices", "Pad", "Weigh"]

MAX_FIRST = 1 << 31  # that indices may start at
MAX_PLACES = 1 << 24  # of a sample's result
MAX_VALUES = 1 << 28  # of a sample's result, where each of its indices has so many places


@record()
class Pad:
    """Rows of different lengths become one array, with zeros at the end.

    Equal to ``keras.utils.pad_sequences(padding="post", truncating="post")``.

    Args:
        length: 0 to 2^24; what is longer is cut there. With None it is that of the longest row in the
            batch, as in Keras, so the width of a sample's result is not its own alone.
        cut: "end" or "start": where a row that is too long loses the rest.
    """

    length: int | None = None
    cut: str = "end"

    def __post_init__(self) -> None:
        if self.cut not in ("end", "start"):
            raise ValueError(f"cut: expected 'end' or 'start', got '{self.cut}'")
        if self.length is not None and not 0 <= self.length <= MAX_PLACES:
            raise ValueError(f"length: expected 0 to {MAX_PLACES}, got {self.length}")

    def __call__(self, indices: Any) -> NDArray[np.int64]:
        """Indices in int64, ``(batch, length)``.

        Args:
            indices: Rows, or an array ``(batch, length)``.
        """
        rows = as_rows(numbers_in(indices))
        length = self.length
        if length is None:
            length = max((len(row) for row in rows), default=0)
        padded = np.zeros((len(rows), length), np.int64)
        for index, row in enumerate(rows):
            kept = row[:length] if self.cut == "end" else row[max(0, len(row) - length) :]
            padded[index, : len(kept)] = kept
        return padded


@record(kw_only=True)
class CountIndices:
    """How often each index is in a row, as Keras' ``CategoryEncoding`` counts.

    Args:
        depth: How many indices there are, 1 to 2^24; others, and negative ones, do not count.
        binary: Say only whether it is there.
        dtype: Of the result.
    """

    depth: int
    binary: bool
    dtype: str

    def __post_init__(self) -> None:
        _check(self.depth, self.dtype)

    def __call__(self, indices: Any) -> NDArray[Any]:
        """Counts in ``dtype``, ``(batch, depth)``.

        Args:
            indices: Rows, or an array ``(batch, length)``.
        """
        rows = as_rows(numbers_in(indices))
        counts = np.zeros((len(rows), self.depth), self.dtype)
        for index, row in enumerate(rows):
            within = [place for place in row if 0 <= place < self.depth]
            if self.binary:
                counts[index, within] = 1
            else:
                np.add.at(counts[index], within, np.ones((), self.dtype))
        return counts


@record(kw_only=True)
class OneHotIndices:
    """A 1 at the place of an index, as ``tf.one_hot``.

    Args:
        depth: How many indices there are, 1 to 2^24; others, and negative ones, give zeros.
        squeeze: The last axis of the indices is of length 1 and goes.
        dtype: Of the result.
    """

    depth: int
    squeeze: bool
    dtype: str

    def __post_init__(self) -> None:
        _check(self.depth, self.dtype)

    def __call__(self, indices: Any) -> NDArray[Any]:
        """Zeros and ones in ``dtype``, ``(batch, ..., depth)``.

        Args:
            indices: Whole numbers, ``(batch, ...)``.

        Raises:
            TransformError: Rows of different lengths, or no last axis of length 1.
            InputError: More than 2^28 values of a sample.
        """
        given = numbers_in(indices)
        if isinstance(given, list):
            raise TransformError("expected an array of indices, got rows of different lengths")
        if self.squeeze:
            if given.shape[1:][-1:] != (1,):
                raise TransformError(f"expected a last axis of length 1, got {given.shape}")
            given = given[..., 0]
        n_values = math.prod(given.shape[1:]) * self.depth
        if n_values > MAX_VALUES:
            raise InputError(
                f"depth: expected at most {MAX_VALUES} values of a sample, got {n_values}"
            )
        return (given[..., None] == np.arange(self.depth)).astype(self.dtype)


@record(kw_only=True)
class Weigh:
    """Multiply by a weight for each place on the last axis, as ``numpy.multiply``.

    Args:
        weights: One a place.
        dtype: Of the weights and the result, a float.
    """

    weights: tuple[float, ...]
    dtype: str = "float32"
    _array: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(len(self.weights), self.dtype)
        if not all(map(math.isfinite, self.weights)):
            raise ValueError("weights: expected finite numbers")
        object.__setattr__(self, "_array", np.array(self.weights, self.dtype))

    def __call__(self, numbers: Any) -> NDArray[Any]:
        """The same shape in ``dtype``.

        Raises:
            TransformError: No array of numbers, or another number of places.
        """
        if not isinstance(numbers, np.ndarray):
            raise TransformError(f"expected an array of numbers, got {type(numbers).__name__}")
        given = cast("NDArray[Any]", numbers)
        if given.dtype.kind not in "biuf":
            raise TransformError(f"expected an array of numbers, got dtype {given.dtype}")
        if given.ndim < 2 or given.shape[-1] != len(self.weights):
            raise TransformError(
                f"expected {len(self.weights)} places on the last axis, got {given.shape}"
            )
        return given.astype(self.dtype) * self._array


def _check(depth: int, dtype: str) -> None:
    if not 1 <= depth <= MAX_PLACES:
        raise ValueError(f"expected 1 to {MAX_PLACES} places, got {depth}")
    if dtype not in DTYPES:
        raise ValueError(f"dtype: expected one of {', '.join(sorted(DTYPES))}, got '{dtype}'")
