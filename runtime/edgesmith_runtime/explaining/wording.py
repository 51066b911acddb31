"""Figures as people read them."""

from __future__ import annotations

__all__ = ["bytes_text", "time_text"]

_TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "us"))
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def time_text(ns: float) -> str:
    """Three digits and the unit that fits."""
    return _text(ns, _TIMES, "ns")


def bytes_text(n_bytes: float) -> str:
    """Three digits and the unit that fits."""
    return _text(n_bytes, _SIZES, "bytes")


def _text(value: float, units: tuple[tuple[float, str], ...], smallest: str) -> str:
    for size, unit in units:
        if abs(value) >= size * 0.9995:  # so that 999.9 us is 1 ms
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} {smallest}"
