"""The directory form of a bundle: the files that it lists are read, and no other is opened."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from edgesmith_runtime.archive import MAX_MEMBER_BYTES, one_line
from edgesmith_runtime.checksums import MAX_SUMS_BYTES, SUMS, check_listed, read_checksums
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_regular", "read_unpacked"]


def read_unpacked(directory: Path, *, unlisted: frozenset[str]) -> dict[str, bytes]:
    """The content of a directory by name, SHA256SUMS among it; digests are not checked here.

    Args:
        directory: The unpacked bundle.
        unlisted: Names of files that SHA256SUMS does not list and that may be there.

    Raises:
        BundleError: A file is missing, surplus, too large or no regular file; the message names
            the directory and the file.
        OSError: Something cannot be read.
    """
    place = directory / SUMS
    if not place.exists():
        raise BundleError(f"{directory}: not a bundle: the directory has no {SUMS}")
    sums = read_regular(place, max_bytes=MAX_SUMS_BYTES, follow_links=False)
    try:
        listed = read_checksums(sums)
        folders = {name[: match.start()] for name in listed for match in re.finditer("/", name)}
        there = set(_walk(directory, "", folders)) - {SUMS}
        check_listed(listed, there - unlisted)
    except BundleError as error:
        raise BundleError(f"{directory}: {error}") from error
    files = {
        name: read_regular(directory / name, max_bytes=MAX_MEMBER_BYTES, follow_links=False)
        for name in sorted(there)
    }
    return {SUMS: sums, **files}


def _walk(directory: Path, prefix: str, folders: set[str]) -> Iterator[str]:
    """Names of all files below; what is neither a file nor one of ``folders`` is refused."""
    with os.scandir(directory) as entries:
        for entry in entries:
            name = prefix + entry.name
            shown = one_line(name)
            if entry.is_symlink():
                raise BundleError(f"{shown}: a bundle holds no symbolic links; unpack it again")
            if entry.is_dir(follow_symlinks=False):
                if name not in folders:
                    raise BundleError(f"{shown}: a folder that {SUMS} does not list; remove it")
                yield from _walk(directory / entry.name, f"{name}/", folders)
            elif entry.is_file(follow_symlinks=False):
                yield name
            else:
                raise BundleError(f"{shown}: expected a regular file, got a device or a pipe")


def read_regular(path: Path, *, max_bytes: int, follow_links: bool) -> bytes:
    """The content of a regular file; a device or a pipe is refused before anything is read.

    Raises:
        BundleError: No regular file, or above ``max_bytes``.
        OSError: It cannot be read, or is a link that shall not be followed.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0)))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"{path}: expected a regular file, got a folder, device or pipe")
        if status.st_size > max_bytes:
            raise BundleError(
                f"{path}: expected at most {max_bytes} bytes, got {status.st_size}"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)
