"""Samples that are files: in folders, read by the transform itself, or members of a zip."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["FileSamples", "FolderFiles", "Files", "ZipFiles"]

KEY_BYTES = 16


class Files(Protocol):
    """Some files by index, wherever they are."""

    def __len__(self) -> int: ...

    def content(self, index: int) -> bytes:
        """All bytes of one file."""
        ...

    def raw(self, index: int) -> Path | bytes:
        """What the transform reads it from: its path where there is one."""
        ...

    def name(self, index: int) -> str:
        """Where it is, for messages."""
        ...


class FolderFiles:
    """Files on disk.

    Args:
        paths: One a sample.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def content(self, index: int) -> bytes:
        """All bytes of one file; DataError when it cannot be read."""
        try:
            return self._paths[index].read_bytes()
        except OSError as error:
            raise DataError(
                f"{self._paths[index]}: cannot be read: {error.strerror}"
            ) from error

    def raw(self, index: int) -> Path:
        """The path."""
        return self._paths[index]

    def name(self, index: int) -> str:
        """The path as text."""
        return str(self._paths[index])


class ZipFiles:
    """Members of one zip archive, read without unpacking it.

    Args:
        path: The archive.
        members: One a sample.
    """

    def __init__(self, path: Path, members: Sequence[str]) -> None:
        self._path = path
        self._members = members
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{path}: not readable as a zip archive: {error}") from error
        known = set(self._archive.namelist())
        for member in members:
            if member not in known:
                raise DataError(f"{path}: there is no member '{member}'")

    def __len__(self) -> int:
        return len(self._members)

    def content(self, index: int) -> bytes:
        """All bytes of one member; DataError when it is damaged."""
        try:
            return self._archive.read(self._members[index])
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise DataError(f"{self.name(index)}: cannot be read: {error}") from error

    def raw(self, index: int) -> bytes:
        """The bytes."""
        return self.content(index)

    def name(self, index: int) -> str:
        """Archive and member."""
        return f"{self._path}: {self._members[index]}"


class FileSamples:
    """Images, sound and series (handed on as files) or ``.npy`` arrays, one file a sample.

    Every file is read once at the start for its key, and again when it is asked for. One that
    cannot be read is an error only when it is asked for.

    Args:
        files: Where they are.
        labels: A short name of each for the hash of the whole: the same wherever the folder is.
        raw_input: Name of the raw input; "tensor" where the files are arrays.
    """

    def __init__(self, files: Files, labels: Sequence[str], raw_input: str) -> None:
        self._files = files
        self._raw_input = raw_input
        digest = hashlib.sha256()
        self._keys = np.empty((len(files), KEY_BYTES), np.uint8)
        for index, label in enumerate(labels):
            try:
                content = files.content(index)
                key = hashlib.blake2b(content, digest_size=KEY_BYTES).digest()
            except DataError:  # told, or skipped, when the sample itself is read
                content = b""
                key = hashlib.blake2b(
                    f"unreadable {label}".encode(), digest_size=KEY_BYTES
                ).digest()
            self._keys[index] = np.frombuffer(key, np.uint8)
            digest.update(f"{label}\0{len(content)}\0".encode() + key)
        self.sha256 = digest.hexdigest()

    def __len__(self) -> int:
        return len(self._files)

    def read(self, rows: NDArray[np.intp]) -> Mapping[str, Any]:
        """A list: paths or bytes of files, or arrays.

        Raises:
            DataError: A file is not a ``.npy`` array, where one is expected.
        """
        if self._raw_input == "tensor":
            return {self._raw_input: [self._array(row) for row in rows]}
        return {self._raw_input: [self._files.raw(row) for row in rows]}

    def _array(self, row: int) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.load(BytesIO(self._files.content(row)), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise DataError(f"{self._files.name(row)}: not an .npy array of numbers") from error
        if not isinstance(array, np.ndarray):  # pyright: ignore[reportUnnecessaryIsInstance] - an .npz gives its archive
            raise DataError(f"{self._files.name(row)}: expected one .npy array, got an .npz")
        return array

    def key(self, row: int) -> bytes:
        """Over the bytes of the file."""
        return self._keys[row].tobytes()

    def place(self, row: int) -> str:
        """The path, or archive and member."""
        return self._files.name(row)
