"""Where the name of a point has room in a chart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.reporting.drawing import Frame

__all__ = ["Box", "free_box", "led_box"]

Box: TypeAlias = tuple[float, float, float, float]


def free_box(frame: Frame, mark: Box, width: float, taken: Sequence[Box]) -> Box | None:
    """The first box near a mark for its name that nothing else is in; None where there is none.

    Beside the point, then above the upper end of its interval and below the lower one.

    Args:
        frame: That the name stays in.
        mark: The point's x and y, upper and lower end of its interval.
        width: Of the name.
        taken: Boxes of other things: left, top, right, bottom.
    """
    x, y, top, bottom = mark
    rows = [y + shift for shift in (4.0, -12.0, 20.0, -28.0, 36.0)]
    starts = (x + 9, x - 9 - width)
    corners = [(start, row) for row in rows for start in starts]
    corners += [(x - 5, top - 6), (x - width + 5, top - 6), (x - 5, bottom + 14)]
    for left, row in corners:
        box = (left, row - 11, left + width, row + 3)
        if _is_free(frame, box, taken):
            return box
    return None


def led_box(
    frame: Frame, place: tuple[float, float], width: float, taken: Sequence[Box]
) -> Box | None:
    """The closest box for a name that a line may lead to; None where there is none.

    Beside the point if it can be, else farther off and above or below.
    """
    x, y = place
    shifts = [(away, 15.0 * row) for away in (10, 26, 50, 80) for row in range(-8, 9)]
    for away, shift in sorted(shifts, key=lambda one: math.hypot(one[0], 1.5 * one[1])):
        for left in (x + away, x - away - width):
            box = (left, y + shift - 7, left + width, y + shift + 7)
            if _is_free(frame, box, taken):
                return box
    return None


def _is_free(frame: Frame, box: Box, taken: Sequence[Box]) -> bool:
    inside = frame.left <= box[0] and box[2] <= frame.left + frame.width
    inside = inside and frame.top - 4 <= box[1] and box[3] <= frame.top + frame.height
    return inside and not any(_overlap(box, other) for other in taken)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
