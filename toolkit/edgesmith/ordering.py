"""The order in which people expect names: numbers by value, the rest as a book index has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["naturally_sorted"]


def naturally_sorted(texts: Iterable[str]) -> list[str]:
    """Texts that are all numbers by value; else with the digits in them by value: a2 before a10."""
    texts = list(texts)
    try:
        return sorted(texts, key=lambda text: (float(text), text))
    except ValueError:
        return sorted(texts, key=_natural_key)


def _natural_key(text: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.split(r"([0-9]+)", text)
    runs = [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in parts
        if part
    ]
    return runs, text
