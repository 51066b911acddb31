"""The step from a series of any source, a CSV file, its bytes or numbers, to points by channel."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.raw_source import content_of, shortened
from edgesmith_runtime.transforms.samples import stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ReadSeries"]

MAX_BYTES = 1 << 28  # of one CSV file: some ten million numbers
DELIMITERS = (";", "\t", ",")  # the first that a file's first line has; else blanks

MISSING = ("NA", "N/A", "null", "None", "?")  # and NaN, which is a number to every reader

_WORD = "|".join(map(re.escape, MISSING))
_NOTHING = rf'(?:{_WORD}|"[ ]*(?:{_WORD})?[ ]*")'
_CELL = {  # one that holds nothing, or a word for it, with or without quotes
    None: re.compile(rf"(?<!\S){_NOTHING}(?!\S)"),
    **{
        delimiter: re.compile(
            rf"(?:^|(?<={delimiter}))[ ]*(?:{_NOTHING}[ ]*)?(?={delimiter}|$)",
            re.MULTILINE,
        )
        for delimiter in DELIMITERS
    },
}
_BLANK_LINES = re.compile(r"\n(?: *\n)+")
_LOADTXT_ROW = re.compile(r" at row (\d+)(?:, column (\d+))?\.?")


@record()
class ReadSeries:
    """Series of any source as points by channel; a point that is missing is NaN.

    A raw series is one of

    - a path, or the bytes of a CSV file in UTF-8: a row a point in time, a column a channel.
      Cells end at a comma, semicolon, tab or blanks, whichever the first line has. A first line
      of names is a header: it holds a text that stands for no point, and no number. An empty
      cell, ``NaN``, ``NA``, ``N/A``, ``null``, ``None`` and ``?``, in quotes or not, are missing
      points, a blank line is none;
    - a list of numbers, None or NaN where one is missing, or a list of rows of them; no texts;
    - an array ``(time,)`` or ``(time, channels)``.

    A cell of a file is what ``numpy.loadtxt`` reads as float64, in quotes or not.

    Args:
        channels: That a series has; None for any number.
        length: Points that a series has; None for any number.
    """

    channels: int | None = None
    length: int | None = None

    def __post_init__(self) -> None:
        for name, number in (("channels", self.channels), ("length", self.length)):
            if number is not None and number < 1:
                raise ValueError(f"{name}: expected 1 or more, got {number}")

    def __call__(self, series: Any) -> Any:
        """float32 ``(batch, time, channels)`` where lengths agree, else a list ``(time, channels)``.

        Args:
            series: A list of raw series, or an array ``(batch, time)`` or
                ``(batch, time, channels)``.

        Raises:
            InputError: A file that cannot be read or holds text among its numbers, no points, or
                another number of channels or points.
        """
        if isinstance(series, np.ndarray):
            batch = cast("NDArray[Any]", series)
            if batch.ndim not in (2, 3):
                raise InputError(
                    "expected an array (batch, time) or (batch, time, channels), "
                    f"got shape {batch.shape}"
                )
            n_points, n_channels = len(batch) * batch.shape[1], batch.shape[2:]
            points = _as_points(batch.reshape(n_points, *n_channels))
            return self._checked(points, batch.shape).reshape(*batch.shape[:2], points.shape[1])
        if not isinstance(series, list):
            raise InputError(f"expected a list of series, got {type(series).__name__}")
        return stacked([self._one(one) for one in cast("list[object]", series)])

    def _one(self, raw: object) -> NDArray[np.float32]:
        points = _points(raw)
        return self._checked(points, (1, *points.shape))

    def _checked(
        self, points: NDArray[np.float32], shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        """The same; ``shape`` is of the batch."""
        if shape[1] == 0 or points.shape[1] == 0:
            raise InputError("the series holds no points")
        if self.channels is not None and points.shape[1] != self.channels:
            raise InputError(f"expected {self.channels} channels, got {points.shape[1]}")
        if self.length is not None and shape[1] != self.length:
            raise InputError(f"expected {self.length} points, got {shape[1]}")
        return points


def _points(raw: object) -> NDArray[np.float32]:
    if isinstance(raw, str | os.PathLike):
        return _from_file(os.fsdecode(cast("str", raw)))
    if isinstance(raw, bytes | bytearray | memoryview):
        return _from_csv(bytes(cast("bytes", raw)))
    if not isinstance(raw, list | tuple | np.ndarray):
        raise InputError(
            f"expected a path, bytes, a list of numbers or an array, got {type(raw).__name__}"
        )
    array = _array(cast("Any", raw))
    if array.ndim not in (1, 2):
        raise InputError(
            f"expected an array (time,) or (time, channels), got shape {array.shape}"
        )
    return _as_points(array)


def _array(raw: Any) -> NDArray[Any]:
    try:
        array = np.asarray(raw)
        if array.dtype.kind != "O":
            return array
        if any(isinstance(cell, str | bytes) for cell in array.flat):
            raise InputError("expected numbers, got texts among them")
        return array.astype(np.float64)  # None among the numbers
    except OverflowError as error:
        raise InputError("expected finite numbers in the range of float32") from error
    except (TypeError, ValueError) as error:
        raise InputError("expected numbers, a list of them or rows of one length") from error


def _as_points(array: NDArray[Any]) -> NDArray[np.float32]:
    """``(time,)`` or ``(time, channels)`` as ``(time, channels)`` in float32."""
    if array.size and array.dtype.kind not in "biuf":
        raise InputError(f"expected numbers, got dtype {array.dtype}")
    with np.errstate(over="ignore"):
        points = np.asarray(array, np.float32)
    if np.isinf(points).any():
        raise InputError("expected finite numbers in the range of float32, got infinity")
    return points[:, None] if points.ndim == 1 else points


def _from_file(path: str) -> NDArray[np.float32]:
    content = content_of(path, "a CSV file", MAX_BYTES)
    try:
        return _from_csv(content)
    except InputError as error:
        raise InputError(f"{shortened(path)}: {error}") from error


def _from_csv(content: bytes) -> NDArray[np.float32]:
    if len(content) > MAX_BYTES:
        raise InputError(f"expected a file of at most {MAX_BYTES >> 20} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not a CSV file in UTF-8: {error.reason}") from error
    if "\0" in text:
        raise InputError("not a CSV file: it holds zero bytes")
    text = _BLANK_LINES.sub("\n", text.replace("\r\n", "\n").replace("\r", "\n")).strip(" \n")
    if not text:
        raise InputError("the file is empty")
    first, _, others = text.partition("\n")
    delimiter = next((one for one in DELIMITERS if one in first), None)
    cells = [cell.strip().strip('"').strip() for cell in first.split(delimiter)]
    if any(map(_is_number, cells)) or not any(cells):
        return _parsed(text, delimiter, n_header=0)
    if not others:
        raise InputError("expected rows of numbers, the file holds one line without any")
    return _parsed(others, delimiter, n_header=1)


def _is_number(cell: str) -> bool:
    """Whether a cell is one of a row, not of a header: a number, or a word for none."""
    try:
        float(cell)
    except ValueError:
        return cell in MISSING
    return True


def _parsed(text: str, delimiter: str | None, *, n_header: int) -> NDArray[np.float32]:
    if delimiter is None and '"' in text:  # an empty cell among blanks would go unseen
        text = _CELL[None].sub("nan", text)
    try:
        return _as_points(_loaded(text, delimiter))
    except ValueError:  # often a missing cell alone
        pass
    try:
        return _as_points(_loaded(_CELL[delimiter].sub("nan", text), delimiter))
    except ValueError as error:
        raise InputError(_told(str(error), n_header)) from error


def _loaded(text: str, delimiter: str | None) -> NDArray[np.float64]:
    return np.loadtxt(
        io.StringIO(text),
        np.float64,
        comments=None,
        delimiter=delimiter,
        quotechar='"',
        ndmin=2,
    )


def _told(message: str, n_header: int) -> str:
    """What numpy says, with the row from 1 on, the header counted and blank lines not."""
    found = _LOADTXT_ROW.search(message)
    if found is None:
        return f"not a table of numbers: {message.partition(';')[0]}"
    row = int(found[1]) + n_header
    if "columns changed" in message:  # numpy counts the rows from 1 here
        return f"row {row}: expected as many cells as in the rows before: {message[: found.start()]}"
    return f"row {row + 1}: expected numbers: {message[: found.start()]}"
