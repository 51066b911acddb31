"""The directory form of a bundle: the files that it lists are read, and no other is opened."""

from __future__ import annotations

import os
import stat
from itertools import islice
from typing import TYPE_CHECKING

from edgesmith_runtime.archive import (
    MAX_ARCHIVE_BYTES,
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    folders_of,
    one_line,
)
from edgesmith_runtime.checksums import MAX_SUMS_BYTES, SUMS, check_listed, read_checksums
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["read_regular", "read_unpacked"]

_MAX_FILES = MAX_MEMBERS + 2  # SHA256SUMS and SIGNATURE, which it does not list


def read_unpacked(
    directory: str | os.PathLike[str],
    *,
    unlisted: Mapping[str, int],
    check: Callable[[Mapping[str, bytes]], object],
) -> dict[str, bytes]:
    """The content of a directory by name, SHA256SUMS among it; digests are not checked here.

    Args:
        directory: The unpacked bundle.
        unlisted: Names of files that SHA256SUMS does not list and that may be there, and how many
            bytes each may have.
        check: Refuses SHA256SUMS and these before a listed file is read.

    Raises:
        BundleError: A file is missing, surplus, too large or no regular file; the message names
            the directory and the file.
        OSError: Something cannot be read.
    """
    try:
        sums = read_regular(
            _below(directory, SUMS), max_bytes=MAX_SUMS_BYTES, follow_links=False
        )
    except FileNotFoundError:
        sums = None
    if sums is None:  # what it is, not that something could not be read
        raise BundleError(
            f"{directory}: not a bundle: the directory has no {SUMS}; give NAME.edge, or what "
            "`edgesmith unpack` made of it"
        )
    try:
        listed = read_checksums(sums)
        folders = {folder for name in listed for folder in folders_of(name)}
        # A folder of millions is not listed to its end; the first file too many is named.
        there = set(islice(_walk(directory, "", folders), _MAX_FILES + 1)) - {SUMS}
        check_listed(listed, there - unlisted.keys())
    except BundleError as error:
        raise BundleError(f"{directory}: {error}") from error
    files: dict[str, bytes] = {SUMS: sums}
    for name in there & unlisted.keys():
        files[name] = read_regular(
            _below(directory, name), max_bytes=unlisted[name], follow_links=False
        )
    try:
        check(files)
    except BundleError as error:
        raise type(error)(f"{directory}: {error}") from error
    left = MAX_ARCHIVE_BYTES  # of both forms
    for name in sorted(there - unlisted.keys()):
        most = min(MAX_MEMBER_BYTES, left)
        files[name] = read_regular(_below(directory, name), max_bytes=most, follow_links=False)
        left -= len(files[name])
    return files


def _below(directory: str | os.PathLike[str], name: str) -> str:
    return os.path.join(directory, name)  # noqa: PTH118 - pathlib takes 5 ms to import


def _walk(directory: str | os.PathLike[str], prefix: str, folders: set[str]) -> Iterator[str]:
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
                yield from _walk(entry.path, f"{name}/", folders)
            elif entry.is_file(follow_symlinks=False):
                yield name
            else:
                raise BundleError(f"{shown}: expected a regular file, got a device or a pipe")


def read_regular(path: str | os.PathLike[str], *, max_bytes: int, follow_links: bool) -> bytes:
    """The content of a regular file; a device or a pipe is refused before anything is read.

    It is looked at after it was opened, so that it cannot be another one by then, and as many
    bytes are read as it had at that moment. A file with several names (hard links) is taken:
    package managers share files so, and what counts is the content, which is read once.

    Raises:
        BundleError: No regular file, above ``max_bytes``, or of another length at the end.
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
            content = file.read(status.st_size)
            if len(content) != status.st_size or file.read(1):
                raise BundleError(
                    f"{path}: its length changed while it was read; copy the bundle again"
                )
            return content
    finally:
        os.close(descriptor)
