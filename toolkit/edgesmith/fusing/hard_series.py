"""Series that few examples hold: of a sensor that is stuck, and small ones over a large offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.transforms import Batch

__all__ = ["hard_values"]

FAR = 100  # ranges of a series that its offset is


def hard_values(
    steps: Sequence[Step],
    ops: Sequence[Any],
    examples: Mapping[str, Batch],
    *,
    start: int,
    crossing: Sequence[str],
) -> dict[str, Batch]:
    """The values of the last steps for two series made of the first example.

    The first stands still at the middle of its range, the second lies 100 of its ranges above
    itself. Values that are no series are the example's own.

    Args:
        steps: Of the whole transform.
        ops: One a step.
        examples: All values of the transform for some raw inputs.
        start: Index of the first of the last steps.
        crossing: Names of the values that they take from before it.

    Returns:
        Two samples of each value, by name; none where no series crosses, or where the host
        refuses them itself.
    """
    values: dict[str, Batch] = {}
    for name in crossing:
        example: NDArray[Any] = np.asarray(examples[name][0])
        is_series = example.ndim == 2 and example.dtype.kind == "f" and _is_read(steps, name)
        values[name] = np.stack(_hard(example) if is_series else (example, example))
    if all(np.array_equal(batch[0], batch[1]) for batch in values.values()):
        return {}
    try:
        for step, op in zip(steps[start:], ops[start:], strict=True):
            values[step.outputs[0]] = op(*(values[name] for name in step.inputs))
    except InputError:
        return {}
    return values


def _hard(series: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of ``(time, channels)``; missing points count in no range and stay missing in the second."""
    low = np.nan_to_num(np.fmin.reduce(series, axis=0))
    high = np.nan_to_num(np.fmax.reduce(series, axis=0))
    stuck = np.broadcast_to((low + high) / 2, series.shape)
    offset = FAR * (float(np.max(high - low)) or 1.0)
    return stuck.astype(series.dtype), (series + offset).astype(series.dtype)


def _is_read(steps: Sequence[Step], name: str) -> bool:
    """Whether a value comes from a raw series."""
    makers = [step for step in steps if name in step.outputs]
    return bool(makers) and (
        makers[0].op == "read_series" or any(_is_read(steps, one) for one in makers[0].inputs)
    )
