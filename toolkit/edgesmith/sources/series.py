"""Series in `.ts` files, a file a split."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from edgesmith.core import Dataset, Provenance, Split
from edgesmith.sources.opening import content_sha256
from edgesmith.sources.splits import given_groups, splits_of_parts
from edgesmith.sources.targets import targets_from_cells
from edgesmith.sources.ts_file import read_ts
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith.config import SeriesSource, SplitConfig
    from edgesmith_runtime.manifest import Task

__all__ = ["SERIES_INPUT", "SeriesSamples", "load_series"]

SERIES_INPUT = RawInput(
    name="series",
    kind=Kind.SERIES,
    accepts=(
        "a series: a path, the bytes of a CSV file, a list of numbers, or an array (time,) or "
        "(time, channels)"
    ),
)


class SeriesSamples:
    """Series in memory.

    Args:
        series: Each ``(time, channels)``.
        places: Where each is, for messages.
    """

    def __init__(self, series: Sequence[NDArray[np.float64]], places: Sequence[str]) -> None:
        self._series = series
        self._places = places

    def __len__(self) -> int:
        return len(self._series)

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, Any]:
        """A list of arrays, ``(time, channels)`` each."""
        return {SERIES_INPUT.name: [self._series[row] for row in rows]}

    def key(self, row: int) -> bytes:
        """Over shape and points."""
        series = self._series[row]
        return hashlib.blake2b(
            repr(series.shape).encode() + series.tobytes(), digest_size=16
        ).digest()

    def place(self, row: int) -> str:
        """File and line."""
        return self._places[row]


def load_series(source: SeriesSource, *, split: SplitConfig, task: Task) -> Dataset:
    """The cases of ``.ts`` files, with their labels.

    Raises:
        DataError: A file is missing or not what its name says; the files differ in channels.
    """
    parts = [(Split.TRAIN, source.path)]
    if source.validation_path is not None:
        parts.append((Split.VALIDATION, source.validation_path))
    if source.test_path is not None:
        parts.append((Split.TEST, source.test_path))
    files = [read_ts(path) for _, path in parts]
    series = [points for file in files for points in file.series]
    places = [place for file in files for place in file.places]
    for points, place in zip(series, places, strict=True):
        if points.shape[1] != series[0].shape[1]:
            raise DataError(
                f"{place}: expected {series[0].shape[1]} channels as in {places[0]}, "
                f"got {points.shape[1]}"
            )
    where = str(source.path)
    counts = [(part, len(file.series)) for (part, _), file in zip(parts, files, strict=True)]
    labels = [label for file in files for label in file.labels]
    return Dataset(
        raw_inputs=(SERIES_INPUT,),
        samples=SeriesSamples(series, places),
        targets=targets_from_cells(labels, task=task, where=where),
        splits=splits_of_parts(split, counts, where=where),
        groups=given_groups(split, None, where=where),
        provenance=Provenance(
            source=f"series {source.path.name}",
            licence=source.licence,
            sha256=content_sha256(path for _, path in parts),
        ),
    )
