"""A plot as wide as its column: across in shares of the width, down in pixels.

Positions across are percentages, so the same picture fits a desk and a phone with texts of one
size and without a script. What a script needs to move a mark to another range stands beside it
in values: ``data-x`` and ``data-y``, one or two of them, or a whole curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never
from xml.etree import ElementTree as ET

from edgesmith.reporting.drawing import Axis, text_width
from edgesmith.reporting.quantities import (
    latency_tick_text,
    percent_tick_text,
    size_tick_text,
    tick_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Curve", "Field", "Scale", "Unit"]

FOOT = 24.0  # pixels below the box, for the tick texts across
HEAD = 8.0
MOST_ON_PHONE = 6
EDGE = 0.04  # of the width: a text this close to an end would stick out of the column
TURNS = 0.7  # a name further to the right than this stands left of its dot
USUAL_WIDTH = (
    1000.0  # of a plot on a desk, in pixels, where a bar has to have room for its text
)
SPAN = 1000  # units of a curve's own square, which is stretched over the box


class Unit(StrEnum):
    """What the values of a scale are; the script writes them as this package does."""

    NS = "ns"
    SECONDS = "s"
    SHARE = "share"
    BYTES = "bytes"
    NUMBER = "number"

    def text(self, value: float) -> str:
        """A round value beside an axis."""
        if value == 0 and self is not Unit.SHARE:
            return "0"
        match self:
            case Unit.NS:
                return latency_tick_text(value)
            case Unit.SECONDS:
                return f"{tick_text(value)} s"
            case Unit.SHARE:
                return percent_tick_text(value)
            case Unit.BYTES:
                return size_tick_text(value)
            case Unit.NUMBER:
                return tick_text(value)
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The range of values in one direction.

    Args:
        low: Value at the start.
        high: Value at the end, above ``low``.
        unit: Of the values.
        log: Logarithmic; both ends are above 0.
    """

    low: float
    high: float
    unit: Unit
    log: bool = False

    @classmethod
    def around(cls, values: Iterable[float], unit: Unit, *, log: bool = False) -> Scale:
        """The scale that holds all values: with a little room, on a log scale to round values."""
        axis = Axis.around(values, "", log=log)
        return cls(low=axis.low, high=axis.high, unit=unit, log=log)

    @property
    def axis(self) -> Axis:
        """The same as an axis, for its ticks and shares."""
        return Axis(label="", low=self.low, high=self.high, log=self.log, text=self.unit.text)

    def share(self, value: float) -> float:
        """Where a value is: 0 at the start, 1 at the end."""
        return self.axis.share(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line, or a band between two lines, through values.

    Args:
        xs: Values across.
        ys: Values upwards, one each.
        below: The lower line of a band whose upper one is ``ys``; empty for a line.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    below: Sequence[float] = ()


class Field:
    """One plot; marks belong to subjects by number, which a script shows and hides.

    Args:
        label: What the picture shows, for those who do not see it.
        height: Of the box between the axes, in pixels.
        x: Values across.
        y: Values upwards; None for rows that are placed in pixels.
        row_height: Of a row, by which those below move up when a script hides it; 0 for none.
    """

    def __init__(
        self,
        label: str,
        height: float,
        *,
        x: Scale,
        y: Scale | None = None,
        row_height: float = 0.0,
    ) -> None:
        self.height = height
        self._x, self._y = x, y
        self._root = ET.Element(
            "svg",
            {
                "class": "field",
                "width": "100%",
                "height": _n(HEAD + height + FOOT),
                "role": "img",
                "aria-label": label,
                "data-height": _n(height),
                "data-row-height": _n(row_height),
                "xmlns": "http://www.w3.org/2000/svg",
                **_scale_data("x", x),
                **({} if y is None else _scale_data("y", y)),
            },
        )
        self._box = ET.SubElement(self._root, "svg", {"class": "box", "y": _n(HEAD)})
        self._box.set("width", "100%")
        self._box.set("height", _n(height))
        self._draw_ticks()
        self._curves: ET.Element | None = None

    def _draw_ticks(self) -> None:
        ticks = self._x.axis.ticks()
        kind = "ticks across many" if len(ticks) > MOST_ON_PHONE else "ticks across"
        across = ET.SubElement(self._box, "g", {"class": kind})
        for tick in ticks:
            share = self._x.share(tick)
            at = _percent(share)
            ends = {"x1": at, "x2": at, "y1": "0", "y2": _n(self.height)}
            ET.SubElement(across, "line", ends)
            words = {"x": at, "y": _n(self.height + 17)}
            if not EDGE < share < 1 - EDGE:
                words["class"] = "start" if share < EDGE else "end"
            ET.SubElement(across, "text", words).text = self._x.unit.text(tick)
        if self._y is None:
            return
        up = ET.SubElement(self._box, "g", {"class": "ticks up"})
        for tick in self._y.axis.ticks():
            y = _n(self.height * (1 - self._y.share(tick)))
            ET.SubElement(up, "line", {"x1": "0", "x2": "100%", "y1": y, "y2": y})

    def rail(self) -> str:
        """The tick texts of the upward scale, for a column of their own left of the plot."""
        root = ET.Element(
            "svg",
            {
                "class": "rail",
                "width": "100%",
                "height": _n(HEAD + self.height + FOOT),
                "aria-hidden": "true",
                "xmlns": "http://www.w3.org/2000/svg",
            },
        )
        for tick in () if self._y is None else self._y.axis.ticks():
            y = HEAD + self.height * (1 - self._y.share(tick)) + 4 if self._y else 0.0
            words = {"x": "100%", "y": _n(y)}
            ET.SubElement(root, "text", words).text = self._y.unit.text(tick) if self._y else ""
        return ET.tostring(root, encoding="unicode")

    def curve(
        self, curve: Curve, style: str, data: dict[str, str], *, hidden: bool = False
    ) -> None:
        """A curve; a hidden one has its values alone, and no shape until a script draws it."""
        if self._curves is None:
            frame = {"viewBox": f"0 0 {SPAN} {SPAN}", "preserveAspectRatio": "none"}
            size = {"width": "100%", "height": _n(self.height), "class": "curves"}
            self._curves = ET.SubElement(self._box, "svg", {**frame, **size})
        attributes = {
            "class": style,
            **_data(data),
            "data-x": _values(curve.xs),
            "data-y": _values(curve.ys),
            "d": "" if hidden else self._steps(curve),
        }
        if curve.below:
            attributes["data-below"] = _values(curve.below)
        if hidden:
            attributes["hidden"] = ""
        ET.SubElement(self._curves, "path", attributes)

    def _steps(self, curve: Curve) -> str:
        there = self._corners(curve.xs, curve.ys)
        if not curve.below:
            return "M" + "L".join(there)
        back = self._corners(curve.xs, curve.below)[::-1]
        return "M" + "L".join([*there, *back]) + "Z"

    def _corners(self, xs: Sequence[float], ys: Sequence[float]) -> list[str]:
        up = self._y
        return [
            f"{_n(SPAN * self._x.share(x))} {_n(SPAN * (1 - (up.share(y) if up else 0)))}"
            for x, y in zip(xs, ys, strict=True)
        ]

    def span(self, x: tuple[float, float], y: float, style: str, data: dict[str, str]) -> None:
        """A horizontal line from value to value, ``y`` pixels down."""
        low, high = (_percent(self._x.share(value)) for value in x)
        ends = {"x1": low, "x2": high, "y1": _n(y), "y2": _n(y)}
        self._mark("line", {**ends, "class": style, "data-x": _values(x)}, data, "")

    def upright(
        self, x: float, y: tuple[float, float], style: str, data: dict[str, str]
    ) -> None:
        """A vertical line between two values of the upward scale."""
        at = _percent(self._x.share(x))
        low, high = (self.down(value) for value in y)
        ends = {"x1": at, "x2": at, "y1": _n(low), "y2": _n(high), "class": style}
        values = {"data-x": _values([x]), "data-y": _values(y)}
        self._mark("line", {**ends, **values}, data, "")

    def dot(
        self,
        place: tuple[float, float],
        radius: float,
        style: str,
        data: dict[str, str],
        hint: str,
    ) -> None:
        """A circle: at a value across, and at a value upwards, or so many pixels down."""
        x, y = place
        circle = {"cx": _percent(self._x.share(x)), "r": _n(radius), "class": style}
        circle["cy"] = _n(self.down(y))
        circle["data-x"] = _values([x])
        if self._y is not None:
            circle["data-y"] = _values([y])
        self._mark("circle", circle, data, hint)

    def flag(
        self, place: tuple[float, float], style: str, data: dict[str, str], hint: str
    ) -> None:
        """A moment to point out: a line down through a ring at two values."""
        y = (self._y.low, self._y.high) if self._y is not None else (0.0, self.height)
        self.upright(place[0], y, f"moment {style}", data)
        self.dot(place, 6.0, style, data, hint)

    def down(self, value: float) -> float:
        """How many pixels down a value of the upward scale is; without one they are the value."""
        return value if self._y is None else self.height * (1 - self._y.share(value))

    def bar(
        self,
        x: tuple[float, float],
        rows: tuple[float, float],
        style: str,
        data: dict[str, str],
        words: tuple[str, str],
    ) -> None:
        """A box from value to value; its text is cut off at its end.

        Args:
            x: Values at its start and its end.
            rows: Pixels down to its top, and its height.
            style: Classes.
            data: What the script needs to know.
            words: The text inside, and the hint.
        """
        start, end = (self._x.share(value) for value in x)
        frame = ET.SubElement(
            self._box,
            "svg",
            {
                "class": f"bar {style}",
                "x": _percent(start),
                "width": _percent(end - start),
                "y": _n(rows[0]),
                "height": _n(rows[1]),
                "data-x": _values(x),
                **_data(data),
            },
        )
        if words[1]:
            ET.SubElement(frame, "title").text = words[1]
        ET.SubElement(frame, "rect", {"width": "100%", "height": "100%"})
        if words[0]:
            if (end - start) * USUAL_WIDTH < text_width(words[0]) + 10:
                frame.set("class", f"bar thin {style}")
            place = {"x": "5", "y": _n(rows[1] / 2 + 4)}
            ET.SubElement(frame, "text", place).text = words[0]

    def text(self, y: float, content: str, style: str, data: dict[str, str]) -> None:
        """A text at the left edge, ``y`` pixels down."""
        self._mark("text", {"x": "0", "y": _n(y), "class": style}, data, "").text = content

    def rule(self, y: float, data: dict[str, str]) -> None:
        """A faint line over the whole width, ``y`` pixels down."""
        ends = {"x1": "0", "x2": "100%", "y1": _n(y), "y2": _n(y), "class": "rule"}
        self._mark("line", ends, data, "")

    def name(
        self,
        place: tuple[float, float],
        content: str,
        data: dict[str, str],
        *,
        lift: float = 0.0,
    ) -> None:
        """The name of a dot, beside it or ``lift`` pixels higher."""
        x, y = place
        share = self._x.share(x)
        style = "name end" if share > TURNS else "name"
        values = {"data-x": _values([x])}
        if self._y is not None:
            values["data-y"] = _values([y])
        attributes = {"x": _percent(share), "y": _n(self.down(y)), "class": style, **values}
        attributes["dy"] = _n(4 - lift)
        attributes["dx"] = "-14" if share > TURNS else "14"
        self._mark("text", attributes, data, "").text = content

    def _mark(
        self, tag: str, attributes: dict[str, str], data: dict[str, str], hint: str
    ) -> ET.Element:
        element = ET.SubElement(self._box, tag, {**attributes, **_data(data)})
        if hint:
            ET.SubElement(element, "title").text = hint
        return element

    def __str__(self) -> str:
        return ET.tostring(self._root, encoding="unicode")


def _scale_data(name: str, scale: Scale) -> dict[str, str]:
    return {
        f"data-{name}-low": f"{scale.low:.7g}",
        f"data-{name}-high": f"{scale.high:.7g}",
        f"data-{name}-unit": scale.unit,
        f"data-{name}-log": str(int(scale.log)),
    }


def _data(data: dict[str, str]) -> dict[str, str]:
    return {f"data-{name}": value for name, value in data.items()}


def _values(values: Iterable[float]) -> str:
    return " ".join(f"{value:.5g}" for value in values)


def _percent(share: float) -> str:
    return f"{_n(100 * share)}%"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
