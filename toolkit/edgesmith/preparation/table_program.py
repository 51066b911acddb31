"""Tables to tensors: each kind of column by its own steps, joined, fitted on the training split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgesmith.config import TableConfig
from edgesmith.preparation.category_columns import category_group
from edgesmith.preparation.date_columns import date_group
from edgesmith.preparation.number_columns import number_group
from edgesmith.preparation.plan import Plan
from edgesmith.preparation.table_group import Fitting
from edgesmith.preparation.text_columns import text_group
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.preparation.columns import Column
    from edgesmith.preparation.table_group import Group

__all__ = ["table_plan"]

TENSOR = "features"
FLOAT32 = ("scale", "one_hot", "ordinal", "count_indices")  # what these give is float32


def table_plan(
    config: Config,
    columns: Mapping[str, Column],
    training: NDArray[np.bool_],
    *,
    markers: Mapping[str, tuple[str, ...]],
    raw_input: str,
) -> Plan:
    """The whole program of a table.

    The tensor ``features`` has the numbers first, then the dates, the texts and last the
    categories.

    Args:
        config: The whole configuration.
        columns: The features of all rows that are kept, in order.
        training: Which of those rows are in the training split.
        markers: Missing markers by column.
        raw_input: Name of the raw input.

    Raises:
        DataError: Cells stay missing that nothing fills, or a column has no value in training.
        ConfigError: A filter or a way to fill that a table cannot have.
    """
    if config.cleaning.filters:
        raise ConfigError(
            "cleaning.filters: the columns of a table have no order to filter along"
        )
    fitting = Fitting(
        config=config,
        options=config.table or TableConfig(),
        markers=markers,
        raw_input=raw_input,
        columns=columns,
    )
    fitted = [column.among(training) for column in columns.values()]
    _check_options(fitted, fitting)
    values = [column for column in fitted if column.holds == "values"]
    numbers = [column for column in values if column.numbers is not None]
    categories = [column for column in values if column.numbers is None]
    dates = [column for column in fitted if column.holds == "dates"]
    texts = [column for column in fitted if column.holds == "words"]
    groups = [number_group(numbers, fitting)] if numbers else []
    groups += [date_group(dates, fitting)] if dates else []
    groups += [text_group(column, index, fitting) for index, column in enumerate(texts)]
    groups += [category_group(categories, fitting)] if categories else []
    return Plan(
        head=_joined(groups),
        value=TENSOR,
        tensor=TENSOR,
        places=tuple(place for group in groups for place in group.places),
        n_noisy=len(numbers),
        filled={name: n for group in groups for name, n in group.filled.items()},
        warnings=tuple(warning for group in groups for warning in group.warnings),
    )


def _check_options(fitted: Sequence[Column], fitting: Fitting) -> None:
    """Refuse what would do nothing to these columns."""
    for column in fitted:
        is_number = column.holds == "values" and column.numbers is not None
        if column.name in fitting.options.power_by_column and not is_number:
            raise ConfigError(
                f"table.power_by_column: '{column.name}' holds {_held(column)}, and only numbers "
                "have a power; leave it out"
            )


def _held(column: Column) -> str:
    return {"values": "categories", "dates": "dates", "words": "texts"}[column.holds]


def _joined(groups: Sequence[Group]) -> tuple[Step, ...]:
    """The groups and what makes them one float32 tensor."""
    steps = [step for group in groups for step in group.steps]
    ends = tuple(group.steps[-1].outputs[0] for group in groups)
    if len(groups) > 1:
        params = {"dtype": "float32"}
        return (*steps, Step(op="concat", inputs=ends, outputs=(TENSOR,), params=params))
    if steps[-1].op in FLOAT32:
        return (*steps[:-1], replace(steps[-1], outputs=(TENSOR,)))
    params = {"dtype": "float32"}
    return (*steps, Step(op="cast", inputs=ends, outputs=(TENSOR,), params=params))
