"""Numbers as people read them: sizes, latencies, shares, factors and their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.manifest import Score

__all__ = [
    "ABSENT",
    "SHARE_METRICS",
    "count_text",
    "error_text",
    "factor_interval_text",
    "factor_text",
    "latency_interval_text",
    "latency_text",
    "latency_tick_text",
    "number_text",
    "percent_tick_text",
    "score_interval_text",
    "score_text",
    "share_text",
    "size_text",
    "size_tick_text",
    "tick_text",
]

ABSENT = "\N{EN DASH}"
SHARE_METRICS = frozenset(["accuracy", "balanced_accuracy", "f1_macro", "f1"])


def number_text(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, thousands apart, without an exponent where it can."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4 or magnitude > 8:
        return (
            f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+", "e").replace("e0", "e")
        )
    rounded = round(value, digits - 1 - magnitude)
    return f"{rounded:,.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def tick_text(value: float) -> str:
    """A round value beside an axis: no more digits than it has."""
    return number_text(value, 0) if value == 0 else _trimmed(number_text(value, 4))


def _trimmed(number: str) -> str:
    figure, exponent, power = number.partition("e")
    if "." in figure:
        figure = figure.rstrip("0").rstrip(".")
    return figure + exponent + power


def latency_tick_text(latency_ns: float) -> str:
    """A round latency beside an axis."""
    unit_ns, unit = _time_unit(latency_ns)
    return f"{tick_text(latency_ns / unit_ns)} {unit}"


def percent_tick_text(share: float) -> str:
    """A round share beside an axis."""
    return f"{tick_text(round(100 * share, 6))} %"


def count_text(value: int) -> str:
    """A count, thousands apart."""
    return f"{value:,}"


def size_text(size_bytes: float | None) -> str:
    """A size in the decimal units that file managers and budgets use."""
    if size_bytes is None:
        return ABSENT
    value, unit = _in_size_unit(size_bytes)
    return f"{number_text(value)} {unit}"


def size_tick_text(size_bytes: float) -> str:
    """A round size beside an axis."""
    value, unit = _in_size_unit(size_bytes)
    return f"{tick_text(value)} {unit}"


def _in_size_unit(size_bytes: float) -> tuple[float, str]:
    for limit, unit in ((1e3, "B"), (1e6, "kB"), (1e9, "MB")):
        if size_bytes < limit * 0.9995:
            return size_bytes / limit * 1e3, unit
    return size_bytes / 1e9, "GB"


def latency_text(latency_ns: float | None) -> str:
    """A latency in the unit that leaves one to three digits before the point."""
    if latency_ns is None:
        return ABSENT
    unit_ns, unit = _time_unit(latency_ns)
    return f"{number_text(latency_ns / unit_ns)} {unit}"


def latency_interval_text(latency_ns: Estimate) -> str:
    """The interval alone, in the unit of the figure itself; where that is 0, of its wider end.

    Empty for one without width: a figure of a single process, which is not for that a sure one.
    """
    if latency_ns.low == latency_ns.high:
        return ""
    furthest = max(latency_ns.low, latency_ns.high, key=abs)
    unit_ns, unit = _time_unit(latency_ns.value or furthest)
    low, high = (number_text(end / unit_ns) for end in (latency_ns.low, latency_ns.high))
    return f"{low} to {high} {unit}"


def _time_unit(latency_ns: float) -> tuple[float, str]:
    """The unit that suits a latency, which may be below 0: its length in ns and its name."""
    for unit_ns, unit in ((1.0, "ns"), (1e3, "\N{MICRO SIGN}s"), (1e6, "ms")):
        if abs(latency_ns) < unit_ns * 1e3 * 0.9995:
            return unit_ns, unit
    return 1e9, "s"


def share_text(share: float | None) -> str:
    """A share in percent; all is said as such only where it is all."""
    if share is None:
        return ABSENT
    percent = 100 * share
    if 99.995 <= percent < 100:
        return ">99.99 %"
    text = f"{percent:.2f}" if percent >= 99 or percent < 1 else f"{percent:.1f}"
    return f"{text.removesuffix('.00').removesuffix('.0')} %"


def score_text(score: Score | None, unit: str | None = None) -> str:
    """The figure of a score: a share in percent, an error in its unit."""
    if score is None:
        return ABSENT
    return _score_figure(score.value, score.metric, unit)


def score_interval_text(score: Score, unit: str | None = None) -> str:
    """The interval of a score alone."""
    low = _score_figure(score.low, score.metric, None).removesuffix(" %")
    return f"{low} to {_score_figure(score.high, score.metric, unit)}"


def _score_figure(value: float, metric: str, unit: str | None) -> str:
    if metric in SHARE_METRICS:
        return f"{100 * value:.1f} %"
    of_unit = f" {unit}" if unit and metric in ("rmse", "mae") else ""
    return f"{number_text(value)}{of_unit}"


def factor_text(factor: Estimate | None) -> str:
    """How many times faster; two digits where the interval supports no third."""
    if factor is None:
        return ABSENT
    return (
        f"{number_text(factor.value, 2 if factor.value < 1000 else 3)}\N{MULTIPLICATION SIGN}"
    )


def factor_interval_text(factor: Estimate) -> str:
    """The interval of a factor alone."""
    digits = 2 if factor.value < 1000 else 3
    return f"{number_text(factor.low, digits)} to {number_text(factor.high, digits)}"


def error_text(error: float | None) -> str:
    """A difference between two outputs: two digits, 0 where they are equal to the bit."""
    if error is None:
        return ABSENT
    return "0" if error == 0 else number_text(error, 2)
