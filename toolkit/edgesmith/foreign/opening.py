"""Open a model file by its suffix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from edgesmith.foreign.model import ForeignModel

__all__ = ["is_foreign", "open_foreign"]


def is_foreign(model: object) -> bool:
    """Whether that is the path of a model file in a format that artifacts have."""
    return isinstance(model, str | Path) and Path(model).suffix in {f".{fmt}" for fmt in Format}


def open_foreign(path: str | Path) -> ForeignModel:
    """Open an ``.onnx`` or ``.tflite`` file with the bare engine of its format.

    Raises:
        InputError: It cannot be read, or is not of its format.
        ConversionError: An artifact cannot be what it is: text tensors, external data, unknown
            operators; the message names them, and the way out.
    """
    place = Path(path)
    fmt = Format(place.suffix.removeprefix("."))
    content = _content(place, fmt)
    match fmt:
        case Format.ONNX:
            from edgesmith.foreign.onnx import open_onnx

            return open_onnx(place, content)
        case Format.TFLITE:
            from edgesmith.foreign.tflite import open_tflite

            return open_tflite(place, content)
        case _:
            assert_never(fmt)


def _content(path: Path, fmt: Format) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; expected an .{fmt} model") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
