"""Named columns of a table: found, checked to be of one length, and shown in messages."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Column = Sequence[object] | NDArray[Any]

__all__ = ["check_columns", "columns_of", "digits_of", "listed", "shown"]


def check_columns(columns: tuple[str, ...], missing: tuple[tuple[str, ...], ...]) -> None:
    """Refuse no columns, one twice, or markers for another number of them (ValueError)."""
    if not columns or len(set(columns)) != len(columns):
        raise ValueError(
            f"columns: expected one or more names that differ, got {list(columns)}"
        )
    if len(missing) != len(columns):
        raise ValueError(
            f"missing: expected markers for each of {len(columns)} columns, got {len(missing)}"
        )


def columns_of(table: Any, columns: tuple[str, ...]) -> list[Column]:
    """The values of some columns, checked to be sequences of one length."""
    if not isinstance(table, Mapping):
        raise InputError(
            f"expected a table as a mapping of column name to values, got {type(table).__name__}"
        )
    given = cast("Mapping[str, Column]", table)
    taken: list[Column] = []
    for name in columns:
        if name not in given:
            raise _absent_column(name, list(given))
        values = given[name]
        if not _is_column(values):
            raise InputError(
                f"column '{name}': expected a sequence with one value a row, got {shown(values)}"
            )
        if taken and len(values) != len(taken[0]):
            raise InputError(
                f"column '{name}': expected {len(taken[0])} values as in '{columns[0]}', "
                f"got {len(values)}"
            )
        taken.append(values)
    return taken


def _is_column(values: object) -> bool:
    if isinstance(values, np.ndarray):
        return values.ndim == 1
    return hasattr(values, "__len__") and not isinstance(values, str | bytes | Mapping | Set)


def _absent_column(name: str, given: list[str]) -> InputError:
    import difflib

    by_fold = {str(each).casefold(): str(each) for each in given}
    close = difflib.get_close_matches(name.casefold(), by_fold, n=1)
    if close:
        return InputError(
            f"column '{name}': absent; the closest one given is '{by_fold[close[0]]}'"
        )
    return InputError(f"column '{name}': absent; given are {listed(given)}")


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first eight of them."""
    first = ", ".join(f"'{name}'" for name in names[:8])
    return f"{first} and {len(names) - 8} more" if len(names) > 8 else first or "none"


def digits_of(number: int) -> str | None:
    """The digits of a whole number; None where they are more than Python writes, 4300."""
    try:
        return str(number)
    except ValueError:
        return None


def shown(value: object) -> str:
    """A value for a message, at most 60 characters."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        text = f"{type(value).__name__} with a number of too many digits to show"
    return text if len(text) <= 60 else text[:57] + "..."
