"""IDX files, as MNIST comes: a magic number, the axes, then the numbers."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Dataset, Provenance, Split
from edgesmith.sources.image_folder import IMAGE_INPUT
from edgesmith.sources.opening import content_sha256, opened
from edgesmith.sources.rows import ArraySamples, MappedRows, MemoryRows
from edgesmith.sources.splits import given_groups, splits_of_parts
from edgesmith.sources.targets import targets_from_array
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import IdxSource, SplitConfig
    from edgesmith.sources.rows import Rows
    from edgesmith_runtime.manifest import Task

__all__ = ["load_idx", "read_idx"]

UINT8 = (
    0x08  # LeCun, Cortes, Burges: "The MNIST database", file formats; images and labels use it
)
MAX_SAMPLE_BYTES = 1 << 30


def load_idx(source: IdxSource, *, split: SplitConfig, task: Task) -> Dataset:
    """Images and labels in two files a split.

    Raises:
        DataError: A file is missing, has another magic number, axes that its length does not
            bear, or another number of labels than images.
        ConfigError: Test images without test labels, or the reverse.
    """
    if (source.test_images is None) != (source.test_labels is None):
        raise ConfigError("source.test_images and source.test_labels: set both or none")
    pairs = [(Split.TRAIN, source.images, source.labels)]
    if source.test_images is not None and source.test_labels is not None:
        pairs.append((Split.TEST, source.test_images, source.test_labels))
    parts: list[tuple[str, Rows]] = []
    targets: list[NDArray[Any]] = []
    for _, images_path, labels_path in pairs:
        images = read_idx(images_path, n_axes=3)
        labels = read_idx(labels_path, n_axes=1)
        if labels.shape[0] != images.shape[0]:
            raise DataError(
                f"{labels_path}: expected {images.shape[0]} labels, one an image, "
                f"got {labels.shape[0]}"
            )
        parts.append((str(images_path), images))
        values = labels.read(np.arange(labels.shape[0]))
        targets.append(targets_from_array(values, task=task, where=str(labels_path)))
    counts = [(pair[0], rows.shape[0]) for pair, (_, rows) in zip(pairs, parts, strict=True)]
    where = str(source.images)
    return Dataset(
        raw_inputs=(IMAGE_INPUT,),
        samples=ArraySamples(parts, IMAGE_INPUT.name),
        targets=np.concatenate(targets),
        splits=splits_of_parts(split, counts, where=where),
        groups=given_groups(split, None, where=where),
        provenance=Provenance(
            source=f"IDX files {source.images.name}",
            licence=source.licence,
            sha256=content_sha256([path for _, *paths in pairs for path in paths]),
        ),
    )


def read_idx(path: Path, *, n_axes: int) -> Rows:
    """An IDX file of unsigned bytes; mapped from the disk, or in memory where it is packed.

    Raises:
        DataError: The magic number, the number of axes or the length is another.
    """
    header_bytes = 4 + 4 * n_axes
    with opened(path) as stream:
        header = stream.read(header_bytes)
        shape = _shape(path, header, n_axes)
        n_expected = math.prod(shape)
        if path.suffix.lower() == ".gz":
            content = stream.read(n_expected + 1)
            n_found = len(content)
        else:
            content = b""
            n_found = path.stat().st_size - header_bytes
    if n_found != n_expected:
        found = "more" if n_found > n_expected else str(n_found)
        raise DataError(
            f"{path}: its header says {n_expected} values of shape {shape}, it holds {found}"
        )
    if not content:
        return MappedRows(path, np.dtype(np.uint8), shape, header_bytes)
    return MemoryRows(np.frombuffer(content, np.uint8).reshape(shape))


def _shape(path: Path, header: bytes, n_axes: int) -> tuple[int, ...]:
    expected = bytes([0, 0, UINT8, n_axes])
    if header[:4] != expected:
        raise DataError(
            f"{path}: not an IDX file of bytes with {n_axes} axes: "
            f"expected the magic number {expected.hex()}, got {header[:4].hex()}"
        )
    if len(header) < 4 + 4 * n_axes:
        raise DataError(f"{path}: cut off within its header")
    shape: tuple[int, ...] = struct.unpack(f">{n_axes}I", header[4:])
    if 0 in shape or math.prod(shape[1:]) > MAX_SAMPLE_BYTES:
        raise DataError(f"{path}: its header says a shape of {shape}")
    return shape
