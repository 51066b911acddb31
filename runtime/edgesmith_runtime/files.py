"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["replacing"]

DRAFT_SUFFIX = ".draft"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file beside its place, then rename it over: readers see the old or the new one.

    The draft is flushed to the disk before the rename and the directory after it, so the same
    holds over a power loss. Drafts that a killed writer left for this path are swept first.

    Args:
        path: Where the file shall be; its directory must exist.

    Yields:
        The path of the draft to write to.
    """
    target = Path(path)
    for stray in target.parent.glob(f".{target.name}.*{DRAFT_SUFFIX}"):
        stray.unlink(missing_ok=True)
    draft = target.parent / f".{target.name}.{uuid.uuid4().hex[:12]}{DRAFT_SUFFIX}"
    try:
        yield draft
        _flush(draft)
        os.replace(draft, target)  # noqa: PTH105 - the fault tests count these calls
        _flush(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
