"""The .ts format of the UCR and UEA archives, read strictly: what the header says has to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.sources.opening import opened
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["TsFile", "read_ts"]

FLAGS = ("timestamps", "missing", "univariate", "equallength")
COUNTS = ("dimension", "dimensions", "serieslength")
LABELS = ("classlabel", "targetlabel")
TAGS = ("problemname", *FLAGS, *COUNTS, *LABELS, "data")


@dataclass(frozen=True, slots=True)
class TsFile:
    """The cases of a file.

    Args:
        series: Each float64 ``(time, channels)``, NaN where a point is missing.
        labels: Text of each case's class or target.
        places: Where each is, for messages: file and line.
    """

    series: list[NDArray[np.float64]]
    labels: list[str]
    places: list[str]


@dataclass(slots=True)
class _Header:
    flags: dict[str, bool] = field(default_factory=dict[str, bool])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    classes: frozenset[str] = frozenset()
    is_labelled: bool = False

    @property
    def n_channels(self) -> int | None:
        if self.flags.get("univariate"):
            return 1
        return self.counts.get("dimensions", self.counts.get("dimension"))


def read_ts(path: Path) -> TsFile:
    """All cases of a ``.ts`` file, as the sktime and aeon projects describe the format.

    Comments (``#``) and header lines (``@``) come before ``@data``; after it a line is a case:
    channels between colons, points between commas (``?`` and ``NaN`` are missing), the label last.

    Raises:
        DataError: Missing, empty, with time stamps, without labels, or a line that is not what
            the header says; names file and line.
    """
    with opened(path) as stream:
        try:
            text = stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not text in UTF-8: {error.reason}") from error
    lines = enumerate(text.splitlines(), start=1)
    header = _read_header(lines, path)
    file = TsFile([], [], [])
    for number, line in lines:
        if line.strip() and not line.startswith("#"):
            place = f"{path}, line {number}"
            points, label = _case(line.strip(), header, place)
            file.series.append(points)
            file.labels.append(label)
            file.places.append(place)
    if not file.series:
        raise DataError(f"{path}: no cases after @data")
    _check_lengths(file, header)
    return file


def _read_header(lines: Iterator[tuple[int, str]], path: Path) -> _Header:
    header = _Header()
    for number, line in lines:
        words = line.split()
        if not words or line.startswith("#"):
            continue
        place = f"{path}, line {number}"
        tag = words[0].lower().removeprefix("@")
        if not words[0].startswith("@") or tag not in TAGS:
            raise DataError(
                f"{place}: expected a header line (@problemName, @classLabel, ..., @data), "
                f"got {line[:60]!r}"
            )
        if tag == "data":
            _check_header(header, path)
            return header
        _take(header, tag, words[1:], place)
    raise DataError(f"{path}: there is no @data line; is it a .ts file?")


def _take(header: _Header, tag: str, words: list[str], place: str) -> None:
    if tag in FLAGS:
        header.flags[tag] = _flag(words, place)
    elif tag in COUNTS:
        if len(words) != 1 or not words[0].isdecimal() or int(words[0]) < 1:
            raise DataError(f"{place}: expected a whole number from 1 after @{tag}")
        header.counts[tag] = int(words[0])
    elif tag in LABELS:
        header.is_labelled = _flag(words[:1], place)
        header.classes = frozenset(words[1:]) if tag == "classlabel" else frozenset()


def _flag(words: list[str], place: str) -> bool:
    word = words[0].lower() if len(words) == 1 else ""
    if word not in ("true", "false"):
        raise DataError(f"{place}: expected true or false, got {' '.join(words)!r}")
    return word == "true"


def _check_header(header: _Header, path: Path) -> None:
    if header.flags.get("timestamps"):
        raise DataError(
            f"{path}: @timeStamps true: time stamps are not read; resample the series to even "
            "steps and store the points alone"
        )
    if not header.is_labelled:
        raise DataError(
            f"{path}: the cases have no labels (@classLabel true or @targetLabel true)"
        )


def _case(line: str, header: _Header, place: str) -> tuple[NDArray[np.float64], str]:
    *channels, label = line.split(":")
    label = label.strip()
    if not channels:
        raise DataError(f"{place}: expected points, a colon and a label, got no colon")
    if not label or (header.classes and label not in header.classes):
        known = ", ".join(sorted(header.classes))
        raise DataError(f"{place}: expected a label of the header ({known}), got '{label}'")
    if header.n_channels is not None and len(channels) != header.n_channels:
        raise DataError(
            f"{place}: expected {header.n_channels} channels as in the header, "
            f"got {len(channels)}"
        )
    columns = [_points(channel, place) for channel in channels]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise DataError(
            f"{place}: expected as many points in each channel, got {lengths[0]} and "
            f"{lengths[-1]}"
        )
    points = np.stack(columns, axis=1)
    if header.flags.get("missing") is False and np.isnan(points).any():
        raise DataError(f"{place}: a point is missing, but the header says @missing false")
    return points, label


def _points(text: str, place: str) -> NDArray[np.float64]:
    cells = text.replace("?", "nan").split(",")
    try:
        points = np.array(cells, object).astype(np.float64)
    except ValueError as error:
        raise DataError(f"{place}: expected numbers between commas: {error}") from error
    if "_" in text:  # in the digits of a number Python allows it
        raise DataError(f"{place}: expected numbers between commas, got an underscore")
    if np.isinf(points).any():
        raise DataError(f"{place}: expected finite numbers, got infinity")
    return points


def _check_lengths(file: TsFile, header: _Header) -> None:
    length = header.counts.get("serieslength")
    if header.flags.get("equallength") is not True:
        return
    for points, place in zip(file.series, file.places, strict=True):
        if length is None:
            length = len(points)
        if len(points) != length:
            raise DataError(
                f"{place}: expected {length} points (@equalLength true), got {len(points)}"
            )
