"""The charts of a report as inline SVG: lines, bars, points, a histogram, a matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.reporting.drawing import Axis, Drawing, Frame, text_width
from edgesmith.reporting.placing import free_box
from edgesmith.reporting.quantities import count_text, number_text, share_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree import ElementTree as ET

    from numpy.typing import NDArray

__all__ = [
    "Bar",
    "Group",
    "Mark",
    "Series",
    "bars",
    "histogram",
    "line",
    "marks",
    "matrix",
    "overlaid",
    "scatter",
]

WIDTH = 400.0
HEIGHT = 260.0
LEFT = 52.0
TOP = 40.0
RIGHT = 12.0
BOTTOM = 42.0
BAR_ROW = 40.0
MOST_LABELLED = 30
MOST_NUMBERED = 16
LONGEST_LABEL = 14
N_OVERLAID = 40
MOST_LINEAR = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line: its name and a value for each place from 1."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Values of one kind, ``(n,)``, and what kind that is."""

    name: str
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its name, value, the value as text, and whether it is the chosen one."""

    name: str
    value: float
    text: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One named point with the ends of its vertical interval."""

    name: str
    x: float
    y: float
    low: float
    high: float
    chosen: bool = False


def line(
    title: str,
    series: Sequence[Series],
    labels: tuple[str, str],
    *,
    marked: int | None = None,
    may_be_log: bool = True,
) -> str:
    """Values over counted places, one line a series.

    Args:
        title: For those who do not see it.
        series: At least one, each at least one value long.
        labels: Of the axis to the right and the one upwards.
        marked: A place to point out, from 1.
        may_be_log: Values over more than two decades may be on a logarithmic scale.
    """
    values = [value for one in series for value in one.values]
    n_places = max(len(one.values) for one in series)
    # Over two decades a linear scale would show a wall and a floor, and nothing of the floor.
    log = may_be_log and min(values) > 0 and max(values) > 100 * min(values)
    y = Axis.around(values, labels[1] + (" (log scale)" if log else ""), log=log)
    if not log and min(values) >= 0:
        y = Axis(label=y.label, low=0.0, high=y.high)
    x = Axis(label=labels[0], low=1, high=max(2, n_places), text=lambda tick: f"{tick:g}")
    drawing, frame = _framed(title, x, y)
    for index, one in enumerate(series, start=1):
        places = [frame.place(place, value) for place, value in enumerate(one.values, start=1)]
        drawing.path(places, f"series-{index} stroke")
        if len(places) == 1:
            drawing.dot(places[0], 3, f"series-{index} fill")
    if marked is not None:
        _point_out(drawing, frame, marked)
    names = [(one.name, f"series-{index}") for index, one in enumerate(series, start=1)]
    drawing.legend((LEFT, TOP - 26), names if len(names) > 1 else [])
    return str(drawing)


def _framed(title: str, x: Axis, y: Axis) -> tuple[Drawing, Frame]:
    drawing = Drawing(title, (WIDTH, HEIGHT))
    frame = Frame(
        x=x,
        y=y,
        left=LEFT,
        top=TOP,
        width=WIDTH - LEFT - RIGHT,
        height=HEIGHT - TOP - BOTTOM,
    )
    frame.draw(drawing)
    return drawing, frame


def _point_out(drawing: Drawing, frame: Frame, place: int) -> None:
    x, _ = frame.place(place, frame.y.low)
    drawing.path([(x, frame.top), (x, frame.top + frame.height)], "marked")
    after = x < frame.left + frame.width * 0.75
    place_of_text = (x + 5 if after else x - 5, frame.top + 11)
    drawing.text(place_of_text, f"kept: {place}", "tick" if after else "tick end")


def bars(title: str, items: Sequence[Bar], *, log: bool = False) -> str:
    """Horizontal bars, each under its name and figure; on a log scale lengths are decades."""
    largest = max((item.value for item in items), default=1.0) or 1.0
    axis = Axis(label="", low=0.0, high=largest)
    if log:
        smallest = min(item.value for item in items)
        # The first decade that leaves the smallest bar some length.
        axis = Axis(label="", low=_decade_below(smallest / 1.5), high=largest * 1.001, log=True)
    drawing = Drawing(title, (WIDTH, BAR_ROW * len(items) + 4))
    for index, item in enumerate(items):
        top = BAR_ROW * index
        drawing.text((0, top + 15), item.name, "strong" if item.chosen else "")
        drawing.text((WIDTH, top + 15), item.text, "end strong" if item.chosen else "end")
        drawing.rect((0, top + 21), (WIDTH, 10), "track")
        if log:
            _decades(drawing, axis, top + 21)
        style = "series-1 fill" if item.chosen else "quiet fill"
        # A bar at the very start of the axis would not be seen.
        drawing.rect((0, top + 21), (max(3.0, WIDTH * axis.share(item.value)), 10), style)
    return str(drawing)


