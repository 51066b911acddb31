"""Steps on tables: named columns become numbers or texts, and texts become codes."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.columns import (
    check_columns,
    columns_of,
    digits_of,
    listed,
    shown,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Categories", "FillCategories", "Numbers", "OneHot", "Ordinal"]


@record()
class Numbers:
    """Columns of a table as numbers, NaN where one is missing.

    Missing are None, NaN, blank text and the markers. A marker that reads as a number ("-999")
    also stands for that number, whether it comes as text or not. A text is what Python's
    ``float`` reads, without underscores.

    Args:
        columns: Their names, in the order of the result.
        missing: The markers of each column; outer blanks do not count.
    """

    columns: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...]
    _texts: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)
    _values: tuple[frozenset[float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_columns(self.columns, self.missing)
        texts = tuple(frozenset(text.strip() for text in markers) for markers in self.missing)
        values = tuple(
            frozenset(number for text in markers if (number := _parsed(text)) is not None)
            for markers in texts
        )
        object.__setattr__(self, "_texts", texts)
        object.__setattr__(self, "_values", values)

    def __call__(self, table: Any) -> NDArray[np.float64]:
        """Numbers, ``(batch, column)``.

        Args:
            table: Column name to its values: numbers, booleans (0 and 1), texts of numbers.

        Raises:
            InputError: A column is absent, or a value is neither a number nor missing.
        """
        taken = columns_of(table, self.columns)
        numbers = np.empty((len(taken[0]), len(taken)))
        for index, values in enumerate(taken):
            if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
                numbers[:, index] = self._from_array(index, values)
            else:
                numbers[:, index] = [self._from_value(index, value) for value in values]
        return numbers

    def _from_array(self, index: int, values: NDArray[Any]) -> NDArray[np.float64]:
        numbers = values.astype(np.float64)
        if np.isinf(numbers).any():
            raise self._fault(index, float(numbers[np.isinf(numbers)][0]))
        if self._values[index]:
            numbers[np.isin(numbers, list(self._values[index]))] = np.nan
        return numbers

    def _from_value(self, index: int, value: object) -> float:
        if isinstance(value, str):
            text = value.strip()
            if not text or text in self._texts[index]:
                return math.nan
            number = _parsed(text)
        elif value is None:
            return math.nan
        else:
            number = _as_float(value)
        if number is None or math.isinf(number):
            raise self._fault(index, value)
        return math.nan if number in self._values[index] else number

    def _fault(self, index: int, value: object) -> InputError:
        markers = ", ".join(f"'{marker}'" for marker in self.missing[index])
        missing = f" or one of the missing markers {markers}" if markers else ""
        return InputError(
            f"column '{self.columns[index]}': expected a number{missing}, got {shown(value)}"
        )


def _parsed(text: str) -> float | None:
    """The number that a text is, else None; NaN for "nan", which counts as missing."""
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _as_float(value: object) -> float | None:
    if not isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        return None
    if isinstance(value, np.timedelta64):  # an integer to numpy
        return None
    try:
        return float(cast("float", value))
    except OverflowError:
        return None


@record()
class Categories:
    """Columns of a table as texts, None where one is missing.

    One value has one text: a string is its own without outer blanks, a boolean is "true" or
    "false", and so are the texts True and TRUE that tables hold in its place; a whole number is
    its digits (3 and 3.0 are "3"), another number what Python's ``float.__repr__`` gives.
    Missing are None, NaN, blank text and the markers.

    Args:
        columns: Their names, in the order of the result.
        missing: The markers of each column, compared with that text.
    """

    columns: tuple[str, ...]
    missing: tuple[tuple[str, ...], ...]
    _texts: tuple[frozenset[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_columns(self.columns, self.missing)
        texts = tuple(frozenset(text.strip() for text in ("", *each)) for each in self.missing)
        object.__setattr__(self, "_texts", texts)

    def __call__(self, table: Any) -> NDArray[np.object_]:
        """Texts or None, ``(batch, column)`` of objects.

        Args:
            table: Column name to its values: strings, booleans, numbers.

        Raises:
            InputError: A column is absent, or a value is no string, boolean or finite number.
        """
        taken = columns_of(table, self.columns)
        texts = np.empty((len(taken[0]), len(taken)), object)
        for index, values in enumerate(taken):
            plain = values.tolist() if isinstance(values, np.ndarray) else values
            texts[:, index] = [self._from_value(index, value) for value in plain]
        return texts

    def _from_value(self, index: int, value: object) -> str | None:
        if isinstance(value, str):
            text = _BOOLEANS.get(value.strip(), value.strip())
        elif value is None:
            return None
        else:
            text = _text_of(value)
            if text is None:
                raise InputError(
                    f"column '{self.columns[index]}': expected a string, a boolean or a finite "
                    f"number, got {shown(value)}"
                )
        return None if text in self._texts[index] else text


# A file says True where an app hands in a boolean.
_BOOLEANS = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}


def _text_of(value: object) -> str | None:
    """The one text of a boolean or number, blank for NaN, None where there is none."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    # A duration is an integer to numpy.
    if isinstance(value, int | np.integer) and not isinstance(value, np.timedelta64):
        return digits_of(int(cast("int", value)))
    if not isinstance(value, float | np.floating):
        return None
    number = float(cast("float", value))
    if math.isnan(number):
        return ""
    if math.isinf(number):
        return None
    return str(int(number)) if number.is_integer() else repr(number)


