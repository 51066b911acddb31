"""The values between the steps on texts: arrays, or rows of different lengths, of bytes or codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from edgesmith_runtime.errors import TransformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "Rows",
    "as_rows",
    "mapped",
    "numbers_in",
    "shown_text",
    "single_texts",
    "texts_in",
]

# An array (batch, ...) of objects (bytes) or int64 (codes), or a list of rows of them.
Rows: TypeAlias = "NDArray[Any] | list[list[Any]]"


def mapped(values: Rows, change: Callable[[Any], Any], dtype: Any) -> Rows:
    """The same rows with each item changed; an array becomes one of ``dtype``."""
    if isinstance(values, list):
        return [[change(item) for item in row] for row in values]
    made = np.empty(values.size, dtype)
    made[:] = [change(item) for item in values.ravel().tolist()]
    return made.reshape(values.shape)


def texts_in(values: Any) -> Rows:
    """Refuse what an earlier step on texts did not give.

    Raises:
        TransformError: Neither an array of bytes nor rows of them.
    """
    items = _items(values)
    if items is None or not _are(items, bytes):
        raise TransformError(
            f"expected the texts that the step 'text' gives, got {_kind(values)}"
        )
    return cast("Rows", values)


def single_texts(values: Any, purpose: str) -> list[bytes]:
    """One text a sample.

    Args:
        values: ``(batch,)`` or ``(batch, 1)``.
        purpose: What is done with a text, for the message.

    Raises:
        TransformError: No texts, or several a sample.
    """
    array = texts_in(values)
    if isinstance(array, list) or array.shape[1:] not in ((), (1,)):
        raise TransformError(f"expected one text a sample to {purpose}")
    return array.ravel().tolist()


def _are(items: list[Any], kind: type) -> bool:
    return set(map(type, items)) <= {kind} or all(isinstance(item, kind) for item in items)


def _kind(values: object) -> str:
    return type(values).__name__


def _items(values: Any) -> list[Any] | None:
    if isinstance(values, np.ndarray):
        array = cast("NDArray[Any]", values)
        return array.ravel().tolist() if array.dtype == object and array.ndim else None
    if not isinstance(values, list):
        return None
    rows = cast("list[object]", values)
    if not all(isinstance(row, list) for row in rows):
        return None
    return [item for row in cast("list[list[object]]", rows) for item in row]


def numbers_in(values: Any) -> Rows:
    """Refuse what is neither an array of whole numbers nor rows of them.

    Raises:
        TransformError: Another value.
    """
    if isinstance(values, np.ndarray):
        array = cast("NDArray[Any]", values)
        is_numbers = array.dtype.kind in "iu" and array.ndim > 0
    else:
        items = _items(values)
        is_numbers = items is not None and _are(items, int)
    if not is_numbers:
        raise TransformError(f"expected whole numbers, got {_kind(cast('object', values))}")
    return cast("Rows", values)


def as_rows(values: Rows) -> list[list[Any]]:
    """One list a sample.

    Raises:
        TransformError: An array that is not ``(batch, length)``.
    """
    if isinstance(values, list):
        return values
    if values.ndim != 2:
        raise TransformError(f"expected the shape (batch, length), got {values.shape}")
    return values.tolist()


def shown_text(text: bytes) -> str:
    """A text for a message, at most 40 characters."""
    whole = text.decode("utf-8", "replace")
    return repr(whole if len(whole) <= 40 else whole[:37] + "...")