def _decade_below(value: float) -> float:
    return 10.0 ** math.floor(math.log10(value))


def _decades(drawing: Drawing, axis: Axis, top: float) -> None:
    tick = axis.low * 10
    while tick < axis.high:
        x = WIDTH * axis.share(tick)
        drawing.path([(x, top), (x, top + 10)], "decade")
        tick *= 10


def scatter(
    title: str,
    points: NDArray[np.float64],
    labels: tuple[str, str],
    *,
    hints: Sequence[str] = (),
) -> str:
    """Points against the diagonal on which both values agree.

    Args:
        title: For those who do not see it.
        points: ``(n, 2)``: the value to the right and the one upwards.
        labels: Of the two axes.
        hints: One a point, shown under the pointer; or none.
    """
    both = points[np.isfinite(points).all(axis=1)]
    across = Axis.around(both.ravel().tolist(), "")
    x = Axis(label=labels[0], low=across.low, high=across.high)
    y = Axis(label=labels[1], low=across.low, high=across.high)
    drawing, frame = _framed(title, x, y)
    ends = (across.low, across.high)
    drawing.path([frame.place(end, end) for end in ends], "marked")
    for index, (right, up) in enumerate(both.tolist()):
        hint = hints[index] if index < len(hints) else ""
        drawing.dot(frame.place(right, up), 2.6, "series-1 fill see-through", hint)
    return str(drawing)


def marks(title: str, items: Sequence[Mark], x: Axis, y: Axis) -> str:
    """Named points with vertical intervals; names keep out of each other's way."""
    drawing, frame = _framed(title, x, y)
    places = [frame.place(item.x, item.y) for item in items]
    ends = [
        (frame.place(item.x, item.high)[1], frame.place(item.x, item.low)[1]) for item in items
    ]
    taken = [
        (place[0] - 5, top, place[0] + 5, bottom)
        for place, (top, bottom) in zip(places, ends, strict=True)
    ]
    for item, (across, up), (top, bottom) in zip(items, places, ends, strict=True):
        style = "series-1" if item.chosen else "quiet"
        drawing.path([(across, top), (across, bottom)], f"{style} stroke")
        for end in (top, bottom):
            drawing.path([(across - 4, end), (across + 4, end)], f"{style} stroke")
        drawing.dot((across, up), 4.5, f"{style} fill")
        width = text_width(item.name)
        box = free_box(frame, (across, up, top, bottom), width, taken)
        box = box or (across + 9, up - 7, across + 9 + width, up + 7)
        taken.append(box)
        drawing.text((box[0], box[3] - 3), item.name, "strong" if item.chosen else "")
    return str(drawing)


def histogram(title: str, values: NDArray[np.float64], labels: tuple[str, str]) -> str:
    """How often values fall into equal bins; the place of 0 is pointed out.

    Args:
        title: For those who do not see it.
        values: ``(n,)``, finite.
        labels: Of the axis to the right and the one upwards.
    """
    counts, edges = np.histogram(values, bins=min(31, max(5, round(len(values) ** 0.5))))
    x = Axis(label=labels[0], low=float(edges[0]), high=float(edges[-1]))
    y = Axis(label=labels[1], low=0.0, high=float(counts.max()) * 1.05 or 1.0)
    drawing, frame = _framed(title, x, y)
    for index, count in enumerate(counts.tolist()):
        left, top = frame.place(float(edges[index]), count)
        right, bottom = frame.place(float(edges[index + 1]), 0.0)
        hint = f"{number_text(float(edges[index]))} to {number_text(float(edges[index + 1]))}"
        size = (right - left - 1, bottom - top)
        drawing.rect((left, top), size, "series-1 fill", f"{hint}: {count_text(count)}")
    if x.low < 0 < x.high:
        drawing.path([frame.place(0, y.low), frame.place(0, y.high)], "marked")
    return str(drawing)


