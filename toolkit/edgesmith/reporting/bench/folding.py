"""Boxes within boxes to a limit of bytes: the smallest of a row become one, "N others"."""

from __future__ import annotations

import dataclasses
from html import escape
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.boxes import Box
from edgesmith.reporting.quantities import latency_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["folded", "shortened"]

SMALLEST = 0.001  # of the whole: less is narrower than a pixel
LEGIBLE = 0.02  # of the whole: less has no room for a word
BOX_BYTES = 320  # of a box on a page without its words, of which its name stands there twice
OTHERS_BYTES = BOX_BYTES + 200  # of what is made of the folded ones
LONGEST_NAME = 80
LONGEST_HINT = 300


def folded(root: Box, limit_bytes: int) -> Box:
    """The same boxes, of which the longest stay as they are and fit into so many bytes.

    Those of a row that do not stay are one box at its end, unless they are narrower than a pixel
    all together, or the whole row and too narrow for a word; one alone keeps its name.

    Args:
        root: The whole call.
        limit_bytes: Of the boxes as a page has them, about.
    """
    longest_first = sorted(_within(root), key=lambda one: -one.time_ns)
    kept: set[int] = set()
    n_bytes = 0
    for box in longest_first:
        n_bytes += _n_bytes(box)
        if n_bytes > limit_bytes or box.time_ns < SMALLEST * root.time_ns:
            break
        kept.add(id(box))
    return dataclasses.replace(_short(root), parts=_row(root.parts, kept, root.time_ns))


def shortened(text: str, n_characters: int) -> str:
    """A text without its beginning where it is longer: of a path the end tells more."""
    return (
        text
        if len(text) <= n_characters
        else f"\N{HORIZONTAL ELLIPSIS}{text[1 - n_characters :]}"
    )


def _within(box: Box) -> Iterator[Box]:
    for part in box.parts:
        yield part
        yield from _within(part)


def _n_bytes(box: Box) -> int:
    short = _short(box)
    words = 2 * len(escape(short.name).encode()) + len(escape(short.hint).encode())
    return BOX_BYTES + words + (OTHERS_BYTES if box.parts else 0)


def _short(box: Box) -> Box:
    hint = box.hint
    if len(hint) > LONGEST_HINT:
        hint = f"{hint[: LONGEST_HINT - 1]}\N{HORIZONTAL ELLIPSIS}"
    return dataclasses.replace(box, name=shortened(box.name, LONGEST_NAME), hint=hint)


def _row(parts: Sequence[Box], kept: AbstractSet[int], whole_ns: float) -> tuple[Box, ...]:
    shown = tuple(
        dataclasses.replace(_short(one), parts=_row(one.parts, kept, whole_ns))
        for one in parts
        if id(one) in kept
    )
    others = [one for one in parts if id(one) not in kept]
    time_ns = sum(one.time_ns for one in others)
    if not others or time_ns < (SMALLEST if shown else LEGIBLE) * whole_ns:
        return shown
    longest = _short(max(others, key=lambda one: one.time_ns))
    if len(others) == 1:
        return (*shown, dataclasses.replace(longest, parts=()))
    box = Box(
        name=f"{len(others)} others",
        style=longest.style,
        time_ns=time_ns,
        hint=f"the longest of them is {longest.name} with {latency_text(longest.time_ns)}",
    )
    return (*shown, box)