@record()
class FillCategories:
    """Put a text where one is missing, as scikit-learn's ``SimpleImputer`` with a constant.

    Args:
        values: One a column; None leaves that column as it is.
    """

    values: tuple[str | None, ...]

    def __call__(self, texts: NDArray[np.object_]) -> NDArray[np.object_]:
        """The same shape, ``(batch, column)``."""
        _check_width(texts, len(self.values))
        filled = texts.copy()
        for index, value in enumerate(self.values):
            if value is not None:
                filled[:, index] = [value if text is None else text for text in texts[:, index]]
        return filled


@record()
class OneHot:
    """A text becomes a 1 at its place among the categories of its column.

    Equal to scikit-learn's ``OneHotEncoder``, with ``handle_unknown="ignore"`` for "zeros".

    Args:
        categories: Those of each column, in the order of the result.
        unknown: What a missing text and one that is no category become: "zeros", a 1 in a
            further last "column" for each input column, or an "error".
    """

    categories: tuple[tuple[str, ...], ...]
    unknown: str
    _places: tuple[dict[str, int], ...] = field(init=False, repr=False, compare=False)
    _others: tuple[int | None, ...] = field(init=False, repr=False, compare=False)
    _width: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_categories(self.categories, self.unknown, ("zeros", "column", "error"))
        places: list[dict[str, int]] = []
        others: list[int | None] = []
        width = 0
        for known in self.categories:
            places.append({text: width + place for place, text in enumerate(known)})
            width += len(known)
            others.append(width if self.unknown == "column" else None)
            width += self.unknown == "column"
        object.__setattr__(self, "_places", tuple(places))
        object.__setattr__(self, "_others", tuple(others))
        object.__setattr__(self, "_width", width)

    def __call__(self, texts: NDArray[np.object_]) -> NDArray[np.float32]:
        """Zeros and ones in float32, ``(batch, sum of the categories)``, columns side by side.

        Args:
            texts: ``(batch, column)`` of texts or None.

        Raises:
            InputError: An unknown or missing text where that is an error.
        """
        _check_width(texts, len(self.categories))
        hot = np.zeros((len(texts), self._width), np.float32)
        for row, row_texts in enumerate(texts.tolist()):
            for index, text in enumerate(row_texts):
                place = self._places[index].get(text, self._others[index])
                if place is not None:
                    hot[row, place] = 1.0
                elif self.unknown == "error":
                    raise _unknown_category(index, text, self.categories[index])
        return hot


@record()
class Ordinal:
    """A text becomes its place among the categories of its column, counted from 0.

    Equal to scikit-learn's ``OrdinalEncoder``.

    Args:
        categories: Those of each column, in order.
        unknown: What a missing text and one that is no category become: the "index" after the
            last category, or an "error".
    """

    categories: tuple[tuple[str, ...], ...]
    unknown: str
    _places: tuple[dict[str, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_categories(self.categories, self.unknown, ("index", "error"))
        places = tuple({text: i for i, text in enumerate(known)} for known in self.categories)
        object.__setattr__(self, "_places", places)

    def __call__(self, texts: NDArray[np.object_]) -> NDArray[np.float32]:
        """Places in float32, ``(batch, column)``.

        Args:
            texts: ``(batch, column)`` of texts or None.

        Raises:
            InputError: An unknown or missing text where that is an error.
        """
        _check_width(texts, len(self.categories))
        codes = np.empty(texts.shape, np.float32)
        for index, known in enumerate(self.categories):
            column = texts[:, index].tolist()
            places = self._places[index]
            codes[:, index] = [places.get(text, len(known)) for text in column]
            if self.unknown == "error":
                for text in column:
                    if text not in places:
                        raise _unknown_category(index, text, known)
        return codes


def _check_categories(
    categories: tuple[tuple[str, ...], ...], unknown: str, ways: tuple[str, ...]
) -> None:
    if unknown not in ways:
        known = ", ".join(f"'{way}'" for way in ways)
        raise ValueError(f"unknown: expected one of {known}, got '{unknown}'")
    if not categories:
        raise ValueError("categories: expected those of one or more columns, got none")
    for index, texts in enumerate(categories):
        if not texts or len(set(texts)) != len(texts):
            raise ValueError(
                f"categories[{index}]: expected one or more texts that differ, got {list(texts)}"
            )


def _check_width(texts: NDArray[np.object_], n_columns: int) -> None:
    given = cast("object", texts)  # a program may lead anything here
    if not isinstance(given, np.ndarray):
        raise TransformError(f"expected texts of categories, got {type(given).__name__}")
    if texts.dtype != object or texts.ndim != 2 or texts.shape[1] != n_columns:
        raise TransformError(
            f"expected texts of shape (batch, {n_columns}), "
            f"got dtype {texts.dtype} and shape {texts.shape}"
        )


def _unknown_category(index: int, text: str | None, known: tuple[str, ...]) -> InputError:
    got = "a missing value" if text is None else shown(text)
    return InputError(f"categorical column {index}: expected one of {listed(known)}, got {got}")
