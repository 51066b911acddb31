"""What an app hands in, read off the steps that take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.manifest import Kind, RawInput
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.transforms import Batch

__all__ = ["KINDS", "check_one_by_one", "raw_inputs_of"]

# By op that takes a raw input; any other one takes an array.
KINDS = {
    "decode_image": Kind.IMAGE,
    "decode_audio": Kind.AUDIO,
    "read_series": Kind.SERIES,
    "numbers": Kind.TABLE,
    "categories": Kind.TABLE,
    "dates": Kind.TABLE,
    "column_texts": Kind.TABLE,
    "text": Kind.TEXT,
}


def raw_inputs_of(steps: tuple[Step, ...]) -> tuple[RawInput, ...]:
    """What an app hands in: the values that steps take and none gives."""
    made = {name for step in steps for name in step.outputs}
    takers: dict[str, list[Step]] = {}
    for step in steps:
        for name in step.inputs:
            if name not in made:
                takers.setdefault(name, []).append(step)
    return tuple(
        RawInput(name=name, kind=_kind(steps), accepts=_accepts(steps))
        for name, steps in takers.items()
    )


def _kind(takers: Sequence[Step]) -> Kind:
    return KINDS.get(takers[0].op, Kind.TENSOR)


def _accepts(takers: Sequence[Step]) -> str:
    match _kind(takers):
        case Kind.IMAGE:
            return (
                "an image file, its bytes, or an array of (height, width, channels), 0 to 255"
            )
        case Kind.AUDIO:
            return "a sound file, its bytes, or an array of samples"
        case Kind.SERIES:
            return "a .csv file, its bytes, or an array of (time, channels)"
        case Kind.TABLE:
            columns = dict.fromkeys(name for step in takers for name in _columns(step))
            return f"a row as a mapping with the columns {', '.join(columns)}"
        case Kind.TEXT:
            return "a text" if not takers[0].params.get("shape") else "texts"
        case _:
            return "an array of numbers"


def check_one_by_one(steps: Sequence[Step], raw: Mapping[str, Batch]) -> None:
    """Refuse a step that takes raw arrays only stacked: an app gives them one by one.

    Args:
        steps: A program that takes ``raw`` as it is.
        raw: Batches by the name of a raw input; those that are no arrays are not looked at.

    Raises:
        TransformError: Names the step, and the one to put before it.
    """
    for index, step in enumerate(steps):
        name = step.inputs[0]
        batch = raw.get(name)
        if len(step.inputs) > 1 or not isinstance(batch, np.ndarray):
            continue
        array = cast("NDArray[Any]", batch)
        place = f"transform step {index} ({step.op})"
        try:
            make_op(step, place)([array[0]])
        except InputError as error:
            first = {
                "op": "tensor",
                "inputs": [name],
                "outputs": [f"{name}_array"],
                "params": {"dtype": str(array.dtype), "shape": list(array.shape[1:])},
            }
            raise TransformError(
                f"{place}: an app gives '{name}' one by one, which this step does not take; put "
                f"{first} before it, and let it take '{name}_array'"
            ) from error


def _columns(step: Step) -> Iterator[str]:
    """Names of the columns that a step takes from a table."""
    if "column" in step.params:
        yield str(step.params["column"])
    else:
        yield from map(str, step.params["columns"])
