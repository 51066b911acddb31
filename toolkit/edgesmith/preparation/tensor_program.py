"""Plain arrays to float32 tensors: the part of the transform before normalization."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgesmith.preparation.filtering import filter_steps
from edgesmith.preparation.plan import Plan, has_tail, marked
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from edgesmith.config import Config

__all__ = ["tensor_plan"]

TENSOR = "features"


def tensor_plan(config: Config, raw_input: str, shape: tuple[int, ...]) -> Plan:
    """Check, filter; the cache holds float32 arrays of the source's range.

    Filters act along all axes but the last, or along the one that there is.

    Args:
        config: The whole configuration.
        raw_input: Name of the raw input.
        shape: Of one sample.

    Raises:
        DataError: A sample is a single number without an axis.
    """
    if not shape:
        raise DataError("the samples are single numbers; give them an axis: reshape to (n, 1)")
    take = Step(
        op="tensor",
        inputs=(raw_input,),
        outputs=("taken",),
        params={"dtype": "float32", "shape": list(shape)},
    )
    default_axes = tuple(range(max(1, len(shape) - 1)))
    steps = (
        take,
        *filter_steps(
            config.cleaning.filters,
            source="taken",
            n_axes=len(shape),
            default_axes=default_axes,
        ),
    )
    if not has_tail(config):
        steps = (*steps[:-1], replace(steps[-1], outputs=(TENSOR,)))
    return Plan(head=marked(steps), value=steps[-1].outputs[0], tensor=TENSOR)
