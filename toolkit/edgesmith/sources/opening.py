"""Files opened with the checks that give a clear error: there, not empty, and gzip where so named."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

__all__ = ["check_file", "check_folder", "content_sha256", "opened", "plain_suffix"]

GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
CHUNK_BYTES = 1 << 20


def plain_suffix(path: Path) -> str:
    """The suffix that says what a file is, lower case: ``.csv`` of ``a.CSV.gz``."""
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def check_file(path: Path) -> None:
    """Refuse what is no readable file with content.

    Raises:
        DataError: Missing, a directory, unreadable or empty.
    """
    try:
        if not path.exists():
            raise DataError(f"{path}: there is no such file")
        if not path.is_file():
            raise DataError(f"{path}: expected a file, got a directory")
        with path.open("rb") as stream:
            if not stream.read(1):
                raise DataError(f"{path}: the file is empty")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def check_folder(path: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DataError: Missing, or a file.
    """
    if path.exists() and not path.is_dir():
        raise DataError(f"{path}: expected a folder, got a file")
    if not path.is_dir():
        raise DataError(f"{path}: there is no such folder")


@contextmanager
def opened(path: Path) -> Generator[IO[bytes]]:
    """A stream of a file's content, unpacked where the name ends in ``.gz``.

    Raises:
        DataError: As ``check_file``; or the name and the content disagree on gzip, or the packed
            content is damaged.
    """
    check_file(path)
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == GZIP_MAGIC
    named_gzip = path.suffix.lower() == ".gz"
    if named_gzip and not is_gzip:
        raise DataError(f"{path}: named .gz, but its content is not gzip")
    if is_gzip and not named_gzip:
        raise DataError(f"{path}: its content is gzip; unpack it, or name it {path.name}.gz")
    try:
        with gzip.open(path) if is_gzip else path.open("rb") as stream:
            yield cast("IO[bytes]", stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip content: {error}") from error


def content_sha256(paths: Iterable[Path]) -> str:
    """One digest over the bytes of several files, in order, a chunk at a time."""
    digest = hashlib.sha256()
    for path in paths:
        check_file(path)
        digest.update(str(path.stat().st_size).encode() + b"\n")
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()
