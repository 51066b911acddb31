"""Columns of one kind in a table's program: their steps, the places these give, what was filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith.config import Config, TableConfig
    from edgesmith.preparation.columns import Column

__all__ = ["Fitting", "Group", "count_filled", "reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What every kind of column is fitted with.

    Args:
        config: The whole configuration.
        options: Its ``[table]`` section, or the defaults.
        markers: Missing markers by column.
        raw_input: Name of the raw input.
        columns: Of all rows that are kept, by name, to say what is missing in them.
    """

    config: Config
    options: TableConfig
    markers: Mapping[str, tuple[str, ...]]
    raw_input: str
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The steps of some columns.

    Args:
        steps: The last one gives numbers, ``(batch, place)``.
        places: Their names.
        filled: Missing cells that were filled, by column.
        warnings: What fitting showed, for the account.
    """

    steps: tuple[Step, ...]
    places: tuple[str, ...]
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
    warnings: tuple[str, ...] = ()


def reading(
    op: str, group: Sequence[Column], fitting: Fitting, more: Mapping[str, object] | None = None
) -> Step:
    """The step that takes columns out of the raw table; its value has the name of the op."""
    names = [column.name for column in group]
    missing = [list(fitting.markers[name]) for name in names]
    params = {"columns": names, "missing": missing, **(more or {})}
    return Step(op=op, inputs=(fitting.raw_input,), outputs=(op,), params=params)


def count_filled(
    group: Sequence[Column], fills: Sequence[float | str | None], fitting: Fitting
) -> dict[str, int]:
    """How many missing cells of each column are filled.

    Raises:
        DataError: Numbers stay missing.
    """
    filled: dict[str, int] = {}
    for column, fill in zip(group, fills, strict=True):
        n_missing = int(fitting.columns[column.name].missing().sum())
        if not n_missing:
            continue
        if fill is not None:
            filled[column.name] = n_missing
        elif column.numbers is not None:
            raise DataError(
                f"column '{column.name}': NaN after cleaning: {n_missing} cells are missing and "
                f"nothing fills them; set cleaning.fill or cleaning.fill_by_column"
            )
    return filled
