"""Arrays in ``.npy`` files, read as needed, and ``.npz`` archives, which are read whole."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Dataset, Provenance, Split
from edgesmith.sources.image_folder import IMAGE_INPUT
from edgesmith.sources.opening import check_file, content_sha256
from edgesmith.sources.rows import ArraySamples, MappedRows, MemoryRows
from edgesmith.sources.splits import given_groups, splits_of_parts
from edgesmith.sources.targets import targets_from_array
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import ArraySource, SplitConfig
    from edgesmith.sources.rows import Rows
    from edgesmith_runtime.manifest import Task

__all__ = ["load_arrays", "tensor_input"]


def tensor_input(shape: tuple[int, ...]) -> RawInput:
    """The raw input of samples that are plain arrays."""
    comma = "," if len(shape) == 1 else ""
    text = f"({', '.join(str(axis) for axis in shape)}{comma})"
    return RawInput(name="tensor", kind=Kind.TENSOR, accepts=f"an array of numbers {text}")


def load_arrays(source: ArraySource, *, split: SplitConfig, task: Task) -> Dataset:
    """Samples and targets from arrays; the first axis is the sample.

    Raises:
        DataError: A file is missing or no array file, a key is not in the archive, or samples
            and targets differ in number.
        ConfigError: An ``.npy`` without its targets.
    """
    pairs = [(Split.TRAIN, source.path, source.targets, "source.targets")]
    if source.test_path is not None:
        pairs.append((Split.TEST, source.test_path, source.test_targets, "source.test_targets"))
    elif source.test_targets is not None:
        raise ConfigError("source.test_targets: set without source.test_path")
    parts: list[tuple[str, Rows]] = []
    targets: list[NDArray[Any]] = []
    for _, path, targets_path, key in pairs:
        samples, labels = _pair(source, path, targets_path, key)
        parts.append((str(path), samples))
        targets.append(targets_from_array(labels, task=task, where=str(targets_path or path)))
    raw_input = IMAGE_INPUT if source.holds == "image" else tensor_input(parts[0][1].shape[1:])
    counts = [(pair[0], rows.shape[0]) for pair, (_, rows) in zip(pairs, parts, strict=True)]
    where = str(source.path)
    files = [path for _, *paths, _ in pairs for path in paths if path is not None]
    return Dataset(
        raw_inputs=(raw_input,),
        samples=ArraySamples(parts, raw_input.name),
        targets=np.concatenate(targets),
        splits=splits_of_parts(split, counts, where=where),
        groups=given_groups(split, None, where=where),
        provenance=Provenance(
            source=f"arrays {source.path.name}",
            licence=source.licence,
            sha256=content_sha256(files),
        ),
    )


def _pair(
    source: ArraySource, path: Path, targets_path: Path | None, key: str
) -> tuple[Rows, NDArray[Any]]:
    """The samples and the targets of one part."""
    if path.suffix.lower() == ".npz":
        if targets_path is not None:
            raise ConfigError(
                f"{key}: an .npz holds its targets itself, as '{source.targets_key}'"
            )
        samples: Rows = MemoryRows(_member(path, source.samples_key, "source.samples_key"))
        targets = _member(path, source.targets_key, "source.targets_key")
    else:
        if targets_path is None:
            raise ConfigError(f"{key}: missing; the targets of {path.name}, an .npy file")
        samples = _mapped(path)
        rows = _mapped(targets_path)
        targets = rows.read(np.arange(rows.shape[0]))
    if len(targets) != samples.shape[0]:
        raise DataError(
            f"{targets_path or path}: expected {samples.shape[0]} targets, one a sample, "
            f"got {len(targets)}"
        )
    return samples, targets


def _mapped(path: Path) -> MappedRows:
    check_file(path)
    if path.suffix.lower() != ".npy":
        raise DataError(f"{path}: expected arrays named .npy or .npz")
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{path}: not readable as an .npy array of numbers: {error}") from error
    if not isinstance(array, np.memmap):
        raise DataError(f"{path}: expected one .npy array, got an .npz archive")
    if array.ndim == 0:
        raise DataError(f"{path}: expected an axis of samples, got a single number")
    if not array.flags.c_contiguous:
        raise DataError(
            f"{path}: stored in Fortran order; save it again with numpy.ascontiguousarray"
        )
    return MappedRows(path, array.dtype, array.shape, array.offset)


def _member(path: Path, name: str, key: str) -> NDArray[Any]:
    check_file(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            if name not in archive:
                known = ", ".join(archive)
                raise DataError(
                    f"{path}: there is no array '{name}'; set {key}; known: {known}"
                )
            return archive[name]
    except (
        ValueError,
        EOFError,
        OSError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DataError(f"{path}: not readable as an .npz of numbers: {error}") from error
