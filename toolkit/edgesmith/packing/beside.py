"""The build that lies beside a bundle, and whether it is the one that the bundle is from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.packing.record import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.packing.record import Record
    from edgesmith_runtime.bundle import Bundle

__all__ = ["BuildBeside", "build_beside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildBeside:
    """What was found.

    Args:
        place: The folder ``build`` beside the bundle, there or not.
        record: Of the build of this bundle; None where there is none.
        is_of_another: Whether a record is there, of a build that made other artifacts.
    """

    place: Path
    record: Record | None
    is_of_another: bool = False


def build_beside(path: Path, bundle: Bundle) -> BuildBeside:
    """Look for the build of a bundle in ``build/`` beside it.

    It is the bundle's own where a candidate of it is, byte for byte, an artifact of the bundle
    with the same file name. The name of the bundle tells nothing: another build may have it, and
    it may be changed.

    Args:
        path: Of the bundle, a file or a folder.
        bundle: The same, read.

    Raises:
        BundleError: What was left is not what was recorded.
    """
    place = path.parent / "build"
    if not (place / "record.json").is_file():
        return BuildBeside(place=place, record=None)
    record = read_record(place)
    if not any(
        _is_same(file, bundle.files.get(name)) for name, file in record.candidates.items()
    ):
        return BuildBeside(place=place, record=None, is_of_another=True)
    return BuildBeside(place=place, record=record)


def _is_same(file: Path, content: memoryview | bytes | None) -> bool:
    if content is None or file.stat().st_size != len(content):
        return False
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").digest()
    return found == hashlib.sha256(content).digest()
