"""Tables of texts: one column is the raw input, another the target."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from edgesmith.core import Dataset, Provenance, Split
from edgesmith.sources.frame import is_missing, read_frame, require_column
from edgesmith.sources.opening import content_sha256
from edgesmith.sources.splits import given_groups, given_splits, splits_of_parts
from edgesmith.sources.targets import targets_from_cells
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind, RawInput, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.config import SplitConfig, TextSource

__all__ = ["TEXT_INPUT", "TextSamples", "load_text"]

TEXT_INPUT = RawInput(name="text", kind=Kind.TEXT, accepts="a text")


class TextSamples:
    """Texts in memory.

    Args:
        parts: The texts of each file, with its name for messages.
    """

    def __init__(self, parts: Sequence[tuple[str, Sequence[str]]]) -> None:
        self._texts = [text for _, texts in parts for text in texts]
        self._names = [name for name, _ in parts]
        self._starts = np.cumsum([0, *(len(texts) for _, texts in parts)])

    def __len__(self) -> int:
        return len(self._texts)

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, list[str]]:
        """``{"text": one a row}``."""
        return {TEXT_INPUT.name: [self._texts[row] for row in rows]}

    def key(self, row: int) -> bytes:
        """Over the text's bytes in UTF-8."""
        return hashlib.blake2b(self._texts[row].encode(), digest_size=16).digest()

    def place(self, row: int) -> str:
        """The file and the row in it, from 0 without the header, as split files count."""
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return f"{self._names[part]}, row {row - int(self._starts[part])}"


def load_text(source: TextSource, *, split: SplitConfig, task: Task) -> Dataset:
    """The texts with their targets; a second file is the test split.

    Rows without a target stay, with a target of None or NaN.

    Raises:
        DataError: See ``read_frame``; a column is unknown.
        ConfigError: The text is the target, or a second file and a column of splits are both given.
    """
    if source.text == source.target:
        raise ConfigError(f"source.target: '{source.target}' is the text; name another column")
    paths = [source.path, *([] if source.test_path is None else [source.test_path])]
    frames = [
        read_frame(
            path, separator=source.separator, quote='"' if source.quoting else None
        ).select(pl.all().cast(pl.String))
        for path in paths
    ]
    parts: list[tuple[str, list[str]]] = []
    cells: list[str | None] = []
    for path, frame in zip(paths, frames, strict=True):
        texts = require_column(frame, source.text, where=str(path)).to_list()
        parts.append((path.name, ["" if text is None else text for text in texts]))
        targets = require_column(frame, source.target, where=str(path)).to_list()
        cells += [None if is_missing(cell, ()) else cell for cell in targets]
    where = str(source.path)
    return Dataset(
        raw_inputs=(TEXT_INPUT,),
        samples=TextSamples(parts),
        targets=targets_from_cells(cells, task=task, where=where),
        splits=_splits(split, frames, where),
        groups=_groups(split, frames, where),
        provenance=Provenance(
            source="text " + " and ".join(path.name for path in paths),
            licence=source.licence,
            sha256=content_sha256(paths),
        ),
    )


def _splits(split: SplitConfig, frames: list[pl.DataFrame], where: str) -> NDArray[np.str_]:
    if len(frames) == 1:
        return given_splits(split, frames[0], n_samples=frames[0].height, where=where)
    if split.column is not None:
        raise ConfigError("split.column and source.test_path are both set; keep one")
    counts = list(
        zip((Split.TRAIN, Split.TEST), (frame.height for frame in frames), strict=True)
    )
    return splits_of_parts(split, counts, where=where)


def _groups(
    split: SplitConfig, frames: list[pl.DataFrame], where: str
) -> NDArray[np.object_] | None:
    if split.group is None:
        return None
    columns = [require_column(frame, split.group, where=where) for frame in frames]
    return given_groups(split, pl.concat(columns).to_frame(), where=where)
