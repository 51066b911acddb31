"""Files and directories that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edgesmith_runtime.errors import WriteError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = [
    "check_place",
    "creating",
    "is_draft",
    "replacing",
    "scratch",
    "sweep",
    "write_new",
]

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

_KINDS = {
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}

_MAX_PART_BYTES = 100

_DRAFT = re.compile(r"\..*\.[0-9a-f]{16}\.draft(\.[^.]*)?", re.DOTALL)


@contextmanager
def replacing(
    path: str | os.PathLike[str],
    *,
    size_bytes: int | None = None,
    aside: str | os.PathLike[str] | None = None,
) -> Generator[Path]:
    """Write a file beside its place, then rename it over: readers see the old or the new one.

    The draft is flushed to the disk before the rename and the directory after it, so the same
    holds over a power loss. Each writer locks its own draft for as long as it lives: several may
    write at once, the last whole one wins, and a draft without a lock was left by a killed
    writer and is swept by the next. A symbolic link to a file is replaced, not followed.

    Args:
        path: Where the file shall be; its directory must exist.
        size_bytes: What the file needs, for the message when there is no room.
        aside: A folder of the same file system for the draft, where its own must not hold one.

    Yields:
        The path of the draft, an empty file with the suffix of ``path``, to write to.

    Raises:
        WriteError: The file cannot be written, or something that is no file is there; what is
            there, if anything, is untouched. Or it is written, and its directory could not be
            flushed, which the message says.
    """
    target = Path(path)
    beside = target if aside is None else Path(aside, target.name)
    with _told(target, size_bytes, beside=beside):
        _check_target(target)
        _sweep(beside)
        with _held(beside, _new_file) as draft:
            yield draft
            _flush(draft)
            os.replace(draft, target)  # noqa: PTH105 - one name for the call here and in its tests
            _settle(target)


def write_new(path: str | os.PathLike[str], content: bytes, *, mode: int) -> None:
    """Write a small file that was not there, straight to its place, so that no other is replaced.

    Args:
        path: Where the file shall be.
        content: At most some kB, which the system takes at once.
        mode: Its rights from the first moment on, less what the umask takes.

    Raises:
        FileExistsError: Something is there, which stays.
        WriteError: The file cannot be written; nothing is left of it.
    """
    target = Path(path)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    with _told(target, len(content)):
        try:
            descriptor = os.open(target, flags, mode)
        except FileExistsError:
            raise
        except OSError as error:
            raise OSError(error.errno, error.strerror) from error  # ours, whatever its path
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        _settle(target)


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
    with _told(target, size_bytes):
        _sweep(target)
        with _held(target, _new_directory) as draft:
            yield draft
            for folder, _, names in os.walk(draft, topdown=False):
                for name in names:
                    _flush(Path(folder, name))
                _flush_directory(Path(folder))
            if sys.platform == "win32" and target.is_dir():  # it renames over no folder
                target.rmdir()
            os.replace(draft, target)  # noqa: PTH105 - as above
            _settle(target)


@contextmanager
def scratch(directory: str | os.PathLike[str] | None = None) -> Generator[Path]:
    """A folder for the files of one piece of work, gone after it.

    Unlike a temporary directory of the standard library, one that a killed process left is
    removed by the next process that makes one in the same place.

    Args:
        directory: Where it shall be; None takes the system's directory for temporary files.

    Yields:
        The path of the folder, empty, for this user alone.

    Raises:
        WriteError: It cannot be made.
    """
    target = Path(tempfile.gettempdir() if directory is None else directory, "edgesmith")
    with ExitStack() as stack:
        with _told(target, None):
            _sweep(target)
            folder = stack.enter_context(_held(target, _new_private_directory))
        yield folder


def sweep(directory: str | os.PathLike[str]) -> None:
    """Remove what killed writers left in a directory: drafts of any name that nobody holds.

    What is below its subdirectories is not looked at; what cannot be removed stays.
    """
    _remove_unheld(Path(directory), _DRAFT)


def is_draft(name: str) -> bool:
    """Whether a file or directory of that name is a draft or a scratch folder of this module."""
    return _DRAFT.fullmatch(name) is not None


def check_place(path: str | os.PathLike[str]) -> None:
    """Refuse at once what could not be written after long work.

    Args:
        path: Where a file shall be.

    Raises:
        WriteError: There is no directory for it, one that may not be written to, or something
            that is no file is there.
    """
    target = Path(path)
    with _told(target, None):
        target.parent.stat()
        _check_target(target)
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _check_target(target: Path) -> None:
    """Refuse to rename over what is no file: a device would be gone, a pipe's reader would wait."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise OSError(error.errno, error.strerror) from error  # ours, whatever its path
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "special file")
        raise WriteError(
            f"{target}: expected a file or nothing, there is a {kind}; take another name"
        )


