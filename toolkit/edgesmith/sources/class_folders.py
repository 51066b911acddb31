"""Files in sub-folders that name their classes, whatever the files hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgesmith.core import Dataset, Provenance, Split
from edgesmith.ordering import naturally_sorted
from edgesmith.sources.files import FileSamples, FolderFiles
from edgesmith.sources.opening import check_folder
from edgesmith.sources.splits import given_groups, splits_of_parts
from edgesmith.sources.targets import targets_from_cells
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from edgesmith.config import SplitConfig
    from edgesmith_runtime.manifest import RawInput, Task

__all__ = ["FileKind", "load_class_folders"]

SPLIT_WORDS = frozenset(["train", "training", "test", "testing", "val", "valid", "validation"])


class _Folders(Protocol):
    """What the sources of folders have in common."""

    @property
    def path(self) -> Path: ...
    @property
    def test_path(self) -> Path | None: ...
    @property
    def validation_path(self) -> Path | None: ...
    @property
    def licence(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """Which files count, and what to call them.

    Args:
        raw_input: That they are.
        suffixes: In lower case, with the dot.
        singular: For messages, with its article, e.g. "an image".
        plural: The same, e.g. "images".
    """

    raw_input: RawInput
    suffixes: frozenset[str]
    singular: str
    plural: str


def load_class_folders(
    source: _Folders, kind: FileKind, *, split: SplitConfig, task: Task
) -> Dataset:
    """Files by class, in natural order; deeper folders count to their class.

    Hidden files and folders, files of another suffix, and files beside the sub-folders are
    not samples; the account says how many of the last two there are.

    Raises:
        DataError: A folder is missing, has no sub-folders or no such files; a file cannot be read.
    """
    parts = [(Split.TRAIN, source.path)]
    if source.validation_path is not None:
        parts.append((Split.VALIDATION, source.validation_path))
    if source.test_path is not None:
        parts.append((Split.TEST, source.test_path))
    paths: list[Path] = []
    names: list[str] = []
    classes: list[str] = []
    counts: list[tuple[Split, int]] = []
    notes: list[str] = []
    for part, folder in parts:
        found, n_others = _found(folder, kind)
        n_beside = sum(
            path.is_file() and not _is_hidden(path.name) for path in folder.iterdir()
        )
        paths += [folder / name for name in found]
        names += [f"{part}/{name}" for name in found]
        classes += [name.split("/", 1)[0] for name in found]
        counts.append((part, len(found)))
        if n_others:
            notes.append(
                f"{folder}: {n_others} files without {kind.singular}'s suffix are not used"
            )
        if n_beside:
            notes.append(f"{folder}: {n_beside} files beside the sub-folders are of no class")
    samples = FileSamples(FolderFiles(paths), names, kind.raw_input.name)
    return Dataset(
        raw_inputs=(kind.raw_input,),
        samples=samples,
        targets=targets_from_cells(classes, task=task, where=str(source.path)),
        splits=splits_of_parts(split, counts, where=str(source.path)),
        groups=given_groups(split, None, where=str(source.path)),
        provenance=Provenance(
            source=f"{kind.raw_input.name} folder {source.path.resolve().name}",
            licence=source.licence,
            sha256=samples.sha256,
        ),
        notes=tuple(notes),
    )


def _found(folder: Path, kind: FileKind) -> tuple[list[str], int]:
    """The files below a folder as ``class/.../file`` in natural order, and how many others."""
    check_folder(folder)
    classes = [
        path.name for path in folder.iterdir() if path.is_dir() and not _is_hidden(path.name)
    ]
    if not classes:
        raise DataError(f"{folder}: expected one sub-folder a class, found none")
    if {name.lower() for name in classes} <= SPLIT_WORDS:
        raise DataError(
            f"{folder}: its sub-folders {sorted(classes)} are splits, not classes; "
            "give them as source.path, source.test_path and source.validation_path"
        )
    found: list[str] = []
    n_others = 0
    for name in naturally_sorted(classes):
        files = [
            path.relative_to(folder).as_posix()
            for path in (folder / name).rglob("*")
            if path.is_file() and not any(map(_is_hidden, path.relative_to(folder).parts))
        ]
        of_class = [file for file in files if Path(file).suffix.lower() in kind.suffixes]
        if not of_class:
            raise DataError(f"{folder / name}: no {kind.plural} found for this class")
        n_others += len(files) - len(of_class)
        found += naturally_sorted(of_class)
    return found, n_others


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
