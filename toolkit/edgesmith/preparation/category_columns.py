"""Columns of categories: filled, rare ones merged, encoded as columns or places."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.ordering import naturally_sorted
from edgesmith.preparation.filling import category_fill
from edgesmith.preparation.scaling import scale_step
from edgesmith.preparation.table_group import Group, count_filled, reading
from edgesmith.preparation.values import ArrayValues
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith.config import CleaningConfig
    from edgesmith.preparation.columns import Column
    from edgesmith.preparation.table_group import Fitting

__all__ = ["category_group"]

RARE = "(rare)"


def category_group(group: Sequence[Column], fitting: Fitting) -> Group:
    """Their steps, fitted on the training split.

    Args:
        group: Of the training split.
        fitting: The rest of the table.
    """
    cleaning = fitting.config.cleaning
    fills = [category_fill(column, cleaning) for column in group]
    filled = count_filled(group, fills, fitting)
    steps = [reading("categories", group, fitting)]
    texts = _texts(group)
    if any(fill is not None for fill in fills):
        step = Step(
            op="fill_categories",
            inputs=("categories",),
            outputs=("filled_categories",),
            params={"values": list(fills)},
        )
        texts = make_op(step, step.op)(texts)
        steps.append(step)
    counts = [_counted(column) for column in texts.T]
    kept = [_kept(count, fitting.options.min_count) for count in counts]
    if any(one is not None for one in kept):
        _refuse_error(group, kept, cleaning)
        step = Step(
            op="merge_rare",
            inputs=steps[-1].outputs,
            outputs=("merged_categories",),
            params={"kept": kept, "name": RARE},
        )
        texts = make_op(step, step.op)(texts)
        steps.append(step)
    known = [
        naturally_sorted(count) if own is None else [*own, RARE]
        for count, own in zip(counts, kept, strict=True)
    ]
    if cleaning.encode == "one_hot":
        encoding, places = _one_hot(group, known, steps[-1].outputs, fitting)
    else:
        encoding = _ordinal(known, texts, steps[-1].outputs, fitting)
        places = [column.name for column in group]
    return Group(
        steps=(*steps, *encoding),
        places=tuple(places),
        filled=filled,
        warnings=tuple(
            f"column '{column.name}': every category is in fewer than table.min_count rows, so "
            "all of them are one, nothing to learn from; lower it, or add the column to "
            "source.drop"
            for column, own in zip(group, kept, strict=True)
            if own == []
        ),
    )


def _texts(group: Sequence[Column]) -> NDArray[np.object_]:
    """The texts again, ``(row, column)`` of objects, None where one is missing."""
    texts = np.empty((len(np.asarray(group[0].codes)), len(group)), object)
    for index, column in enumerate(group):
        by_code = np.array([*column.texts, None], object)  # the code -1 is the last: missing
        texts[:, index] = by_code[column.codes]
    return texts


def _counted(column: NDArray[np.object_]) -> Counter[str]:
    return Counter(text for text in column.tolist() if text is not None)


def _refuse_error(
    group: Sequence[Column], kept: Sequence[list[str] | None], cleaning: CleaningConfig
) -> None:
    """Where rare categories are one, an unknown one is rare too, and none is refused."""
    if cleaning.unknown_category != "error":
        return
    name = next(column.name for column, own in zip(group, kept, strict=True) if own is not None)
    raise ConfigError(
        f"table.min_count: column '{name}' has rare categories, which unknown ones join, so "
        'cleaning.unknown_category = "error" would refuse none; leave one of the two out'
    )


def _kept(counts: Counter[str], min_count: int) -> list[str] | None:
    """The categories that are frequent enough, in natural order; None where all are."""
    if all(count >= min_count for count in counts.values()):
        return None
    frequent = (text for text, count in counts.items() if count >= min_count and text != RARE)
    return naturally_sorted(frequent)


def _one_hot(
    group: Sequence[Column], known: list[list[str]], source: tuple[str, ...], fitting: Fitting
) -> tuple[list[Step], list[str]]:
    """A column for each category, and the names of these."""
    unknown = fitting.config.cleaning.unknown_category
    params = {"categories": known, "unknown": unknown}
    names: list[str] = []
    for column, own in zip(group, known, strict=True):
        names += [f"{column.name}={text}" for text in own]
        if unknown == "column":
            names.append(f"{column.name}=(unknown)")
    return [Step(op="one_hot", inputs=source, outputs=("one_hot",), params=params)], names


def _ordinal(
    known: list[list[str]],
    texts: NDArray[np.object_],
    source: tuple[str, ...],
    fitting: Fitting,
) -> list[Step]:
    """Places among the categories, scaled like numbers unless they are codes for embeddings."""
    config = fitting.config
    unknown = "error" if config.cleaning.unknown_category == "error" else "index"
    params = {"categories": known, "unknown": unknown}
    step = Step(op="ordinal", inputs=source, outputs=("ordinal",), params=params)
    if config.cleaning.encode == "codes":
        return [step]
    scale = scale_step(
        ArrayValues(make_op(step, step.op)(texts)),
        config.normalization,
        source="ordinal",
        result="scaled_ordinal",
        seed=config.seed,
    )
    return [step] if scale is None else [step, scale]
