"""The order in which people expect names: numbers by value, the rest as a book index has it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["naturally_sorted"]


def naturally_sorted(texts: Iterable[str]) -> list[str]:
    """Texts that are all numbers by value; else with the digits in them by value: a2 before a10."""
    texts = list(texts)
    try:
        values = {text: float(text) for text in texts}
    except ValueError:
        return sorted(texts, key=_natural_key)
    if any(math.isnan(value) for value in values.values()):  # NaN is before and after nothing
        return sorted(texts, key=_natural_key)
    return sorted(texts, key=lambda text: (values[text], text))


def _natural_key(text: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.split(r"([0-9]+)", text)
    runs = [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in parts
        if part
    ]
    return runs, text
