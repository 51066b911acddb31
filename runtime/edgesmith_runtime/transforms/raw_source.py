"""The file behind a raw input that is given as a path: found to be one, and named in messages."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["content_of", "file_size", "reading", "shortened"]


def content_of(path: str, what: str, max_bytes: int) -> bytes:
    """All bytes of a file.

    Args:
        path: Of a regular file.
        what: The file that is expected, for messages, with its article.
        max_bytes: That it may have.

    Raises:
        InputError: No such file, a directory, a device or a pipe, too large, or not readable.
    """
    with reading(path):
        size = file_size(path, what)
        if size > max_bytes:
            raise InputError(
                f"{shortened(path)}: expected {what} of at most {max_bytes >> 20} MiB, "
                f"got {size >> 20} MiB"
            )
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - quicker than a Path
            return stream.readall()


def file_size(path: str, what: str) -> int:
    """Bytes of a regular file; a device or a pipe may never end, and is refused as a directory is.

    Raises:
        InputError: Another kind of file.
        OSError: There is none.
    """
    found = os.stat(path)  # noqa: PTH116 - a Path takes longer than this
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{shortened(path)}: expected {what}, got a directory")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{shortened(path)}: expected {what}, got a device or a pipe")
    return found.st_size


@contextmanager
def reading(path: str) -> Generator[None]:
    """What the operating system refuses as an InputError that names the path."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{shortened(path)}: there is no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a zero character
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{shortened(path)}: cannot be read: {reason}") from error


def shortened(name: str) -> str:
    """A path for a message, at most 200 characters."""
    return name if len(name) <= 200 else f"{name[:100]}...{name[-90:]}"
