"""Windows of long recordings: a table whose rows are points in time, each with its label."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from edgesmith.core import Dataset, Provenance
from edgesmith.sources.frame import is_missing, read_frame, require_column
from edgesmith.sources.opening import content_sha256
from edgesmith.sources.series import SERIES_INPUT, SeriesSamples
from edgesmith.sources.splits import given_groups, given_splits
from edgesmith.sources.targets import targets_from_cells
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import RecordingsSource, SplitConfig
    from edgesmith_runtime.manifest import Task

__all__ = ["load_recordings"]


def load_recordings(source: RecordingsSource, *, split: SplitConfig, task: Task) -> Dataset:
    """Windows of equal length, none over the end of a recording; each has one label.

    Windows of one recording stay in one split, unless ``split.group`` says otherwise. A split
    column is read at the first point of a window.

    Raises:
        DataError: The table or a column is missing, a cell of a channel is no number, or no
            recording is long enough for a window.
        ConfigError: A channel is the target or another column with a role, or stands twice; or
            every window has several labels and is left out.
    """
    frame = read_frame(source.path)
    where = str(source.path)
    labels = require_column(frame, source.target, where=where).to_list()
    names = _channel_names(source, split, frame.columns)
    points = np.stack([_numbers(frame, name, source, where) for name in names], axis=1)
    recordings = _recordings(source, frame, where)
    starts = _starts(recordings, source)
    pure = [start for start in starts if _is_pure(labels[start : start + source.length])]
    kept = pure if source.mixed == "drop" else starts
    if not starts:
        raise DataError(
            f"{where}: no window of {source.length} points lies within one recording"
        )
    if not kept:
        raise ConfigError(
            f'source.mixed: "drop" leaves none of {len(starts)} windows, each has several '
            f"values of '{source.target}'; set it to \"most_frequent\", or take a smaller "
            "source.length"
        )
    first_rows = frame[kept]
    groups = given_groups(split, first_rows, where=where)
    if groups is None and source.recording is not None:
        groups = recordings[kept]
    return Dataset(
        raw_inputs=(SERIES_INPUT,),
        samples=SeriesSamples(
            [points[start : start + source.length] for start in kept],
            [f"{where}, rows {start} to {start + source.length - 1}" for start in kept],
        ),
        targets=targets_from_cells(
            [_commonest(labels[start : start + source.length]) for start in kept],
            task=task,
            where=where,
        ),
        splits=given_splits(split, first_rows, n_samples=len(kept), where=where),
        groups=groups,
        provenance=Provenance(
            source=f"recordings {source.path.name}",
            licence=source.licence,
            sha256=content_sha256([source.path]),
        ),
        notes=_notes(source, len(starts) - len(kept), has_groups=groups is not None),
    )


def _channel_names(
    source: RecordingsSource, split: SplitConfig, columns: list[str]
) -> tuple[str, ...]:
    roles = {
        source.target: "source.target",
        source.recording: "source.recording",
        split.column: "split.column",
    }
    if source.channels is None:
        return tuple(name for name in columns if name not in {*roles, split.group})
    for place, name in enumerate(source.channels):
        if name in roles:
            raise ConfigError(
                f"source.channels: '{name}' is {roles[name]}, which no device knows beforehand; "
                "leave it out"
            )
        if name in source.channels[:place]:
            raise ConfigError(f"source.channels: '{name}' stands twice; keep it once")
    return source.channels


def _numbers(
    frame: pl.DataFrame, name: str, source: RecordingsSource, where: str
) -> NDArray[np.float64]:
    """One channel, NaN where a cell is missing."""
    column = require_column(frame, name, where=where)
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        column = column.set(column.is_in([*source.missing, ""]), None)
    numbers = column.cast(pl.Float64, strict=False)
    broken = (numbers.is_null() & column.is_not_null()).arg_true()
    if len(broken):
        row = int(broken[0])
        raise DataError(
            f"{where}, row {row}: '{name}': expected a number, got {column[row]!r}; name the "
            "columns to learn from in source.channels"
        )
    return numbers.fill_null(float("nan")).to_numpy().astype(np.float64)


def _recordings(source: RecordingsSource, frame: pl.DataFrame, where: str) -> NDArray[Any]:
    """Of each row the name of its recording."""
    if source.recording is None:
        return np.zeros(frame.height, "U1")
    cells = require_column(frame, source.recording, where=where).to_list()
    for row, cell in enumerate(cells):
        if is_missing(cell, ()):
            raise DataError(f"{where}, row {row}: the '{source.recording}' is missing")
    return np.array([str(cell) for cell in cells], object)


def _starts(recordings: NDArray[Any], source: RecordingsSource) -> list[int]:
    """The first row of each window; rows of a recording stand together."""
    cuts = np.flatnonzero(recordings[1:] != recordings[:-1]) + 1
    bounds = [0, *cuts.tolist(), len(recordings)]
    return [
        start
        for first, end in pairwise(bounds)
        for start in range(first, end - source.length + 1, source.hop or source.length)
    ]


def _is_pure(labels: list[object]) -> bool:
    return all(label == labels[0] for label in labels)


def _commonest(labels: list[object]) -> object:
    """The label of most points, the earlier one of two as common; None where it is missing."""
    counts: dict[object, int] = {}
    for label in labels:
        known = None if is_missing(label, ()) else label
        counts[known] = counts.get(known, 0) + 1
    return max(counts, key=lambda label: counts[label])


def _notes(source: RecordingsSource, n_mixed: int, *, has_groups: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if n_mixed:
        notes.append(f"{source.path}: {n_mixed} windows with more than one label are not used")
    if not has_groups and source.hop is not None and source.hop < source.length:
        notes.append(
            f"{source.path}: windows overlap, and nothing keeps those of one recording in one "
            "split: set source.recording, split.group or split.column"
        )
    return tuple(notes)