@contextmanager
def _told(
    target: Path, size_bytes: int | None, *, beside: Path | None = None
) -> Generator[None]:
    """Give an error of the writing, whose draft may be elsewhere, the form that all have."""
    beside = beside or target
    try:
        yield
    except OSError as error:
        if not _concerns(error, beside):
            raise
        draft = "" if beside == target else f", with its draft in {beside.parent}"
        needed = "" if size_bytes is None else f" ({size_bytes} bytes are needed)"
        cure = _CURES.get(error.errno or 0, "see that its directory can be written to")
        reason = error.strerror or str(error)
        raise WriteError(
            f"{target}: cannot be written{draft}: {reason}{needed}; {cure}"
        ) from error


@contextmanager
def _held(target: Path, create: Callable[[Path], int | None]) -> Generator[Path]:
    """A draft under a lock of this process; it is gone afterwards, unless it was renamed.

    Its name is known before it is made, so that no signal finds it made and not yet known.
    """
    start, end = _name_parts(target)
    is_swept = True
    while is_swept:
        draft = target.parent / f"{start}{uuid.uuid4().hex[:16]}{end}"
        try:
            lock = create(draft)
            try:
                # A sweep may have come between its making and its lock.
                is_swept = lock is not None and _lock(lock, wait=True) and not draft.exists()
                if not is_swept:
                    yield draft
            finally:
                if lock is not None:
                    os.close(lock)
        finally:
            with suppress(OSError):
                _remove(draft)


# On Windows there are no locks here, a file that is open cannot be renamed, and a directory cannot
# be opened: a draft has no descriptor there.


def _new_file(draft: Path) -> int | None:
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    if sys.platform == "win32":
        os.close(descriptor)
        return None
    return descriptor


def _new_directory(draft: Path, mode: int = 0o777) -> int | None:
    while True:
        draft.mkdir(mode)
        if sys.platform == "win32":
            return None
        with suppress(FileNotFoundError):  # a sweep came between, which saw no lock yet
            return os.open(draft, os.O_RDONLY)


def _new_private_directory(draft: Path) -> int | None:
    return _new_directory(draft, 0o700)


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether this process now holds the lock; a file system without locks gives False."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _name_parts(target: Path) -> tuple[str, str]:
    """What the names of all drafts of a target start and end with.

    The suffix is kept because some savers ask for theirs; both are cut because a file name has
    at most 255 bytes.
    """
    return f".{_cut(target.stem)}.", f".draft{_cut(target.suffix)}"


def _cut(text: str) -> str:
    return text.encode(errors="surrogatepass")[:_MAX_PART_BYTES].decode(errors="ignore")


def _sweep(target: Path) -> None:
    """Remove the drafts of this target that nobody holds."""
    start, end = map(re.escape, _name_parts(target))
    _remove_unheld(target.parent, re.compile(f"{start}[0-9a-f]{{16}}{end}"))


def _remove_unheld(directory: Path, names: re.Pattern[str]) -> None:
    with suppress(OSError):
        for stray in [one for one in directory.iterdir() if names.fullmatch(one.name)]:
            with suppress(OSError):
                _remove_if_unheld(stray)


def _remove_if_unheld(stray: Path) -> None:
    # Neither through a link of somebody, nor waiting for the other end of a pipe.
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(stray, os.O_RDONLY | flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and _lock(descriptor, wait=False):
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


def _settle(target: Path) -> None:
    """Flush the directory after a rename, where its file system knows how and it may be opened."""
    try:
        _flush_directory(target.parent)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            raise WriteError(
                f"{target}: is written, and a power loss may undo it: {error.strerror or error}; "
                "check the disk and write it again"
            ) from error


def _flush(path: Path) -> None:
    # Windows flushes only what may be written to.
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_directory(path: Path) -> None:
    if sys.platform != "win32":  # which has no descriptors of directories
        _flush(path)
