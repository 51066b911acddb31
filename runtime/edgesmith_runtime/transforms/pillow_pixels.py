"""The pixels of an image that Pillow has decoded, written straight into the array that they end in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["pixels_of"]

CHANNELS = {"L": 1, "RGB": 3}  # that a PPM file holds as they are
SMALL_BYTES = 1 << 17  # up to here two more copies cost less than a writer in Python


def pixels_of(image: Image) -> NDArray[Any]:
    """``numpy.asarray(image)``, of large images without two copies of all pixels on the way.

    ``asarray`` has Pillow make a list of pieces, then join them. With the image itself that is so
    much that the C library gives the memory back after each image, and every page of the next is
    made anew: more than half the time of reading a photograph. A PPM file is a short header and
    the pixels; it comes in pieces of 64 kB, which stay in the cache.

    Args:
        image: Loaded, and of nobody else: saving sets attributes of it.

    Returns:
        ``(height, width)`` or ``(height, width, channel)``.
    """
    n_channels = CHANNELS.get(image.mode)
    if n_channels is None or image.width * image.height * n_channels <= SMALL_BYTES:
        return np.asarray(image)
    pixels = np.empty((image.height, image.width, n_channels), np.uint8)
    writer = _Writer(pixels)
    try:
        image.save(cast("Any", writer), "PPM")
    except FileNotFoundError:  # Pillow asks for the working directory, which may be gone
        return np.asarray(image)
    if not writer.is_full:  # another header than that of the Pillow known here
        return np.asarray(image)
    return pixels[..., 0] if n_channels == 1 else pixels


class _Writer:
    """A file to write a PPM image to, of which the pixels are kept.

    Args:
        pixels: Where they go, ``(height, width, channel)``.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        height, width, n_channels = pixels.shape
        kind = b"P5" if n_channels == 1 else b"P6"
        self._pixels = pixels.reshape(-1).data
        self._next = -len(b"%s\n%d %d\n255\n" % (kind, width, height))  # the header comes first

    @property
    def is_full(self) -> bool:
        """Whether every pixel came, and nothing after the last."""
        return self._next == len(self._pixels)

    def write(self, part: bytes) -> int:
        """Take the next bytes: of the header, of the pixels, or of both."""
        start, self._next = max(self._next, 0), self._next + len(part)
        if self._next > 0:
            kept = part[-(self._next - start) :]
            self._pixels[start : self._next] = kept[: len(self._pixels) - start]
        return len(part)
