"""A chart of many candidates under limits: a shape a kind, the chosen ones ringed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.drawing import Axis, Drawing, Frame, text_width
from edgesmith.reporting.placing import Box, led_box

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Contender", "Limit", "trade_off"]

WIDTH = 880.0
HEIGHT = 360.0
LEFT = 52.0
TOP = 44.0
RIGHT = 14.0
BOTTOM = 42.0
RADIUS = 5.0
RING = 10.0
ROOM_FOR_AN_ARROW = 18.0
SMALLER = 11 / 12  # the style sheet's size of a quiet text to that of any other
STRONGER = 1.22  # the width of bold letters to that of others


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One named point.

    Args:
        name: Beside the point, where there is room.
        x: Value to the right.
        y: Value upwards; above the axis' end the point is at the end with an arrow.
        ends: Of its vertical interval, or None.
        kind: Index of its kind, which gives shape and colour.
        chosen: Gets a ring.
        fits: Else it is hollow.
        hint: Shown under the pointer.
    """

    name: str
    x: float
    y: float
    ends: tuple[float, float] | None
    kind: int
    chosen: bool
    fits: bool
    hint: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that a point should not be above, and how it is called."""

    value: float
    text: str


def trade_off(
    title: str,
    contenders: Sequence[Contender],
    axes: tuple[Axis, Axis],
    limits: tuple[Limit | None, Limit | None],
    kinds: Sequence[str],
) -> str:
    """Points under limits; what keeps to both is shaded.

    Args:
        title: For those who do not see it.
        contenders: The most important first: names of the later ones give way.
        axes: To the right and upwards; they hold the limits that are to be seen.
        limits: Along either axis, or None.
        kinds: Names of the kinds, at most two.
    """
    x, y = axes
    drawing = Drawing(title, (WIDTH, HEIGHT))
    frame = Frame(
        x=x,
        y=y,
        left=LEFT,
        top=TOP,
        width=WIDTH - LEFT - RIGHT,
        height=HEIGHT - TOP - BOTTOM,
    )
    _shade(drawing, frame, limits)
    frame.draw(drawing)
    names, lines = _draw_limits(drawing, frame, limits)
    marks = [_mark(frame, one) for one in contenders]
    _name(drawing, frame, contenders, marks, (names, lines))
    for one, mark in zip(reversed(contenders), reversed(marks), strict=True):
        _draw(drawing, one, mark, off_scale=one.y > y.high)
    _explain(drawing, contenders, kinds)
    return str(drawing)


def _within(axis: Axis, value: float) -> float:
    return min(max(value, axis.low), axis.high)


def _shade(drawing: Drawing, frame: Frame, limits: tuple[Limit | None, Limit | None]) -> None:
    if limits == (None, None):
        return
    x, y = (
        axis.high if limit is None else _within(axis, limit.value)
        for axis, limit in zip((frame.x, frame.y), limits, strict=True)
    )
    right, top = frame.place(x, y)
    bottom = frame.top + frame.height
    drawing.rect((frame.left, top), (right - frame.left, bottom - top), "within")


def _draw_limits(
    drawing: Drawing, frame: Frame, limits: tuple[Limit | None, Limit | None]
) -> tuple[list[Box], list[Box]]:
    """Draw the limits that the axes hold; give the boxes of their names and of their lines."""
    bottom, end = frame.top + frame.height, frame.left + frame.width
    names: list[Box] = []
    lines: list[Box] = []
    across, upwards = limits
    if across is not None and frame.x.low < across.value < frame.x.high:
        x, _ = frame.place(across.value, frame.y.low)
        drawing.path([(x, frame.top), (x, bottom)], "limit")
        width = text_width(across.text) * SMALLER
        left = x - 5 - width if x + 5 + width > end else x + 5
        drawing.text((left, frame.top + 11), across.text, "limit-name")
        names.append((left, frame.top, left + width, frame.top + 14))
        lines.append((x - 1, frame.top, x + 1, bottom))
    if upwards is not None and frame.y.low < upwards.value < frame.y.high:
        _, y = frame.place(frame.x.low, upwards.value)
        drawing.path([(frame.left, y), (end, y)], "limit")
        width = text_width(upwards.text) * SMALLER
        drawing.text((end - 4, y - 5), upwards.text, "limit-name end")
        names.append((end - 4 - width, y - 16, end, y))
        lines.append((frame.left, y - 1, end, y + 1))
    return names, lines


def _mark(frame: Frame, one: Contender) -> Box:
    """The point's place and the upper and lower end of its interval."""
    x, y = frame.place(one.x, _within(frame.y, one.y))
    if one.y > frame.y.high:
        y = frame.top + ROOM_FOR_AN_ARROW
        return (x, y, y, y)
    low, high = one.ends or (one.y, one.y)
    _, top = frame.place(one.x, _within(frame.y, high))
    _, bottom = frame.place(one.x, _within(frame.y, low))
    return (x, y, top, bottom)


