"""Mistakes where the bundle keeps the proportions of an image: letterbox, cover, crops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.doctor.faults import Change, Fault, instead
from edgesmith_runtime.doctor.other_resizing import (
    PAD_COLOURS,
    WAYS,
    Boxed,
    ShorterSide,
    Weighted,
)
from edgesmith_runtime.transforms.crops import CenterCrop, Cover, Crop, Letterbox
from edgesmith_runtime.transforms.resize import Resize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesmith_runtime.transforms import Op

__all__ = ["of_cropping", "of_keeping_aspect"]


def of_keeping_aspect(index: int, op: Letterbox | Cover) -> Iterator[Change]:
    """Mistakes in resizing without distortion.

    Args:
        index: Of the step.
        op: ``letterbox`` or ``cover``.
    """
    height, width = op.height, op.width
    is_box = isinstance(op, Letterbox)
    own = "pads to the size (letterbox)" if is_box else "covers the size and cuts (cover)"

    def change(fault: Fault, words: str, other: Op) -> Change:
        return Change(
            fault=fault,
            words=f"{words} where the bundle keeps the proportions and {own}",
            step=index,
            wrap=instead(other),
            replaces=True,
        )

    stretch = Resize(height, width, op.method, op.antialias)
    yield change(Fault.LETTERBOX if is_box else Fault.CROP, "stretches the image", stretch)
    if is_box:
        cover = Cover(height, width, op.method, op.antialias)
        yield change(Fault.CROP, "covers the size and cuts off the rest", cover)
    for pad in PAD_COLOURS:
        if not is_box or op.color != (pad,):
            box = Letterbox(height, width, (pad,), op.method, op.antialias)
            yield change(Fault.LETTERBOX, f"pads with {pad:g}", box)
        corner = Boxed(resize=stretch, pad=pad, centred=False)
        yield change(Fault.LETTERBOX, f"pads with {pad:g} at the right and below", corner)
    for way in WAYS:
        weighted = Weighted(height=height, width=width, way=way)
        if is_box:
            other: Op = Boxed(resize=weighted, pad=op.color[0])
        else:
            other = ShorterSide(resize=weighted, factor=1.0)
        yield change(Fault.RESIZE_KERNEL, f"resizes by {way.name}", other)


def of_cropping(index: int, op: Crop | CenterCrop) -> Iterator[Change]:
    """Mistakes in cutting a part out of an image.

    Args:
        index: Of the step.
        op: ``crop`` or ``center_crop``.
    """
    yield Change(
        fault=Fault.CROP,
        words=f"resizes the whole image to {op.height} by {op.width} where the bundle cuts "
        "that part out",
        step=index,
        wrap=instead(Resize(op.height, op.width)),
        replaces=True,
    )
    yield Change(
        fault=Fault.CROP,
        words=f"takes the top left {op.height} by {op.width} pixels where the bundle takes "
        "others",
        step=index,
        wrap=instead(Crop(0, 0, op.height, op.width)),
        replaces=True,
    )
