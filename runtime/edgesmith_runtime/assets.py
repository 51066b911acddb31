"""What a step keeps in a file of its bundle: a list of texts as JSON, numbers as ``.npy``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.fields import strict_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "MAX_ASSET_BYTES",
    "asset_from_numbers",
    "asset_from_texts",
    "read_asset",
    "text_of_asset",
]

MAX_ASSET_BYTES = 64 << 20  # a vocabulary of a few million words


def read_asset(content: bytes | memoryview, name: str) -> object:
    """The value of a param, as JSON has it: lists, texts and numbers.

    A list of texts one a line would be short of an end for an entry with a line break, so there
    is no such form.

    Args:
        content: The file.
        name: Its name in the bundle; the suffix says what it is.

    Raises:
        BundleError: Another suffix, above 64 MiB, or not what the suffix says.
    """
    _check_size(content, name)
    if name.endswith(".json"):
        return strict_json(content, name, max_bytes=MAX_ASSET_BYTES)
    if name.endswith(".npy"):
        from edgesmith_runtime.npy import array_from_npy  # few bundles have one

        return array_from_npy(content, name).tolist()
    raise BundleError(f"{name}: expected a .json or a .npy that a step names as its asset")


def text_of_asset(content: bytes | memoryview, name: str) -> str:
    """A file as its text, for a library that reads it by itself.

    Raises:
        BundleError: No ``.json``, above 64 MiB, or no UTF-8.
    """
    _check_size(content, name)
    if not name.endswith(".json"):
        raise BundleError(f"{name}: expected a .json that a step names as its asset")
    try:
        return str(content, "utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{name}: expected text in UTF-8: {error}") from error


def _check_size(content: bytes | memoryview, name: str) -> None:
    if len(content) > MAX_ASSET_BYTES:
        raise BundleError(
            f"{name}: expected at most {MAX_ASSET_BYTES} bytes, got {len(content)}"
        )


def asset_from_texts(texts: Sequence[str]) -> bytes:
    """A JSON list, one text a line.

    Raises:
        BundleError: A text that UTF-8 cannot hold.
    """
    lines = [json.dumps(text, ensure_ascii=False) for text in texts]
    try:
        return ("[\n" + ",\n".join(lines) + "\n]\n").encode()
    except UnicodeEncodeError as error:
        raise BundleError(f"a text that UTF-8 cannot hold: {error}") from error


def asset_from_numbers(numbers: NDArray[Any]) -> bytes:
    """A ``.npy`` file.

    Raises:
        BundleError: Not an array of numbers.
    """
    from edgesmith_runtime.npy import npy_from_array

    return npy_from_array(numbers, "asset")
