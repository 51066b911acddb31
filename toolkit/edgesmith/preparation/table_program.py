"""Tables to tensors: columns filled, clipped, scaled and encoded, fitted on the training split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.ordering import naturally_sorted
from edgesmith.preparation.filling import category_fill, number_fill
from edgesmith.preparation.plan import Plan
from edgesmith.preparation.scaling import clip_step, scale_step
from edgesmith.preparation.values import ArrayValues
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.preparation.columns import Column

__all__ = ["table_plan"]

TENSOR = "features"


def table_plan(
    config: Config,
    columns: Mapping[str, Column],
    training: NDArray[np.bool_],
    *,
    markers: Mapping[str, tuple[str, ...]],
    raw_input: str,
) -> Plan:
    """The whole program of a table; the tensor ``features`` has the numbers first.

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
    fitted = {name: column.among(training) for name, column in columns.items()}
    numbers = [column for column in fitted.values() if column.numbers is not None]
    categories = [column for column in fitted.values() if column.numbers is None]
    groups: list[list[Step]] = []
    places: list[str] = []
    filled: dict[str, int] = {}
    if numbers:
        fills = [number_fill(column, config.cleaning) for column in numbers]
        _count_filled(columns, numbers, fills, filled)
        _refuse_missing(columns, numbers, fills)
        groups.append(_number_steps(config, numbers, fills, markers, raw_input))
        places += [column.name for column in numbers]
    if categories:
        texts = [category_fill(column, config.cleaning) for column in categories]
        _count_filled(columns, categories, texts, filled)
        steps, names = _category_steps(config, categories, texts, markers, raw_input)
        groups.append(steps)
        places += names
    return Plan(
        head=_joined(groups),
        value=TENSOR,
        tensor=TENSOR,
        places=tuple(places),
        n_noisy=len(numbers),
        filled=filled,
    )


def _joined(groups: Sequence[list[Step]]) -> tuple[Step, ...]:
    """The groups and what makes them one float32 tensor."""
    steps = [step for group in groups for step in group]
    ends = tuple(group[-1].outputs[0] for group in groups)
    if len(groups) > 1:
        params = {"dtype": "float32"}
        return (*steps, Step(op="concat", inputs=ends, outputs=(TENSOR,), params=params))
    if steps[-1].op in ("scale", "one_hot", "ordinal"):
        return (*steps[:-1], replace(steps[-1], outputs=(TENSOR,)))
    params = {"dtype": "float32"}
    return (*steps, Step(op="cast", inputs=ends, outputs=(TENSOR,), params=params))


def _count_filled(
    columns: Mapping[str, Column],
    group: Sequence[Column],
    fills: Sequence[float | str | None],
    filled: dict[str, int],
) -> None:
    for column, fill in zip(group, fills, strict=True):
        n_missing = int(columns[column.name].missing().sum())
        if fill is not None and n_missing:
            filled[column.name] = n_missing


def _refuse_missing(
    columns: Mapping[str, Column], group: Sequence[Column], fills: Sequence[float | None]
) -> None:
    for column, fill in zip(group, fills, strict=True):
        n_missing = int(columns[column.name].missing().sum())
        if fill is None and n_missing:
            raise DataError(
                f"column '{column.name}': NaN after cleaning: {n_missing} cells are missing and "
                f"nothing fills them; set cleaning.fill or cleaning.fill_by_column"
            )


def _reading(
    op: str, group: Sequence[Column], markers: Mapping[str, tuple[str, ...]], raw_input: str
) -> Step:
    names = [column.name for column in group]
    missing = [list(markers[name]) for name in names]
    params = {"columns": names, "missing": missing}
    return Step(op=op, inputs=(raw_input,), outputs=(op,), params=params)


def _number_steps(
    config: Config,
    group: Sequence[Column],
    fills: Sequence[float | None],
    markers: Mapping[str, tuple[str, ...]],
    raw_input: str,
) -> list[Step]:
    steps = [_reading("numbers", group, markers, raw_input)]
    values = np.stack([np.asarray(column.numbers) for column in group], axis=1)
    if any(fill is not None for fill in fills):
        fill = Step(
            op="fill", inputs=("numbers",), outputs=("filled",), params={"values": list(fills)}
        )
        values = make_op(fill, "fill")(values)
        steps.append(fill)
    clip = clip_step(
        ArrayValues(values),
        config.cleaning,
        source=steps[-1].outputs[0],
        result="clipped",
        seed=config.seed,
    )
    if clip is not None:
        values = make_op(clip, "clip")(values)
        steps.append(clip)
    scale = scale_step(
        ArrayValues(values),
        config.normalization,
        source=steps[-1].outputs[0],
        result="scaled",
        seed=config.seed,
    )
    return steps if scale is None else [*steps, scale]


def _category_steps(
    config: Config,
    group: Sequence[Column],
    fills: Sequence[str | None],
    markers: Mapping[str, tuple[str, ...]],
    raw_input: str,
) -> tuple[list[Step], list[str]]:
    """The steps, and the names of the places that they give."""
    steps = [_reading("categories", group, markers, raw_input)]
    if any(fill is not None for fill in fills):
        params = {"values": list(fills)}
        steps.append(
            Step(
                op="fill_categories",
                inputs=("categories",),
                outputs=("filled_categories",),
                params=params,
            )
        )
    known = [_known_texts(column, fill) for column, fill in zip(group, fills, strict=True)]
    if config.cleaning.encode == "ordinal":
        return _ordinal_steps(config, group, known, steps)
    unknown = config.cleaning.unknown_category
    params = {"categories": known, "unknown": unknown}
    steps.append(
        Step(op="one_hot", inputs=steps[-1].outputs, outputs=("one_hot",), params=params)
    )
    names: list[str] = []
    for column, texts in zip(group, known, strict=True):
        names += [f"{column.name}={text}" for text in texts]
        if unknown == "column":
            names.append(f"{column.name}=(unknown)")
    return steps, names


def _known_texts(column: Column, fill: str | None) -> list[str]:
    """The categories in natural order; a text that fills missing cells is one of them."""
    texts = set(column.texts)
    if fill is not None and column.missing().any():
        texts.add(fill)
    return naturally_sorted(texts)


def _ordinal_steps(
    config: Config, group: Sequence[Column], known: list[list[str]], steps: list[Step]
) -> tuple[list[Step], list[str]]:
    """Places among the categories, scaled like numbers."""
    unknown = "error" if config.cleaning.unknown_category == "error" else "index"
    params = {"categories": known, "unknown": unknown}
    ordinal = Step(op="ordinal", inputs=steps[-1].outputs, outputs=("ordinal",), params=params)
    texts = np.empty((len(np.asarray(group[0].codes)), len(group)), object)
    for index, column in enumerate(group):
        by_code = np.array([*column.texts, None], object)  # the code -1 is the last: missing
        texts[:, index] = by_code[column.codes]
    for step in steps[1:]:
        texts = make_op(step, step.op)(texts)
    places = make_op(ordinal, "ordinal")(texts)
    scale = scale_step(
        ArrayValues(places),
        config.normalization,
        source="ordinal",
        result="scaled_ordinal",
        seed=config.seed,
    )
    names = [column.name for column in group]
    return [*steps, ordinal, *([] if scale is None else [scale])], names
