"""Mistakes with images: colours, orientation, resizing and cropping."""

from __future__ import annotations

import dataclasses
import itertools
import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor.faults import Change, Fault, after, before, instead, on_samples
from edgesmith_runtime.doctor.other_resizing import (
    PAD_COLOURS,
    WAYS,
    Boxed,
    ShorterSide,
    Weighted,
    centre_cut,
    to_aspect,
)
from edgesmith_runtime.transforms.image import DecodeImage
from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Batch, Op
    from edgesmith_runtime.transforms.resize import Resize

__all__ = ["of_decoding", "of_resizing"]

CLASSIC_FACTOR = 256 / 224  # as ImageNet models are evaluated

# Grey from red, green and blue, ``(..., 3)``; R. 709: ITU-R BT.709, 3.2.
GREYS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "takes the red channel as grey": lambda x: x[..., 0:1],
    "takes the green channel as grey": lambda x: x[..., 1:2],
    "takes the blue channel as grey": lambda x: x[..., 2:3],
    "takes the mean of the channels as grey": lambda x: x.mean(axis=-1, keepdims=True),
    "takes the largest channel as grey": lambda x: x.max(axis=-1, keepdims=True),
    "takes the lightness as grey": lambda x: (
        (x.max(axis=-1, keepdims=True) + x.min(axis=-1, keepdims=True)) / 2
    ),
    "computes grey with red and blue swapped": lambda x: x @ [[0.114], [0.587], [0.299]],
    "computes grey by BT.709": lambda x: x @ [[0.2126], [0.7152], [0.0722]],
}


def of_decoding(index: int, op: DecodeImage) -> Iterator[Change]:
    """Mistakes in reading an image.

    Args:
        index: Of the step ``decode_image``.
        op: That step.
    """
    yield Change(
        fault=Fault.ORIENTATION,
        words="ignores the EXIF orientation",
        step=index,
        wrap=instead(_Unturned(op)),
        replaces=True,
    )
    yield Change(
        fault=Fault.INVERTED,
        words="inverts black and white",
        step=index,
        wrap=after(on_samples(lambda x: 255 - x)),
    )
    if op.mode == "rgb":
        yield Change(
            fault=Fault.CHANNEL_ORDER,
            words="reads the channels as blue, green, red where the bundle has red, green, blue",
            step=index,
            wrap=after(on_samples(lambda x: x[..., ::-1])),
        )
        yield Change(
            fault=Fault.GREY,
            words="turns colours grey",
            step=index,
            wrap=instead(_Grey(lambda x: np.repeat(x @ [[0.299], [0.587], [0.114]], 3, -1))),
            replaces=True,
        )
        return
    for words, grey in GREYS.items():
        yield Change(
            fault=Fault.GREY,
            words=words + " where the bundle computes luma (BT.601)",
            step=index,
            wrap=instead(_Grey(grey)),
            replaces=True,
        )


class _Grey:
    """Colours decoded and made grey in another way."""

    def __init__(self, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        self._decode = DecodeImage("rgb")
        self._change = change

    def __call__(self, images: Batch) -> Batch:
        return each(
            self._decode(images),
            lambda x: np.rint(self._change(x.astype(np.float64))).astype(np.uint8),
        )


class _Unturned:
    """Files decoded as their pixels are stored."""

    def __init__(self, decode: DecodeImage) -> None:
        self._decode = decode

    def __call__(self, images: Batch) -> Batch:
        from PIL import Image

        stored: list[NDArray[Any]] = []
        for raw in images:
            if isinstance(raw, bytes | bytearray | memoryview):
                source: Any = BytesIO(bytes(cast("bytes", raw)))
            elif isinstance(raw, str | os.PathLike):
                source = os.fsdecode(cast("str", raw))
            else:
                raise TypeError("only a file has an orientation")
            with Image.open(source) as image:
                stored.append(np.asarray(image.convert("RGB")))
        return self._decode(stored)


def of_resizing(index: int, op: Resize) -> Iterator[Change]:
    """Mistakes in bringing an image to its size.

    Args:
        index: Of the step ``resize``.
        op: That step.
    """
    height, width = op.height, op.width
    own = op.method
    if op.method in ("bilinear", "bicubic", "lanczos3"):
        own += " with antialiasing" if op.antialias else " without antialiasing"
    for way in WAYS:
        yield Change(
            fault=Fault.RESIZE_KERNEL,
            words=f"resizes by {way.name} where the bundle resizes by {own}",
            step=index,
            wrap=instead(Weighted(height=height, width=width, way=way)),
            replaces=True,
        )
    yield from _geometry(index, height, width)
    if height != width:
        yield Change(
            fault=Fault.LAYOUT,
            words=f"resizes to height {width} and width {height}, which are swapped",
            step=index,
            wrap=lambda op: _sized(op, height=width, width=height),
        )
    for words, rounding in (
        ("rounds to 8 bits after resizing", np.rint),
        ("cuts to 8 bits after resizing", np.floor),
    ):
        yield Change(
            fault=Fault.ROUNDING,
            words=words,
            step=index,
            wrap=after(_eight_bits(rounding)),
            cost=0.3,
        )


def _geometry(index: int, height: int, width: int) -> Iterator[Change]:
    for pad, centred, rounds in itertools.product(PAD_COLOURS, (True, False), (True, False)):
        where = "" if centred else " at the right and below"
        yield Change(
            fault=Fault.LETTERBOX,
            words="keeps the proportions and pads to the size (letterbox, value "
            f"{pad:g}{where}) where the bundle stretches",
            step=index,
            wrap=_boxed(pad, centred=centred, rounds=rounds),
        )
    whole = "where the bundle takes the whole image"
    yield Change(
        fault=Fault.CROP,
        words=f"cuts out the middle at the target's proportions before resizing {whole}",
        step=index,
        wrap=before(to_aspect(width / height)),
    )
    for factor in (1.0, CLASSIC_FACTOR):
        yield Change(
            fault=Fault.CROP,
            words=f"resizes the shorter side to {factor:.3g} times the size and cuts out the "
            f"middle {whole}",
            step=index,
            wrap=_shorter_side(factor),
        )
    yield Change(
        fault=Fault.CROP,
        words=f"cuts {height} by {width} pixels out of the middle where the bundle resizes",
        step=index,
        wrap=instead(centre_cut(height, width)),
        replaces=True,
    )
    yield Change(
        fault=Fault.CROP,
        words=f"takes the top left {height} by {width} pixels where the bundle resizes",
        step=index,
        wrap=instead(on_samples(lambda x: x[:, :height, :width])),
        replaces=True,
    )


def _boxed(pad: float, *, centred: bool, rounds: bool) -> Callable[[Op], Op]:
    return lambda op: Boxed(
        resize=cast("Resize | Weighted", op), pad=pad, centred=centred, rounds=rounds
    )


def _shorter_side(factor: float) -> Callable[[Op], Op]:
    return lambda op: ShorterSide(resize=cast("Resize | Weighted", op), factor=factor)


def _sized(op: Op, *, height: int, width: int) -> Op:
    return dataclasses.replace(cast("Resize | Weighted", op), height=height, width=width)


def _eight_bits(rounding: Callable[[Any], Any]) -> Callable[[Batch], Batch]:
    return on_samples(lambda x: np.clip(rounding(x), 0, 255).astype(np.float32))
