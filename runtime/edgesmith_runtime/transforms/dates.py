"""The step on dates and times of a table: parts of the calendar as numbers, or as turns of a circle."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.columns import check_columns, columns_of, digits_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["PARTS", "Dates", "calendar_numbers", "calendar_places"]

# part: the lowest number that it can be, and how many there are (None: no circle)
PARTS: dict[str, tuple[int, int | None]] = {
    "year": (0, None),
    "month": (1, 12),
    "day": (1, 31),
    "weekday": (0, 7),
    "day_of_year": (1, 366),
    "hour": (0, 24),
}


@record()
class Dates:
    """Columns of dates or times as parts of the calendar, NaN where one is missing.

    "year", "month" (1 to 12), "day" (1 to 31), "weekday" (0 is Monday), "day_of_year" (1 to 366)
    and "hour" (0 to 23) are what Python's ``datetime`` says of the same text (Gregorian calendar,
    ISO 8601). A cyclic part x of n that starts at a becomes ``sin(2 pi (x - a) / n)`` and
    ``cos(2 pi (x - a) / n)``, so that December is beside January; n is 12, 31, 7, 366 and 24, and
    a year has no circle. An offset from UTC is allowed in a text and not applied: the parts are
    those that stand there. Missing are None, NaN, NaT, blank text and the markers.

    Args:
        columns: Their names, in the order of the result.
        missing: The markers of each column; outer blanks do not count.
        parts: Which, in the order of the result.
        format: Of a text, as ``datetime.strptime`` takes it, e.g. "%d.%m.%Y %H:%M"; with None
            the ISO 8601 forms that ``datetime.fromisoformat`` takes, e.g. "2024-02-29",
            "2024-02-29T13:45".
        cyclic: Sine and cosine instead of the number, of all parts but the year.
    """

    columns: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...]
    parts: tuple[str, ...]
    format: str | None = None
    cyclic: bool = False
    _texts: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_columns(self.columns, self.missing)
        unknown = [part for part in self.parts if part not in PARTS]
        if not self.parts or unknown or len(set(self.parts)) != len(self.parts):
            raise ValueError(
                f"parts: expected one or more of {', '.join(PARTS)} that differ, "
                f"got {list(self.parts)}"
            )
        if self.format is not None:
            _check_format(self.format)
        texts = tuple(frozenset(text.strip() for text in ("", *each)) for each in self.missing)
        object.__setattr__(self, "_texts", texts)

    def __call__(self, table: Any) -> NDArray[np.float64]:
        """Parts, ``(batch, columns x parts)`` in float64, column by column; a circle is two places.

        Args:
            table: Column name to its values: texts, whole numbers of which the digits are the
                text, ``datetime`` objects, ``datetime64`` or an array of them.

        Raises:
            InputError: A column is absent, or a value is neither a date nor missing.
        """
        numbers = [
            calendar_numbers(moments, self.parts, cyclic=self.cyclic)
            for moments in self.moments(table)
        ]
        return np.concatenate(numbers, axis=1)

    def moments(self, table: Any) -> list[NDArray[np.datetime64]]:
        """Each column in seconds, ``(batch,)``, NaT where one is missing.

        Raises:
            InputError: As in a call.
        """
        return [
            self._moments(index, values)
            for index, values in enumerate(columns_of(table, self.columns))
        ]

    def _moments(self, index: int, values: Any) -> NDArray[np.datetime64]:
        if isinstance(values, np.ndarray):
            array = cast("NDArray[Any]", values)
            if array.dtype.kind == "M":
                return array.astype("M8[s]")
            values = array.tolist()
        return np.array([self._moment(index, value) for value in values], "M8[s]")

    def _moment(self, index: int, value: object) -> dt.datetime | np.datetime64 | None:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, dt.date | np.datetime64):  # a datetime is a date
            return _of_object(cast("dt.date | np.datetime64", value))
        text = _text_of(value)
        if text is None:
            raise self._fault(index, value)
        if text in self._texts[index]:
            return None
        try:
            return _wall_time(_reader(self.format)(text))
        except ValueError as error:
            raise self._fault(index, value) from error

    def _fault(self, index: int, value: object) -> InputError:
        expected = (
            "a date or time as ISO 8601 has it, e.g. 2024-02-29 or 2024-02-29T13:45"
            if self.format is None
            else f"a date of the format '{self.format}'"
        )
        return InputError(
            f"column '{self.columns[index]}': expected {expected}, got {shown(value)}"
        )


def _check_format(form: str) -> None:
    """Refuse what ``strptime`` cannot read by (ValueError)."""
    try:
        _reader(form)("")
    except re.error as error:
        raise ValueError(f"format: '{form}' names a part twice") from error
    except ValueError as error:
        if "does not match" not in str(error):
            raise ValueError(f"format: '{form}' cannot be read by: {error}") from error


def _text_of(value: object) -> str | None:
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return digits_of(int(cast("int", value)))
    return value.strip() if isinstance(value, str) else None


def _of_object(value: dt.date | np.datetime64) -> dt.datetime | np.datetime64:
    if isinstance(value, np.datetime64):
        return value.astype("M8[s]")
    if isinstance(value, dt.datetime):
        return _wall_time(value)
    return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - as it stands


def _wall_time(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0, tzinfo=None)


def _reader(form: str | None) -> Callable[[str], dt.datetime]:
    if form is None:
        return dt.datetime.fromisoformat
    return lambda text: dt.datetime.strptime(text, form)  # noqa: DTZ007 - as it stands


def calendar_numbers(
    moments: NDArray[np.datetime64], parts: tuple[str, ...], *, cyclic: bool
) -> NDArray[np.float64]:
    """Parts of moments, ``(batch, place)``, NaN where one is NaT.

    Args:
        moments: ``(batch,)`` in seconds.
        parts: Of ``PARTS``.
        cyclic: A part with a circle is its sine and its cosine.
    """
    days = moments.astype("M8[D]")
    months, years = days.astype("M8[M]"), days.astype("M8[Y]")
    counts: dict[str, NDArray[Any]] = {
        "year": years.astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (days - months.astype("M8[D]")).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,  # the first day of 1970 was a Thursday
        "day_of_year": (days - years.astype("M8[D]")).astype(np.int64) + 1,
        "hour": (moments - days.astype("M8[s]")).astype(np.int64) // 3600,
    }
    known = ~np.isnat(moments)
    numbers = np.full((len(moments), len(calendar_places("", parts, cyclic=cyclic))), np.nan)
    place = 0
    for part in parts:
        first, length = PARTS[part]
        found = counts[part][known]
        if cyclic and length is not None:
            numbers[known, place : place + 2] = _turns(length)[found - first]
            place += 2
        else:
            numbers[known, place] = found
            place += 1
    return numbers


@lru_cache(maxsize=8)
def _turns(length: int) -> NDArray[np.float64]:
    """Sine and cosine of each place on a circle, ``(length, 2)``."""
    angles = 2 * np.pi * np.arange(length) / length
    return np.stack([np.sin(angles), np.cos(angles)], axis=1)


def calendar_places(column: str, parts: tuple[str, ...], *, cyclic: bool) -> tuple[str, ...]:
    """Names of the places that a column of dates becomes, e.g. "sold.month" or "sold.month.sin"."""
    names: list[str] = []
    for part in parts:
        is_circle = cyclic and PARTS[part][1] is not None
        names += [f"{column}.{part}{end}" for end in ((".sin", ".cos") if is_circle else ("",))]
    return tuple(names)
