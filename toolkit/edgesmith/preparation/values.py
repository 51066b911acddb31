"""Numbers of the training split, read a chunk at a time, and the statistics that fitting needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edgesmith.store import Store
    from edgesmith_runtime.transforms import Transform

__all__ = ["ArrayValues", "Moments", "StoredValues", "Values", "moments", "sampled"]

CHUNK_VALUES = 1 << 22
SAMPLE_VALUES = 1 << 24  # up to here quantiles are exact; above, from a seeded sample of rows
SAMPLE_ROWS = 1024  # at least so many rows are sampled, with fewer places each if need be


class Values(Protocol):
    """An array of samples of which only some are in memory at a time."""

    def __len__(self) -> int: ...

    def read(self, rows: NDArray[np.intp] | slice) -> NDArray[Any]:
        """Some rows, ``(row, ..., place)``."""
        ...


@dataclass(frozen=True, slots=True)
class ArrayValues:
    """An array that is in memory."""

    array: NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    def read(self, rows: NDArray[np.intp] | slice) -> NDArray[Any]:
        """Some rows."""
        return self.array[rows]


@dataclass(frozen=True, slots=True)
class StoredValues:
    """One array of a store, with further steps of the transform applied as it is read.

    Args:
        store: Where it is.
        name: Of the stored value.
        after: Steps to apply; may be empty.
        result: The value that they give.
    """

    store: Store
    name: str
    after: Transform
    result: str

    def __len__(self) -> int:
        return len(self.store)

    def read(self, rows: NDArray[np.intp] | slice) -> NDArray[Any]:
        """Some rows of the result."""
        return self.after({self.name: self.store.read(rows)[self.name]})[self.result]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, deviation (divided by n) and bounds of each place, float64 ``(place,)``."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def chunks(values: Values) -> Iterator[NDArray[Any]]:
    """All rows in order, so many at a time that memory stays small."""
    first = values.read(slice(0, 1))
    step = max(1, CHUNK_VALUES // max(1, first.size))
    for start in range(0, len(values), step):
        yield values.read(slice(start, start + step))


def by_place(chunk: NDArray[Any], over: str) -> NDArray[np.float64]:
    """As float64 ``(value, place)``: the places of the last axis, or all in one."""
    n_places = 1 if over == "all" else chunk.shape[-1]
    return chunk.reshape(-1, n_places).astype(np.float64)


def moments(values: Values, *, over: str) -> Moments:
    """Statistics in one pass, merged chunk by chunk.

    Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample
    variances, 1979.
    """
    count = 0
    mean = squares = np.zeros(0)
    low = high = np.zeros(0)
    for chunk in chunks(values):
        n_places = 1 if over == "all" else chunk.shape[-1]
        flat = chunk.reshape(len(chunk), -1)  # along its rows numpy reduces fastest
        n = flat.size // n_places
        by_value = flat.mean(axis=0, dtype=np.float64).reshape(-1, n_places)
        chunk_mean = by_value.mean(axis=0)
        centred = flat - np.tile(chunk_mean, flat.shape[1] // n_places)
        centred *= centred
        chunk_squares = centred.sum(axis=0).reshape(-1, n_places).sum(axis=0)
        chunk_low = flat.min(axis=0).reshape(-1, n_places).min(axis=0).astype(np.float64)
        chunk_high = flat.max(axis=0).reshape(-1, n_places).max(axis=0).astype(np.float64)
        if count == 0:
            count, mean, squares = n, chunk_mean, chunk_squares
            low, high = chunk_low, chunk_high
            continue
        shift = chunk_mean - mean
        total = count + n
        mean = mean + shift * (n / total)
        squares = squares + chunk_squares + np.square(shift) * (count * n / total)
        low = np.minimum(low, chunk_low)
        high = np.maximum(high, chunk_high)
        count = total
    return Moments(mean, np.sqrt(squares / count), low, high)


def sampled(values: Values, *, over: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """All values as ``(value, place)``, or of big data a seeded sample.

    Up to 16,777,216 values all are taken. Above, rows are drawn without repeating; where that
    would leave fewer than 1,024 rows, also the positions within a row.
    """
    first = values.read(slice(0, 1))
    row_values = max(1, first.size)
    if len(values) * row_values <= SAMPLE_VALUES:
        return np.concatenate([by_place(chunk, over) for chunk in chunks(values)])
    n_rows = min(len(values), max(SAMPLE_ROWS, SAMPLE_VALUES // row_values))
    rows = np.sort(rng.choice(len(values), n_rows, replace=False))
    n_positions = row_values // first.shape[-1]
    n_kept = max(1, min(n_positions, SAMPLE_VALUES // (n_rows * first.shape[-1])))
    step = max(1, CHUNK_VALUES // row_values)
    parts: list[NDArray[np.float64]] = []
    for start in range(0, n_rows, step):
        chunk = values.read(rows[start : start + step])
        flat = chunk.reshape(len(chunk), n_positions, chunk.shape[-1])
        if n_kept < n_positions:
            flat = flat[:, np.sort(rng.choice(n_positions, n_kept, replace=False))]
        parts.append(by_place(flat, over))
    return np.concatenate(parts)
