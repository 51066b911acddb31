"""Ratios and claims in words, no surer than their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.reporting.quantities import ABSENT, number_text

if TYPE_CHECKING:
    from edgesmith_runtime.latency import Estimate

__all__ = ["is_level", "ratio_interval_text", "ratio_text", "times_text", "verdict_word"]


def ratio_text(ratio: Estimate | None) -> str:
    """A ratio of two latencies with its interval."""
    if ratio is None:
        return ABSENT
    interval = ratio_interval_text(ratio)
    return number_text(ratio.value) + (f" ({interval})" if interval else "")


def ratio_interval_text(ratio: Estimate) -> str:
    """The interval alone; empty for one without width, which is that of a single round."""
    if ratio.low == ratio.high:
        return ""
    return f"{number_text(ratio.low)} to {number_text(ratio.high)}"


def is_level(ratio: Estimate) -> bool:
    """Whether the interval holds 1, so that neither side can be called faster."""
    return ratio.low <= 1 <= ratio.high


def verdict_word(ratio: Estimate | None) -> str:
    """What a ratio to the baseline says: ``faster``, ``slower``, ``level``.

    Empty without a ratio, and for one whose interval has no width: it is not sure of anything.
    """
    if ratio is None or ratio.low == ratio.high:
        return ""
    if is_level(ratio):
        return "level"
    return "faster" if ratio.high < 1 else "slower"


def times_text(times: Estimate) -> str:
    """How many times as fast, three digits."""
    return f"{number_text(times.value)}\N{MULTIPLICATION SIGN}"
