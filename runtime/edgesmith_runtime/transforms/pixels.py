"""Arrays of pixels: numbers as bytes, alpha on its background, colour as grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["as_bytes", "luma", "on_background"]


def as_bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers of any dtype as bytes; InputError where they are not whole and from 0 to 255."""
    if pixels.dtype.kind not in "iuf":
        raise InputError(f"expected pixels as numbers, best uint8, got dtype {pixels.dtype}")
    with np.errstate(invalid="ignore"):
        whole = pixels.astype(np.uint8)
    if not np.array_equal(whole, pixels):
        raise InputError(f"expected whole pixel values from 0 to 255, got {_fault(pixels)}")
    return whole


def _fault(pixels: NDArray[Any]) -> str:
    """What pixels are that are no bytes, and what makes bytes of them."""
    if not np.isfinite(pixels).all():
        return f"{pixels.dtype} with NaN or infinity; fill such pixels before"
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind != "f":
        cure = "bring them to 8 bits, those of 16 with >> 8"
    elif low >= 0 and high <= 1:
        cure = "multiply by 255 and round"
    elif low >= -1 and high <= 1:
        cure = "add 1, multiply by 127.5 and round"
    elif low >= 0 and high <= 255:
        cure = "round them, or give the image as it was before it was resized"
    else:
        cure = "give the image as it was before it was normalized"
    return f"{pixels.dtype} from {low} to {high}; {cure}"


def on_background(pixels: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    """RGBA on grey of one level, ``(..., 4)`` to ``(..., 3)``."""
    alpha = pixels[..., 3:4].astype(np.uint32)
    blended = pixels[..., :3] * alpha
    blended += level * (255 - alpha)
    blended += 128  # with the next line a division by 255, rounded; as Pillow's paste has it
    blended += blended >> 8
    blended >>= 8
    return blended.astype(np.uint8)


def luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey of RGB(A), ``(..., 3 or 4)`` to ``(..., 1)``."""
    # ITU-R BT.601-2 (299, 587, 114 thousandths) in 16-bit fixed point, rounded, as Pillow has it
    luma = pixels[..., 0:1].astype(np.uint32)
    luma *= 19595
    luma += pixels[..., 1:2] * np.uint32(38470)
    luma += pixels[..., 2:3] * np.uint32(7471)
    luma += 0x8000
    luma >>= 16
    return luma.astype(np.uint8)
