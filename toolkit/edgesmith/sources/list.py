"""A list file: a table whose rows name one file each, in a folder or a zip."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.core import Dataset, Provenance
from edgesmith.sources.arrays import tensor_input
from edgesmith.sources.audio_folder import AUDIO_INPUT
from edgesmith.sources.files import FileSamples, FolderFiles, ZipFiles
from edgesmith.sources.frame import is_missing, read_frame, require_column
from edgesmith.sources.image_folder import IMAGE_INPUT
from edgesmith.sources.opening import check_file, check_folder, content_sha256
from edgesmith.sources.series import SERIES_INPUT
from edgesmith.sources.splits import given_groups, given_splits
from edgesmith.sources.targets import targets_from_cells
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from edgesmith.config import ListSource, SplitConfig
    from edgesmith.sources.files import Files
    from edgesmith_runtime.manifest import Task

__all__ = ["load_list"]

FILE_INPUTS = {"image": IMAGE_INPUT, "audio": AUDIO_INPUT, "series": SERIES_INPUT}


def load_list(source: ListSource, *, split: SplitConfig, task: Task) -> Dataset:
    """The files in the order of the list.

    Raises:
        DataError: The list or a file that it names is missing; the message names the row.
    """
    frame = read_frame(source.path)
    where = str(source.path)
    cells = require_column(frame, source.path_column, where=where).to_list()
    names: list[str] = []
    for row, cell in enumerate(cells):
        if is_missing(cell, ()):
            raise DataError(f"{where}, row {row}: the '{source.path_column}' is missing")
        names.append(str(cell).strip().replace("\\", "/"))
    labels = require_column(frame, source.label_column, where=where).to_list()
    samples = FileSamples(_files(source, names), names, source.holds)
    if source.holds == "tensor":
        first = samples.read(np.array([0]))["tensor"][0]
        raw_input = tensor_input(first.shape)
    else:
        raw_input = FILE_INPUTS[source.holds]
    return Dataset(
        raw_inputs=(raw_input,),
        samples=samples,
        targets=targets_from_cells(
            [None if is_missing(label, ()) else label for label in labels],
            task=task,
            where=where,
        ),
        splits=given_splits(split, frame, n_samples=frame.height, where=where),
        groups=given_groups(split, frame, where=where),
        provenance=Provenance(
            source=f"list {source.path.name}",
            licence=source.licence,
            sha256=hashlib.sha256(
                (content_sha256([source.path]) + samples.sha256).encode()
            ).hexdigest(),
        ),
    )


def _files(source: ListSource, names: list[str]) -> Files:
    if source.base is not None and source.base.suffix.lower() == ".zip":
        check_file(source.base)
        return ZipFiles(source.base, [str(PurePosixPath(name)) for name in names])
    base = source.path.parent if source.base is None else source.base
    check_folder(base)
    paths = [base / name for name in names]
    for row, path in enumerate(paths):
        if not path.is_file():
            raise DataError(f"{source.path}, row {row}: there is no file {path}")
    return FolderFiles(paths)
