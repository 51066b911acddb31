"""What an app hands in, read off the steps that take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.manifest import Step

__all__ = ["KINDS", "raw_inputs_of"]

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
            return "an image file, its bytes, or an array of (height, width, channels)"
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


def _columns(step: Step) -> Iterator[str]:
    """Names of the columns that a step takes from a table."""
    if "column" in step.params:
        yield str(step.params["column"])
    else:
        yield from map(str, step.params["columns"])