def overlaid(
    title: str, groups: Sequence[Group], labels: tuple[str, str], *, marked: float
) -> str:
    """How the values of two groups are spread over the same bins, each as shares of its group.

    Args:
        title: For those who do not see it.
        groups: Each with one value or more, all finite.
        labels: Of the axis to the right and the one upwards.
        marked: A value to point out.
    """
    every = np.concatenate([group.values for group in groups])
    known = [*every.tolist(), marked]
    # Strange scores are often hundreds of times the normal ones, which would share one bin.
    log = min(known) > 0 and max(known) > MOST_LINEAR * min(known)
    x = Axis.around(known, labels[0] + (" (log scale)" if log else ""), log=log)
    edges = (np.geomspace if log else np.linspace)(x.low, x.high, N_OVERLAID + 1)
    shares = [np.histogram(group.values, edges)[0] / len(group.values) for group in groups]
    y = Axis(label=labels[1], low=0.0, high=max(float(one.max()) for one in shares) * 1.05)
    drawing, frame = _framed(title, x, y)
    for number, (group, heights) in enumerate(zip(groups, shares, strict=True), start=1):
        for index, share in enumerate(heights.tolist()):
            left, top = frame.place(float(edges[index]), share)
            right, bottom = frame.place(float(edges[index + 1]), 0.0)
            hint = (
                f"{group.name}, {number_text(float(edges[index]))} to "
                f"{number_text(float(edges[index + 1]))}: {share_text(share)}"
            )
            if share:
                size = (right - left - 1, bottom - top)
                drawing.rect((left, top), size, f"series-{number} fill see-through", hint)
    drawing.path([frame.place(marked, y.low), frame.place(marked, y.high)], "marked")
    names = [(group.name, f"series-{number}") for number, group in enumerate(groups, start=1)]
    drawing.legend((LEFT, TOP - 26), names)
    return str(drawing)


def matrix(title: str, counts: NDArray[np.int64], names: Sequence[str]) -> str:
    """A confusion matrix: a row what it is, a column what was said; shaded by share of the row.

    Args:
        title: For those who do not see it.
        counts: ``(class, class)``.
        names: Of the classes.
    """
    n = len(names)
    labelled = n <= MOST_LABELLED
    shown = [_short(name) for name in names] if labelled else [""] * n
    gutter = max(18.0, max(map(text_width, shown)) + 8)
    upright = max(map(len, shown)) <= 3
    header = 22.0 if upright else gutter + 2
    cell = (WIDTH - 20 - gutter) / n
    drawing = Drawing(title, (WIDTH, 20 + header + cell * n + 4))
    left, top = 20 + gutter, 18 + header
    drawing.text((left + cell * n / 2, 12), "predicted", "middle label")
    drawing.text((12, top + cell * n / 2), "actual", "middle label", turned=True)
    totals = counts.sum(axis=1)
    for row in range(n):
        middle = cell * (row + 0.5)
        drawing.text((left - 6, top + middle + 4), shown[row], "end tick")
        if upright:
            drawing.text((left + middle, top - 7), shown[row], "middle tick")
        else:
            drawing.text((left + middle + 4, top - 6), shown[row], "tick", turned=True)
        for column in range(n):
            count, share = int(counts[row, column]), _share(counts[row, column], totals[row])
            corner = (left + cell * column, top + cell * row)
            hint = f"{names[row]} predicted as {names[column]}: {count_text(count)}"
            kind = "cell right" if row == column else "cell wrong"
            drawing.rect(corner, (cell - 1, cell - 1), "cell", hint)
            if count:
                _shade(drawing.rect(corner, (cell - 1, cell - 1), kind, hint), share)
            if count and n <= MOST_NUMBERED:
                strong = "on-strong" if row == column and share > 0.5 else "on-weak"
                middle_of_cell = (corner[0] + cell / 2 - 0.5, corner[1] + cell / 2 + 3.5)
                drawing.text(middle_of_cell, count_text(count), f"middle number {strong}")
    return str(drawing)


def _share(count: float, total: float) -> float:
    return float(count / total) if total else 0.0


def _shade(cell: ET.Element, share: float) -> None:
    # A single mistake among a thousand must still be seen.
    cell.set("fill-opacity", f"{0.15 + 0.85 * share:.2f}")


def _short(name: str) -> str:
    if len(name) <= LONGEST_LABEL:
        return name
    return name[: LONGEST_LABEL - 1] + "\N{HORIZONTAL ELLIPSIS}"
