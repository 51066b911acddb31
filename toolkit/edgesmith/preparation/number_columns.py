"""Columns of numbers: filled, clipped, brought nearer to normal, scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith.preparation.filling import number_fill
from edgesmith.preparation.power_fitting import power_steps
from edgesmith.preparation.scaling import clip_step, scale_step
from edgesmith.preparation.table_group import Group, count_filled, reading
from edgesmith.preparation.values import ArrayValues
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.preparation.columns import Column
    from edgesmith.preparation.table_group import Fitting

__all__ = ["number_group"]


def number_group(group: Sequence[Column], fitting: Fitting) -> Group:
    """Their steps, fitted on the training split.

    Args:
        group: Of the training split.
        fitting: The rest of the table.
    """
    config = fitting.config
    fills = [number_fill(column, config.cleaning) for column in group]
    filled = count_filled(group, fills, fitting)
    steps = [reading("numbers", group, fitting)]
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
    names = [column.name for column in group]
    for step in power_steps(values, names, fitting.options, source=steps[-1].outputs[0]):
        values = make_op(step, step.op)(values)
        steps.append(step)
    scale = scale_step(
        ArrayValues(values),
        config.normalization,
        source=steps[-1].outputs[0],
        result="scaled",
        seed=config.seed,
    )
    if scale is not None:
        steps.append(scale)
    return Group(steps=tuple(steps), places=tuple(names), filled=filled)