def _draw(drawing: Drawing, one: Contender, mark: Box, *, off_scale: bool) -> None:
    x, y, top, bottom = mark
    series = f"series-{one.kind + 1}"
    if one.ends is not None and not off_scale:
        drawing.path([(x, top), (x, bottom)], f"{series} whisker")
    if off_scale:
        drawing.path([(x - 4, y - 9), (x, y - 14), (x + 4, y - 9)], f"{series} stroke")
    if one.chosen:
        drawing.dot((x, y), RING, "ring")
    _shape(drawing, (x, y), one.kind, f"{series} {'fill' if one.fits else 'hollow'}", one.hint)


def _shape(
    drawing: Drawing, place: tuple[float, float], kind: int, style: str, hint: str = ""
) -> None:
    if kind == 0:
        drawing.dot(place, RADIUS, style, hint)
        return
    x, y = place
    reach = RADIUS * 1.3  # a diamond of about the circle's area
    corners = [(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)]
    drawing.polygon(corners, style, hint)


def _name(
    drawing: Drawing,
    frame: Frame,
    contenders: Sequence[Contender],
    marks: Sequence[Box],
    limits: tuple[list[Box], list[Box]],
) -> None:
    """Names where nothing else is, failing that over a line; far ones are led to."""
    taken, lines = limits
    lines = [*lines, *((x - 1, top, x + 1, bottom) for x, _, top, bottom in marks)]
    for one, (x, y, _, _) in zip(contenders, marks, strict=True):
        reach = RING if one.chosen else RADIUS + 2
        arrow = ROOM_FOR_AN_ARROW if one.y > frame.y.high else reach
        taken.append((x - reach, y - arrow, x + reach, y + reach))
    for one, (x, y, _, _) in zip(contenders, marks, strict=True):
        width = text_width(one.name) * (STRONGER if one.chosen else SMALLER)
        box = led_box(frame, (x, y), width, [*taken, *lines])
        box = box or led_box(frame, (x, y), width, taken)
        if box is None:
            continue
        taken.append(box)
        near, middle = (box[0] - 2 if box[0] > x else box[2] + 2), (box[1] + box[3]) / 2
        if abs(middle - y) > 1 or abs(near - x) > RING:
            drawing.path([(x, y), (near, middle)], "leader")
        weight = "strong" if one.chosen else "name"
        drawing.text((box[0], box[3] - 3), one.name, f"{weight} series-{one.kind + 1} fill")


def _explain(drawing: Drawing, contenders: Sequence[Contender], kinds: Sequence[str]) -> None:
    x, y = LEFT, 12.0
    for kind, name in enumerate(kinds):
        _shape(drawing, (x + 6, y - 4), kind, f"series-{kind + 1} fill")
        drawing.text((x + 18, y), name)
        x += 18 + text_width(name) + 20
    if any(one.chosen for one in contenders):
        drawing.dot((x + 8, y - 4), 7, "ring")
        drawing.text((x + 22, y), "ships")
        x += 22 + text_width("ships") + 20
    if not all(one.fits for one in contenders):
        drawing.dot((x + 6, y - 4), RADIUS, "quiet hollow")
        drawing.text((x + 18, y), "misses the budget")
