"""The splits that a column, a file or separate paths give; what is left open stays ""."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Split
from edgesmith.sources.frame import is_missing, read_frame, require_column
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from edgesmith.config import SplitConfig

__all__ = ["given_groups", "given_splits", "splits_of_parts"]

WORDS = {
    "train": Split.TRAIN,
    "val": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
}


def given_splits(
    split: SplitConfig, frame: pl.DataFrame | None, *, n_samples: int, where: str
) -> NDArray[np.str_]:
    """The split of each sample by ``split.column`` or ``split.file``, "" where none is given.

    Args:
        split: The ``[split]`` section.
        frame: The table or list, for ``split.column``; None where the source has no columns.
        n_samples: Of the source.
        where: The source, for messages.

    Raises:
        ConfigError: Both are set, or a column is asked of a source without columns.
        DataError: A word that is no split, or a row that is not there or stands twice.
    """
    if split.column is not None and split.file is not None:
        raise ConfigError("split.column and split.file are both set; keep one")
    if split.column is not None:
        if frame is None:
            raise ConfigError("split.column: this source has no columns; use split.file")
        cells = require_column(frame, split.column, where=where).to_list()
        words = [_split_of(cell, f"{where}, row {row}") for row, cell in enumerate(cells)]
        return np.array(words, "U10")
    splits = np.zeros(n_samples, "U10")
    if split.file is not None:
        listed = read_frame(split.file)
        rows = require_column(listed, "row", where=str(split.file)).to_list()
        words = require_column(listed, "split", where=str(split.file)).to_list()
        seen: set[int] = set()
        for line, (row, word) in enumerate(zip(rows, words, strict=True)):
            place = f"{split.file}, row {line}"
            index = _row_index(row, place, n_samples)
            if index in seen:
                raise DataError(f"{place}: row {index} stands twice")
            seen.add(index)
            splits[index] = _split_of(word, place)
    return splits


def _row_index(cell: object, place: str, n_samples: int) -> int:
    text = str(cell).strip()
    if not text.isdecimal() or int(text) >= n_samples:
        raise DataError(f"{place}: expected a row from 0 to {n_samples - 1}, got {cell!r}")
    return int(text)


def _split_of(cell: object, place: str) -> str:
    if is_missing(cell, ()):
        return ""
    word = str(cell).strip().lower()
    if word not in WORDS:
        raise DataError(f"{place}: expected train, validation (or val) or test, got {cell!r}")
    return WORDS[word]


def splits_of_parts(
    split: SplitConfig, counts: Sequence[tuple[Split, int]], *, where: str
) -> NDArray[np.str_]:
    """The same for a source of one or several files, each of which may be a split by itself.

    Args:
        split: The ``[split]`` section.
        counts: How many samples each part has, in order; the first is the training part.
        where: The source, for messages.

    Raises:
        ConfigError: Separate parts and ``split.file`` both give splits.
    """
    n_samples = sum(count for _, count in counts)
    given = given_splits(split, None, n_samples=n_samples, where=where)
    if len(counts) == 1:
        return given
    if split.file is not None:
        raise ConfigError(
            "split.file and a separate test or validation path are both set; keep one"
        )
    return np.repeat(
        np.array([part for part, _ in counts], "U10"), [count for _, count in counts]
    )


def given_groups(
    split: SplitConfig, frame: pl.DataFrame | None, *, where: str
) -> NDArray[Any] | None:
    """The group of each sample as text, by ``split.group``; a missing one is a group of its own.

    Raises:
        ConfigError: A group is asked of a source without columns.
    """
    if split.group is None:
        return None
    if frame is None:
        raise ConfigError("split.group: this source has no columns")
    cells = require_column(frame, split.group, where=where).to_list()
    groups = np.empty(len(cells), object)
    groups[:] = [
        f"(none) {row}" if is_missing(cell, ()) else str(cell) for row, cell in enumerate(cells)
    ]
    return groups
