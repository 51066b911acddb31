"""Arrays and class names from the files that a command is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from zipfile import BadZipFile

import numpy as np

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_array", "read_class_names", "read_samples"]

T = TypeVar("T")


def read_samples(path: Path) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """An ``.npy`` of one input, or an ``.npz`` with an array for each input by its name.

    Raises:
        InputError: Missing, of another kind, or with objects inside; the message names the file.
    """
    if path.suffix == ".npy":
        return read_array(path)
    if path.suffix != ".npz":
        raise InputError(f"{path}: expected an .npy, or an .npz with an array an input")
    return _read(path, lambda file: dict(np.load(file, allow_pickle=False)))


def read_array(path: Path) -> NDArray[Any]:
    """One plain array from an ``.npy``.

    Raises:
        InputError: As above.
    """
    if path.suffix != ".npy":
        raise InputError(f"{path}: expected an .npy")
    return _read(path, lambda file: np.load(file, allow_pickle=False))


def _read(path: Path, read: Callable[[BinaryIO], T]) -> T:
    try:
        with path.open("rb") as file:
            return read(file)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(f"{path}: not a {path.suffix} of plain arrays: {error}") from error


def read_class_names(path: Path) -> list[str]:
    """Class names, one a line, in the order of the model's outputs.

    Raises:
        InputError: Missing, not UTF-8, with an empty line or a name twice.
    """
    try:
        names = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected a file with one class name a line"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.reason if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"{path}: cannot be read as class names: {reason}") from error
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"{path}: line {number}: expected a class name, got an empty line")
        if name in seen:
            raise InputError(f"{path}: line {number}: '{name}' stands there twice")
        seen.add(name)
    if not names:
        raise InputError(f"{path}: expected class names, one a line, got an empty file")
    return names
