"""A size as people write it: ``300kB``, ``1.5MB``, ``200KiB``."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["parse_size"]

# kB and its kin are powers of 1000, KiB and its kin powers of 1024: IEC 80000-13, clause 4.
_BYTES = {
    "": 1,
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}


def parse_size(text: str) -> int:
    """Whole bytes of a size with its unit; without one it is in bytes.

    Raises:
        ValueError: It is no number with one of these units; they differ by case.
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", text)
    if found is None or found[2] not in _BYTES:
        raise ValueError(
            "expected a size such as 300kB or 1.5MB (1000 bytes a kB), or 200KiB (1024 bytes a "
            f"KiB), got '{text}'"
        )
    return int(Decimal(found[1]) * _BYTES[found[2]])
