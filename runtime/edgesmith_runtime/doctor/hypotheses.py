"""All single changes of a program that are worth a try: from each step by what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor import (
    aspect_changes,
    image_changes,
    level_changes,
    sound_changes,
    spectrum_changes,
)
from edgesmith_runtime.doctor.alternatives import of_settings
from edgesmith_runtime.doctor.faults import Change, Fault, after, left_out, twice
from edgesmith_runtime.doctor.number_changes import (
    of_columns,
    of_filling,
    of_scaling,
    pixel_scalings,
)
from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.transforms import make_op
from edgesmith_runtime.transforms.audio import DecodeAudio
from edgesmith_runtime.transforms.crops import CenterCrop, Cover, Crop, Letterbox
from edgesmith_runtime.transforms.image import DecodeImage
from edgesmith_runtime.transforms.levels import Log
from edgesmith_runtime.transforms.mel import Mel
from edgesmith_runtime.transforms.numeric import Fill, Scale
from edgesmith_runtime.transforms.resize import Resize
from edgesmith_runtime.transforms.spectra import Stft
from edgesmith_runtime.transforms.table import Categories, Numbers
from edgesmith_runtime.transforms.waveform import FitLength, PreEmphasis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.program import Program
    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.transforms import Batch, Op

__all__ = ["changes_of"]

PIXEL_LIMIT = 255.5

# What the steps without faults of their own do, for "the app leaves out ...".
QUIET = frozenset(
    {
        "cast",
        "concat",
        "reshape",
        "tensor",
        "decode_image",
        "resize",
        "letterbox",
        "cover",
        "scale",
        "fill",
        "log",
    }
)


def changes_of(program: Program, app: NDArray[Any], later: Sequence[Step]) -> Iterator[Change]:
    """The single changes of a program, step by step.

    Args:
        program: With its values on the raw input.
        app: The app's tensor, in the shape of the bundle's where it can be.
        later: The steps that the artifact does itself.
    """
    for index, (step, op) in enumerate(zip(program.steps, program.ops, strict=True)):
        yield from _of_step(program, index, step, op, app)
    if program.steps and program.feeds_result(len(program.steps) - 1):
        yield from _at_the_end(program, later)


def _of_step(
    program: Program, index: int, step: Step, op: Op, app: NDArray[Any]
) -> Iterator[Change]:
    yield from _by_kind(program, index, op, app)
    if not isinstance(op, Resize):
        yield from of_settings(index, step, op)
    if step.op not in QUIET and len(step.inputs) == 1:
        yield from _left_out_or_twice(index, step)


def _by_kind(  # noqa: C901, PLR0912 - one case an op
    program: Program, index: int, op: object, app: NDArray[Any]
) -> Iterator[Change]:
    match op:
        case DecodeImage():
            yield from image_changes.of_decoding(index, op)
        case Resize():
            yield from image_changes.of_resizing(index, op)
        case Letterbox() | Cover():
            yield from aspect_changes.of_keeping_aspect(index, op)
        case Crop() | CenterCrop():
            yield from aspect_changes.of_cropping(index, op)
        case DecodeAudio():
            yield from sound_changes.of_decoding(index, op)
            if not any(isinstance(other, PreEmphasis) for other in program.ops):
                yield from sound_changes.of_emphasis(index)
            yield from level_changes.of_levels(program, index, app)
        case FitLength():
            yield from sound_changes.of_fitting(index, op)
        case Stft():
            yield from spectrum_changes.of_framing(program, index, op)
        case Mel():
            yield from spectrum_changes.of_bands(index, op)
        case Log():
            yield from spectrum_changes.of_logarithm(index, op)
        case Scale():
            fits = program.feeds_result(index) and app.shape == np.shape(program.made(index))
            pixels = _are_pixels(program, index)
            yield from of_scaling(index, op, pixels=pixels, app=app if fits else None)
        case Fill():
            yield from of_filling(index, op)
        case Numbers() | Categories():
            yield from of_columns(index, op.columns)
        case _:
            pass


def _left_out_or_twice(index: int, step: Step) -> Iterator[Change]:
    yield Change(
        fault=Fault.MISSING_STEP,
        words=f"leaves out the step '{step.op}'",
        step=index,
        wrap=left_out,
        replaces=True,
    )
    yield Change(
        fault=Fault.DOUBLE_STEP,
        words=f"does the step '{step.op}' twice",
        step=index,
        wrap=twice,
    )


def _are_pixels(program: Program, index: int) -> bool:
    """Whether a step is given the values of an image, 0 to 255 or 0 to 1."""
    if not any(isinstance(op, DecodeImage) for op in program.ops[:index]):
        return False
    given = program.given(index)
    if not isinstance(given, np.ndarray):
        return False
    return float(np.abs(cast("NDArray[Any]", given)).max()) <= PIXEL_LIMIT


def _at_the_end(program: Program, later: Sequence[Step]) -> Iterator[Change]:
    """What the app does on top: steps of the artifact's own, or a scaling of its own."""
    last = len(program.steps) - 1
    op: Op | None = None
    for number, step in enumerate(later):
        if len(step.inputs) != 1:
            break
        try:
            mine = make_op(step, f"transform step {last + 1 + number} ({step.op})")
        except TransformError:
            break
        op = mine if op is None else _chained(op, mine)
        yield Change(
            fault=Fault.DOUBLE_NORMALIZATION if step.op == "scale" else Fault.DOUBLE_STEP,
            words=f"does the step '{step.op}' that the artifact does itself",
            step=last,
            wrap=after(op),
        )
    scales = any(isinstance(op, Scale) for op in program.ops)
    if not scales and any(isinstance(op, DecodeImage) for op in program.ops):
        for fault, words, scaling in pixel_scalings():
            yield Change(
                fault=fault,
                words=f"{words} where the bundle feeds 0 .. 255",
                step=last,
                wrap=after(scaling),
            )


def _chained(first: Op, second: Op) -> Op:
    def both(value: Batch) -> Batch:
        return second(first(value))

    return both
