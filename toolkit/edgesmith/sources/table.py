"""Tables: one row a sample, each cell as the app will hand it in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from edgesmith.core import Dataset, Provenance
from edgesmith.sources.frame import is_missing, read_frame, require_column
from edgesmith.sources.opening import content_sha256
from edgesmith.sources.splits import given_groups, given_splits
from edgesmith.sources.targets import targets_from_cells
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Kind, RawInput, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from edgesmith.config import SplitConfig, TableSource

__all__ = ["TableSamples", "load_table", "row_input"]


class TableSamples:
    """The rows of a frame, held in memory in its compact form.

    Args:
        frame: The columns to learn from.
        name: The file, for messages.
    """

    def __init__(self, frame: pl.DataFrame, name: str) -> None:
        self._frame = frame
        self._name = name
        self._keys: list[bytes] = []

    def __len__(self) -> int:
        return self._frame.height

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, Any]:
        """``{"row": {column: cells}}``."""
        taken = self._frame[rows]
        return {"row": {column.name: column.to_list() for column in taken}}

    def key(self, row: int) -> bytes:
        """Over the cells of the row; made for all rows at the first call."""
        if not self._keys:
            self._keys = [
                hashlib.blake2b(repr(cells).encode(), digest_size=16).digest()
                for cells in self._frame.iter_rows()
            ]
        return self._keys[row]

    def place(self, row: int) -> str:
        """The file and the row, from 0 without the header, as split files count."""
        return f"{self._name}, row {row}"


def row_input(columns: Sequence[str]) -> RawInput:
    """The raw input of a table."""
    accepts = f"a row as a mapping with the columns {', '.join(columns)}"
    return RawInput(name="row", kind=Kind.TABLE, accepts=accepts)


def load_table(source: TableSource, *, split: SplitConfig, task: Task) -> Dataset:
    """A CSV, TSV or Parquet file; rows without a target stay, with a target of None or NaN.

    Raises:
        DataError: See ``read_frame``; a column is unknown; no features are left.
        ConfigError: The target, or a column that is dropped or splits, stands among the features.
    """
    frame = read_frame(source.path, separator=source.separator, unused=source.drop)
    where = str(source.path)
    target = require_column(frame, source.target, where=where)
    markers = source.missing_by_column.get(source.target, source.missing)
    cells = [None if is_missing(cell, markers) else cell for cell in target.to_list()]
    features = _features(frame, source, split)
    return Dataset(
        raw_inputs=(row_input(features),),
        samples=TableSamples(frame.select(features), source.path.name),
        targets=targets_from_cells(cells, task=task, where=where),
        splits=given_splits(split, frame, n_samples=frame.height, where=where),
        groups=given_groups(split, frame, where=where),
        provenance=Provenance(
            source=f"table {source.path.name}",
            licence=source.licence,
            sha256=content_sha256([source.path]),
        ),
    )


def _features(frame: pl.DataFrame, source: TableSource, split: SplitConfig) -> list[str]:
    """The columns to learn from, in the file's order."""
    named = (
        *source.drop,
        *source.categories,
        *source.missing_by_column,
        *(source.features or ()),
    )
    for name in named:
        require_column(frame, name, where=str(source.path))
    if source.features is not None and source.target in source.features:
        raise ConfigError(f"source.features: '{source.target}' is the target")
    left_out = {source.target, split.column, split.group, *source.drop}
    wanted = frame.columns if source.features is None else source.features
    for name in source.features or ():
        if name in left_out:
            use = "in source.drop" if name in source.drop else "for the split"
            raise ConfigError(f"source.features: '{name}' is {use}, too; keep one")
    features = [name for name in frame.columns if name in wanted and name not in left_out]
    if not features:
        raise DataError(f"{source.path}: no column is left to learn from")
    return features
