"""Columns of dates: their parts as numbers, filled and scaled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.preparation.filling import number_fill
from edgesmith.preparation.scaling import scale_step
from edgesmith.preparation.table_group import Group, count_filled, reading
from edgesmith.preparation.values import ArrayValues
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op
from edgesmith_runtime.transforms.dates import calendar_numbers, calendar_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.preparation.columns import Column
    from edgesmith.preparation.table_group import Fitting

__all__ = ["date_group"]


def date_group(group: Sequence[Column], fitting: Fitting) -> Group:
    """Their steps, fitted on the training split; each part of a missing date is filled.

    Args:
        group: Of the training split.
        fitting: The rest of the table.
    """
    config, options = fitting.config, fitting.options
    parts, is_cyclic = options.date_parts, options.cyclic_dates
    params = {"parts": list(parts), "format": options.date_format, "cyclic": is_cyclic}
    steps = [reading("dates", group, fitting, params)]
    places: list[str] = []
    arrays: list[np.ndarray] = []
    fills: list[float | None] = []
    first_fills: list[float | None] = []
    for column in group:
        numbers = calendar_numbers(_moments(column), parts, cyclic=is_cyclic)
        own = [
            number_fill(replace(column, numbers=place), config.cleaning) for place in numbers.T
        ]
        places += calendar_places(column.name, parts, cyclic=is_cyclic)
        arrays.append(numbers)
        fills += own
        first_fills.append(own[0])
    filled = count_filled(group, first_fills, fitting)
    values = np.concatenate(arrays, axis=1)
    if any(fill is not None for fill in fills):
        fill = Step(
            op="fill", inputs=("dates",), outputs=("filled_dates",), params={"values": fills}
        )
        values = make_op(fill, "fill")(values)
        steps.append(fill)
    scale = scale_step(
        ArrayValues(values),
        config.normalization,
        source=steps[-1].outputs[0],
        result="scaled_dates",
        seed=config.seed,
    )
    if scale is not None:
        steps.append(scale)
    return Group(steps=tuple(steps), places=tuple(places), filled=filled)


def _moments(column: Column) -> np.ndarray:
    seconds = np.asarray(column.numbers)
    moments = np.where(np.isnan(seconds), 0.0, seconds).astype(np.int64).astype("M8[s]")
    moments[np.isnan(seconds)] = np.datetime64("NaT")
    return moments
