"""Samples that are rows of arrays: in memory, or mapped from a file for each read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ArraySamples", "MappedRows", "MemoryRows", "Rows"]


class Rows(Protocol):
    """An array of which only some rows are asked at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """All axes, the sample first."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        ...

    def read(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """A copy of some rows."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryRows:
    """An array that is in memory anyway."""

    array: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """All axes, the sample first."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return self.array.dtype

    def read(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """A copy of some rows."""
        return self.array[rows]


@dataclass(frozen=True, slots=True)
class MappedRows:
    """An array in a file, mapped for one read and unmapped after it.

    Args:
        path: The file.
        dtype: As it is in the file.
        shape: All axes, the sample first.
        offset: Where the numbers start, in bytes.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    def read(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """A copy of some rows."""
        mapped = np.memmap(self.path, self.dtype, "r", self.offset, self.shape)
        return np.array(mapped[rows])


class ArraySamples:
    """The rows of one or several arrays of one sample shape, one after the other.

    Args:
        parts: The arrays, each with its name for messages.
        raw_input: Name of the raw input.

    Raises:
        DataError: The arrays differ in sample shape or dtype, or hold no samples.
    """

    def __init__(self, parts: Sequence[tuple[str, Rows]], raw_input: str) -> None:
        self._names = [name for name, _ in parts]
        self._parts = [rows for _, rows in parts]
        self._raw_input = raw_input
        first = self._parts[0]
        for name, rows in parts:
            if len(rows.shape) < 1 or rows.shape[0] == 0:
                raise DataError(f"{name}: no samples, the shape is {rows.shape}")
            if (rows.shape[1:], rows.dtype) != (first.shape[1:], first.dtype):
                raise DataError(
                    f"{name}: expected samples of shape {first.shape[1:]} and dtype {first.dtype} "
                    f"as in {self._names[0]}, got {rows.shape[1:]} and {rows.dtype}"
                )
        self._starts = np.cumsum([0, *(rows.shape[0] for rows in self._parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, Any]:
        """One array ``(len(rows), *sample)`` in the source's dtype."""
        part_of = np.searchsorted(self._starts, rows, side="right") - 1
        taken = np.empty((len(rows), *self._parts[0].shape[1:]), self._parts[0].dtype)
        for index, part in enumerate(self._parts):
            here = part_of == index
            if here.any():
                taken[here] = part.read(rows[here] - self._starts[index])
        return {self._raw_input: taken}

    def key(self, row: int) -> bytes:
        """Over the bytes of the row."""
        content = self.read(np.array([row]))[self._raw_input].tobytes()
        return hashlib.blake2b(content, digest_size=16).digest()

    def place(self, row: int) -> str:
        """The file and the sample's index in it, from 0."""
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return f"{self._names[part]}, sample {row - int(self._starts[part])}"
