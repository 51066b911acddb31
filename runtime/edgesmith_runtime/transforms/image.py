"""The step from an image of any source, a file, bytes or an array, to 8-bit pixels."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import BackendError, InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.jpeg_header import ORIENTATION, pixels_alone
from edgesmith_runtime.transforms.pillow_pixels import pixels_of
from edgesmith_runtime.transforms.pixels import as_bytes, luma, on_background
from edgesmith_runtime.transforms.raw_source import file_size, reading, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    _AsArray = Callable[[Image], NDArray[Any]]

__all__ = ["DecodeImage"]

# A closed list: Pillow's others are rare, or start a program (EPS starts Ghostscript).
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 89_478_485  # Pillow's own bound against decompression bombs; there it only warns
READ_AT_ONCE = 1 << 22  # bytes; the many small reads of a decoder are quicker in memory
MAX_SOURCE_SIDE = (
    65_535  # pixels, as in JPEG; a longer row would take gigabytes to bring to size
)
CHANNELS = {"grey": 1, "rgb": 3}
BACKGROUNDS = {"drop": None, "white": 255, "black": 0}

# Pillow's decoders raise whatever their parsing stumbles on: the first four were met by flipping
# and cutting bytes of each format, the others belong to the same parsing.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    zlib.error,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    MemoryError,
)


@record()
class DecodeImage:
    """Images of any source as 8-bit pixels of one colour model.

    A raw image is one of

    - a path, or the bytes of a file: JPEG, PNG, BMP, GIF, PPM, TIFF or WebP (needs Pillow), of at
      most 89,478,485 pixels, Pillow's bound against decompression bombs. The first frame, turned
      upright by its EXIF orientation; palettes and CMYK become RGB, 16-bit channels keep their
      high byte;
    - a PIL image, treated the same;
    - an array ``(h, w)``, ``(h, w, 1)``, ``(h, w, 3)`` or ``(h, w, 4)`` (with alpha), uint8, or of
      another number type whose values are whole and from 0 to 255.

    No side is longer than 65,535 pixels.

    Grey from colour is the luma of ITU-R BT.601-2, ``(19595 r + 38470 g + 7471 b + 32768) >> 16``
    as Pillow computes it, so a file and its array give the same pixels. On a background of level
    ``l`` a colour ``c`` becomes ``(c * alpha + l * (255 - alpha)) / 255``, rounded, as
    ``PIL.Image.paste`` with a mask does it.

    Args:
        mode: "grey" (one channel) or "rgb" (three).
        alpha: "drop", so that a transparent pixel shows its colour; or the background, "white" or
            "black", that it lies on.
    """

    mode: str
    alpha: str = "drop"

    def __post_init__(self) -> None:
        if self.mode not in CHANNELS:
            raise ValueError(f"mode: expected one of 'grey', 'rgb', got '{self.mode}'")
        if self.alpha not in BACKGROUNDS:
            known = ", ".join(f"'{name}'" for name in BACKGROUNDS)
            raise ValueError(f"alpha: expected one of {known}, got '{self.alpha}'")

    def __call__(self, images: Any) -> NDArray[np.uint8] | list[NDArray[np.uint8]]:
        """Pixels in uint8: an array ``(batch, h, w, c)`` where all sizes agree, else a list.

        Args:
            images: A list of raw images, or an array ``(batch, h, w)`` or ``(batch, h, w, c)``,
                which is handled as a whole.

        Raises:
            InputError: Not readable, not an image, or not 8-bit values; files are named.
            BackendError: A file has to be decoded and Pillow is not installed.
        """
        batch = cast("NDArray[Any] | Sequence[Any]", images)
        if isinstance(batch, np.ndarray) and batch.dtype.kind not in "OSU":
            return self._coloured(batch, n_axes_before=1)
        decoded = [self._one(raw) for raw in batch]
        if not decoded:
            return np.empty((0, 0, 0, CHANNELS[self.mode]), np.uint8)
        if len(decoded) == 1:
            return decoded[0][None]
        if len({pixels.shape for pixels in decoded}) == 1:
            return np.stack(decoded)
        return decoded

    def _one(self, raw: Any) -> NDArray[np.uint8]:
        if isinstance(raw, np.ndarray):
            return self._coloured(cast("NDArray[Any]", raw), n_axes_before=0)
        if isinstance(raw, str | os.PathLike):
            return self._from_path(os.fsdecode(cast("str", raw)))
        if isinstance(raw, bytes | bytearray | memoryview):
            content = bytes(cast("bytes", raw))
            return self._from_content(content, f"bytes of {len(content)}")
        pil_image = sys.modules.get("PIL.Image")
        if pil_image is not None and isinstance(raw, pil_image.Image):
            return self._from_pillow(cast("Image", raw), "PIL image", np.asarray)
        raise InputError(
            f"expected an image as path, bytes, PIL image or array, got {type(raw).__name__}"
        )

    def _coloured(self, array: NDArray[Any], *, n_axes_before: int) -> NDArray[np.uint8]:
        """An array of images, or one image, with its last axis as ``mode`` says."""
        shape = array.shape[n_axes_before:]
        if len(shape) == 2:
            array = array[..., None]
        elif len(shape) != 3 or shape[2] not in (1, 3, 4):
            raise InputError(_shape_fault(array.shape, n_axes_before))
        if 0 in shape:
            raise InputError(f"expected an image, got an array without pixels, shape {shape}")
        if max(shape) > MAX_SOURCE_SIDE:
            raise InputError(_side_fault(shape[0], shape[1]))
        pixels = array if array.dtype == np.uint8 else as_bytes(array)
        background = BACKGROUNDS[self.alpha]
        if background is not None and pixels.shape[-1] == 4:
            pixels = on_background(pixels, background)
        if pixels.shape[-1] == 1:
            return pixels if self.mode == "grey" else np.repeat(pixels, 3, axis=-1)
        return luma(pixels) if self.mode == "grey" else pixels[..., :3]

    def _from_path(self, path: str) -> NDArray[np.uint8]:
        name = shortened(path)
        with reading(path):
            if file_size(path, "an image file") <= READ_AT_ONCE:
                with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - quicker than a Path
                    content = stream.readall()
                return self._from_content(content, name)
            with open(path, "rb") as stream:  # noqa: PTH123 - as above
                return self._from_stream(stream, name)

    def _from_content(self, content: bytes, name: str) -> NDArray[np.uint8]:
        return self._from_stream(BytesIO(pixels_alone(content)), name)

    def _from_stream(self, stream: IO[bytes], name: str) -> NDArray[np.uint8]:
        try:
            from PIL import Image, UnidentifiedImageError
        except ImportError as error:
            raise BackendError(
                "reading image files needs an extra: pip install 'edgesmith-runtime[image]'"
            ) from error
        try:
            return self._from_pillow(Image.open(stream, formats=FORMATS), name, pixels_of)
        except UnidentifiedImageError as error:
            raise InputError(
                f"{name}: not readable as an image; expected one of {', '.join(FORMATS)}"
            ) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise InputError(f"{name}: {_BOMB}") from error
        except _DAMAGE as error:
            raise InputError(f"{name}: not readable as an image: {error}") from error

    def _from_pillow(self, image: Image, name: str, as_array: _AsArray) -> NDArray[np.uint8]:
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{name}: {_BOMB}")
        if max(image.size) > MAX_SOURCE_SIDE:
            raise InputError(f"{name}: {_side_fault(image.height, image.width)}")
        try:
            image.load()  # before EXIF is asked for: PNG may hold it after the pixels
            if image.getexif().get(ORIENTATION, 1) != 1:
                from PIL import ImageOps

                image = ImageOps.exif_transpose(image)
            keep_alpha = self.alpha != "drop"
            plain = _plain_array(image, self.mode, as_array, keep_alpha=keep_alpha)
            return self._coloured(plain, n_axes_before=0)
        except _DAMAGE as error:
            raise InputError(f"{name}: not readable as an image: {error}") from error
        except InputError as error:
            raise InputError(f"{name}: {error}") from error


_BOMB = f"expected at most {MAX_PIXELS} pixels, got more; make the image smaller before"


def _plain_array(
    image: Image, mode: str, as_array: _AsArray, *, keep_alpha: bool
) -> NDArray[Any]:
    """The pixels of a loaded PIL image, in ``mode`` where Pillow can do it without loss."""
    if image.mode == "RGB" and not keep_alpha:
        return as_array(image.convert("L") if mode == "grey" else image)
    if image.mode.startswith("I;16"):
        # Pillow would clip at 255; the high byte is what its decoders take of 16-bit colour.
        return np.asarray(image) >> 8
    if image.mode in ("I", "F"):
        return as_array(image)
    if keep_alpha and image.has_transparency_data:
        return as_array(image.convert("RGBA"))
    if image.mode in ("1", "L", "LA"):
        return as_array(image.convert("L"))
    if image.mode == "P":
        image = image.convert("RGBA")  # to RGB at once Pillow warns about transparent entries
    if image.mode != "RGB":
        image = image.convert("RGB")
    return as_array(image.convert("L") if mode == "grey" else image)


def _side_fault(height: int, width: int) -> str:
    return (
        f"expected sides of at most {MAX_SOURCE_SIDE} pixels, got {height} x {width}; "
        "make the image smaller before"
    )


def _shape_fault(shape: tuple[int, ...], n_axes_before: int) -> str:
    batch = "batch, " * n_axes_before
    expected = f"({batch}h, w) or ({batch}h, w, c) with 1, 3 or 4 channels"
    channels_first = len(shape) == n_axes_before + 3 and shape[n_axes_before] in (1, 3, 4)
    cure = "; channels go last" if channels_first else ""
    return f"expected an array of shape {expected}, got {shape}{cure}"
