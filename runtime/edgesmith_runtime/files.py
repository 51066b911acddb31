"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edgesmith_runtime.errors import WriteError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["creating", "replacing"]

_CURES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the file size limit (ulimit -f)",
    errno.EROFS: "choose a place that you may write to",
    errno.EACCES: "choose a place that you may write to",
    errno.EPERM: "choose a place that you may write to",
    errno.ENOENT: "make its directory first",
    errno.ENOTDIR: "make its directory first",
    errno.EISDIR: "a directory has that name; take another",
    errno.ENOTEMPTY: "a directory with files has that name; take another",
}


@contextmanager
def replacing(
    path: str | os.PathLike[str], *, size_bytes: int | None = None
) -> Generator[Path]:
    """Write a file beside its place, then rename it over: readers see the old or the new one.

    The draft is flushed to the disk before the rename and the directory after it, so the same
    holds over a power loss. Each writer locks its own draft for as long as it lives: several may
    write at once, the last whole one wins, and a draft without a lock was left by a killed
    writer and is swept by the next.

    Args:
        path: Where the file shall be; its directory must exist.
        size_bytes: What the file needs, for the message when there is no room.

    Yields:
        The path of the draft, an empty file with the suffix of ``path``, to write to.

    Raises:
        WriteError: The file cannot be written; the old one, if any, is untouched.
    """
    target = Path(path)
    with _draft(target, _new_file, size_bytes) as draft:
        yield draft
        _flush(draft)
        os.replace(draft, target)  # noqa: PTH105 - one name for the call here and in its tests
        _flush_directory(target.parent)


@contextmanager
def creating(
    directory: str | os.PathLike[str], *, size_bytes: int | None = None
) -> Generator[Path]:
    """Fill a directory beside its place, then rename it: it is absent or whole.

    Args:
        directory: Where the directory shall be; absent, or there and empty.
        size_bytes: What its files need, for the message when there is no room.

    Yields:
        The path of the draft directory, to fill.

    Raises:
        WriteError: The directory has files, or cannot be written; nothing is left behind.
    """
    target = Path(directory)
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise WriteError(
            f"{target}: expected a new directory, there is a file; take another name"
        )
    if target.is_dir() and any(target.iterdir()):
        raise WriteError(f"{target}: expected a new directory, it has files; take another name")
    with _draft(target, _new_directory, size_bytes) as draft:
        yield draft
        for folder, _, names in os.walk(draft, topdown=False):
            for name in names:
                _flush(Path(folder, name))
            _flush_directory(Path(folder))
        os.replace(draft, target)  # noqa: PTH105 - as above
        _flush_directory(target.parent)


@contextmanager
def _draft(
    target: Path, create: Callable[[Path], int], size_bytes: int | None
) -> Generator[Path]:
    try:
        _sweep(target)
        draft, lock = _locked_draft(target, create)
        try:
            yield draft
        finally:
            with suppress(OSError):
                _remove(draft)
            os.close(lock)
    except OSError as error:
        if not _concerns(error, target):
            raise
        needed = "" if size_bytes is None else f" ({size_bytes} bytes are needed)"
        cure = _CURES.get(error.errno or 0, "see that its directory can be written to")
        reason = error.strerror or str(error)
        raise WriteError(f"{target}: cannot be written: {reason}{needed}; {cure}") from error


def _name_parts(target: Path) -> tuple[str, str]:
    """What the names of all drafts of a target start and end with.

    The suffix is kept because some savers ask for theirs; the stem is cut because a file name
    has at most 255 bytes.
    """
    return f".{target.stem[:50]}.", f".draft{target.suffix[:50]}"


def _locked_draft(target: Path, create: Callable[[Path], int]) -> tuple[Path, int]:
    start, end = _name_parts(target)
    while True:
        draft = target.parent / f"{start}{uuid.uuid4().hex[:16]}{end}"
        lock = create(draft)
        if _lock(lock, wait=True) and not draft.exists():
            os.close(lock)  # a sweep came between its making and its lock
            continue
        return draft, lock


def _new_file(draft: Path) -> int:
    return os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


def _new_directory(draft: Path) -> int:
    draft.mkdir()
    return os.open(draft, os.O_RDONLY)


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether this process now holds the lock; a file system without locks gives False."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _sweep(target: Path) -> None:
    """Remove the drafts of this target that nobody holds."""
    start, end = _name_parts(target)
    with suppress(OSError):
        for stray in target.parent.iterdir():
            if stray.name.startswith(start) and stray.name.endswith(end):
                _remove_unheld(stray)


def _remove_unheld(stray: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(stray, os.O_RDONLY)
        try:
            if _lock(descriptor, wait=False):
                _remove(stray)
        finally:
            os.close(descriptor)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft)
    else:
        draft.unlink(missing_ok=True)


def _concerns(error: OSError, target: Path) -> bool:
    """Whether an error is of the writing, not of something that the caller read meanwhile."""
    filename = cast("object", error.filename)
    if not isinstance(filename, str | Path):
        return True
    named = str(filename)
    beside = str(target.parent / _name_parts(target)[0])
    return named.startswith(beside) or named == str(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_directory(path: Path) -> None:
    if sys.platform != "win32":  # which has no descriptors of directories
        _flush(path)
