"""A small SVG canvas with axes: shapes carry class names, the page's style sheet colours them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from edgesmith.reporting.quantities import tick_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Axis", "Drawing", "Frame", "Point", "text_width"]

Point = tuple[float, float]

CHARACTER_WIDTH = 6.4  # of the 12 px sans-serif that the style sheet sets, on average


def text_width(content: str) -> float:
    """About how wide a text becomes, in drawing units."""
    return CHARACTER_WIDTH * len(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One direction of a chart: a range of values, on a linear or logarithmic scale.

    Args:
        label: What is along it, with its unit.
        low: Value at the start.
        high: Value at the end, above ``low``.
        log: Logarithmic; both ends are above 0.
        text: A tick's value as text.
    """

    label: str
    low: float
    high: float
    log: bool = False
    text: Callable[[float], str] = tick_text

    @classmethod
    def around(cls, values: Iterable[float], label: str, *, log: bool = False) -> Axis:
        """The axis that holds all values with a little room; on a log scale, to a round value."""
        known = [value for value in values if math.isfinite(value)]
        low, high = min(known, default=0.0), max(known, default=1.0)
        if log:
            below = [value for value in _round_values(low / 10, low) if value <= low]
            above = [value for value in _round_values(high, high * 10) if value > low]
            return cls(label=label, low=below[-1], high=above[0], log=True)
        room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
        return cls(label=label, low=low - room, high=high + room)

    def share(self, value: float) -> float:
        """Where a value is: 0 at the start, 1 at the end."""
        if self.log:
            span = math.log10(self.high) - math.log10(self.low)
            return (math.log10(value) - math.log10(self.low)) / span
        return (value - self.low) / (self.high - self.low)

    def ticks(self, n_wanted: int = 5) -> list[float]:
        """Round values within the range: 1, 2 or 5 times a power of ten, or the decades."""
        if self.log:
            values = _round_values(self.low, self.high)
            decades = [value for value in values if f"{value:.0e}".startswith("1")]
            if len(values) <= n_wanted + 2 or len(decades) < 2:
                return values
            return decades[:: math.ceil(len(decades) / (n_wanted + 2))]
        raw = (self.high - self.low) / n_wanted
        power = 10 ** math.floor(math.log10(raw))
        steps = [power * factor for factor in (1, 2, 5, 10)]
        step = min(steps, key=lambda one: abs(math.log(one / raw)))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


class Drawing:
    """An SVG that scales with its column; sizes are in units of about a CSS pixel.

    Args:
        title: What the picture shows, for those who do not see it.
        size: Width and height.
    """

    def __init__(self, title: str, size: Point) -> None:
        width, height = size
        slug = "chart-" + re.sub(r"\W+", "-", title.lower()).strip("-")
        self._root = ET.Element(
            "svg",
            {
                "viewBox": f"0 0 {_n(width)} {_n(height)}",
                "role": "img",
                "aria-labelledby": slug,
                "xmlns": "http://www.w3.org/2000/svg",
            },
        )
        ET.SubElement(self._root, "title", {"id": slug}).text = title

    def text(
        self, place: Point, content: str, style: str = "", *, turned: bool = False
    ) -> None:
        """A text; ``style`` may hold ``middle`` or ``end``, which say what its place is."""
        x, y = place
        attributes = {"x": _n(x), "y": _n(y), "class": style}
        if turned:
            attributes["transform"] = f"rotate(-90 {_n(x)} {_n(y)})"
        ET.SubElement(self._root, "text", attributes).text = content

    def path(self, points: Iterable[Point], style: str) -> None:
        """Straight lines through points."""
        steps = " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        if steps:
            ET.SubElement(self._root, "path", {"d": f"M{steps}", "class": style})

    def rect(self, corner: Point, size: Point, style: str, hint: str = "") -> ET.Element:
        """A filled box from its upper left corner; ``hint`` shows under the pointer."""
        box = {
            "x": _n(corner[0]),
            "y": _n(corner[1]),
            "width": _n(max(0.0, size[0])),
            "height": _n(max(0.0, size[1])),
            "class": style,
        }
        element = ET.SubElement(self._root, "rect", box)
        self._hint(element, hint)
        return element

    def dot(self, place: Point, radius: float, style: str, hint: str = "") -> None:
        """A filled circle; ``hint`` shows under the pointer."""
        circle = {"cx": _n(place[0]), "cy": _n(place[1]), "r": _n(radius), "class": style}
        self._hint(ET.SubElement(self._root, "circle", circle), hint)

    def polygon(self, points: Iterable[Point], style: str, hint: str = "") -> None:
        """A closed shape; ``hint`` shows under the pointer."""
        steps = " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        shape = ET.SubElement(self._root, "path", {"d": f"M{steps} Z", "class": style})
        self._hint(shape, hint)

    def legend(self, place: Point, entries: Iterable[tuple[str, str]]) -> None:
        """Names with their swatches in one row; each entry is a name and a style."""
        x, y = place
        for name, style in entries:
            self.rect((x, y - 6), (14, 3), f"{style} fill")
            self.text((x + 19, y), name)
            x += 19 + text_width(name) + 16

    def _hint(self, element: ET.Element, hint: str) -> None:
        if hint:
            ET.SubElement(element, "title").text = hint

    def __str__(self) -> str:
        return ET.tostring(self._root, encoding="unicode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The box that two axes span within a drawing.

    Args:
        x: The axis to the right.
        y: The axis upwards.
        left: Units before the box, for the tick texts of ``y``.
        top: Units above it.
        width: Of the box.
        height: Of the box.
    """

    x: Axis
    y: Axis
    left: float
    top: float
    width: float
    height: float

    def place(self, x: float, y: float) -> Point:
        """Where a pair of values is in the drawing."""
        return (
            self.left + self.width * self.x.share(x),
            self.top + self.height * (1 - self.y.share(y)),
        )

    def draw(self, drawing: Drawing) -> None:
        """Grid lines, tick texts and the labels of both axes."""
        bottom, right = self.top + self.height, self.left + self.width
        for tick in self.y.ticks():
            _, y = self.place(self.x.low, tick)
            drawing.path([(self.left, y), (right, y)], "grid")
            drawing.text((self.left - 6, y + 4), self.y.text(tick), "end tick")
        for tick in self.x.ticks():
            x, _ = self.place(tick, self.y.low)
            drawing.path([(x, bottom), (x, bottom + 4)], "grid")
            drawing.text((x, bottom + 17), self.x.text(tick), "middle tick")
        drawing.path([(self.left, bottom), (right, bottom)], "axis")
        drawing.text((right, bottom + 34), self.x.label, "end label")
        drawing.text((2, self.top - 10), self.y.label, "label")


def _round_values(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten, from ``low`` to ``high``."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [float(f"{factor}e{power}") for power in powers for factor in (1, 2, 5)]
    return [step for step in steps if low * (1 - 1e-9) <= step <= high * (1 + 1e-9)]


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
