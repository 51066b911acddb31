"""What stands in for a missing cell, chosen by column and fitted on the training split."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from edgesmith.config import CleaningConfig
    from edgesmith.preparation.columns import Column

__all__ = [
    "STATISTICS",
    "category_fill",
    "dropping_columns",
    "number_fill",
    "require_columns",
    "without_value",
]


def _most_frequent_number(present: NDArray[np.float64]) -> float:
    """The smallest of the most frequent, as scikit-learn's SimpleImputer has it."""
    numbers, counts = np.unique(present, return_counts=True)
    return float(numbers[counts.argmax()])


STATISTICS: dict[str, Callable[[NDArray[np.float64]], float]] = {
    "mean": lambda present: float(present.mean()),
    "median": lambda present: float(np.median(present)),
    "min": lambda present: float(present.min()),
    "max": lambda present: float(present.max()),
    "most_frequent": _most_frequent_number,
}


def require_columns(key: str, wanted: Iterable[str], known: list[str]) -> None:
    """Refuse a setting for a column that is not learned from; ``key`` is where it stands.

    Of a table in the TOML a column is a key of its own.
    """
    for name in wanted:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
            if isinstance(wanted, Mapping):
                raise ConfigError(f"{key}.{name}: no such feature; {hint}")
            raise ConfigError(f"{key}: no such feature '{name}'; {hint}")


def dropping_columns(config: CleaningConfig, columns: Iterable[Column]) -> list[str]:
    """The columns whose missing cells drop their row."""
    return [column.name for column in columns if _way(column, config) == "drop_row"]


def _way(column: Column, config: CleaningConfig) -> float | str:
    """How the column is filled; a missing free text has no words and needs nothing."""
    if column.holds == "words":
        way = config.fill_by_column.get(column.name, "none")
        if way not in ("drop_row", "none"):
            raise ConfigError(
                f"cleaning.fill_by_column.{column.name}: a column of free texts; expected "
                f"drop_row or none, got {way!r}"
            )
        return way
    default = config.fill_categories if column.numbers is None else config.fill
    return config.fill_by_column.get(column.name, default)


def number_fill(column: Column, config: CleaningConfig) -> float | None:
    """The number for a missing cell, or None where it stays missing.

    Args:
        column: Of the training split.
        config: The ``[cleaning]`` section.

    Raises:
        ConfigError: A text that is no way to fill a number.
        DataError: The training split has no number in this column.
    """
    way = _way(column, config)
    numbers = np.asarray(column.numbers)
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        raise without_value(column)
    if isinstance(way, float) and column.holds != "dates":
        return way
    if way in ("drop_row", "none"):
        return None
    if isinstance(way, float) or way not in STATISTICS:
        raise _wrong_way(column, way, config)
    return STATISTICS[way](present)


def _wrong_way(column: Column, way: float | str, config: CleaningConfig) -> ConfigError:
    """What a number or a date cannot be filled with."""
    ways = f"one of {', '.join(STATISTICS)}, drop_row, none"
    own = f"cleaning.fill_by_column.{column.name}"
    got = f"{way:g}" if isinstance(way, float) else f"'{way}'"
    if column.holds != "dates":
        return ConfigError(
            f"{own}: a column of numbers; expected a number or {ways}, got {got}"
        )
    if column.name not in config.fill_by_column:
        return ConfigError(f"cleaning.fill: no date can be {got}; set {own} to {ways}")
    return ConfigError(f"{own}: a column of dates; expected {ways}, got {got}")


def without_value(column: Column) -> DataError:
    """What a column is told that has nothing in the training split."""
    return DataError(
        f"column '{column.name}': no value in the training split; add it to source.drop"
    )


def category_fill(column: Column, config: CleaningConfig) -> str | None:
    """The text for a missing category, or None where it stays missing.

    Raises:
        ConfigError: A way that only numbers have.
        DataError: The training split has no text in this column.
    """
    way = _way(column, config)
    if not column.texts:
        raise without_value(column)
    if not isinstance(way, str) or way in ("mean", "median", "min", "max"):
        raise ConfigError(
            f"cleaning.fill_by_column.{column.name}: a column of categories; expected "
            f"most_frequent, drop_row, none or a text, got {way!r}"
        )
    if way == "most_frequent":
        codes = np.asarray(column.codes)
        counts = np.bincount(codes[codes >= 0])
        commonest = np.flatnonzero(counts == counts.max()).tolist()
        return min(column.texts[code] for code in commonest)
    return None if way in ("drop_row", "none") else way
