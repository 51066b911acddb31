"""The charts of a search: size against the lost metric, and size against latency."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from edgesmith.core import Standing
from edgesmith.reporting.drawing import Axis
from edgesmith.reporting.quantities import (
    latency_interval_text,
    latency_text,
    latency_tick_text,
    size_text,
    size_tick_text,
    tick_text,
)
from edgesmith.reporting.search.budget import format_name, metric_of, ranked
from edgesmith.reporting.search.drops import drop_interval_text, drop_scale, drop_text
from edgesmith.reporting.search.trade_offs import Contender, Limit, trade_off

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgesmith.core import Candidate
    from edgesmith.evidence import Search
    from edgesmith_runtime.spec import Format

__all__ = ["drops_picture", "latencies_picture"]

WIDE = 4  # a range of so many times is on a logarithmic scale
MANY_LIMITS = 4  # a drop beyond so many allowed ones would squash those that matter
LEAST_ALLOWED = 0.002
FAR = 2  # a limit beyond so many times the largest value is not in the picture


def drops_picture(search: Search) -> str:
    """Size against how much worse each candidate is; empty where that is not known."""
    metric, formats = metric_of(search), _formats(search)
    if metric is None:
        return ""
    scale = drop_scale(metric)
    allowed = search.target.max_accuracy_drop
    found = [
        _contender(
            one,
            formats,
            0.0 if one.drop is None else one.drop.value,
            None if one.drop is None else (one.drop.low, one.drop.high),
        )
        for one in ranked(search)
        if one.drop is None or math.isfinite(one.drop.value)
    ]
    y = _drop_axis(found, allowed)
    far = [
        dataclasses.replace(one, name=f"{one.name}: {scale.text(one.y)}")
        if one.y > y.high
        else one
        for one in found
    ]
    return trade_off(
        f"Size against {metric.replace('_', ' ')} lost",
        far,
        (_size_axis(search), dataclasses.replace(y, label=scale.label, text=scale.tick)),
        (
            _size_limit(search),
            Limit(allowed, f"allowed: {scale.round_text(allowed)}"),
        ),
        [format_name(fmt) for fmt in formats],
    )


def _drop_axis(found: Sequence[Contender], allowed: float) -> Axis:
    beyond = MANY_LIMITS * max(allowed, LEAST_ALLOWED)
    near = [one for one in found if one.y <= beyond] or found
    highs = [one.y if one.ends is None else one.ends[1] for one in near]
    lows = [one.y if one.ends is None else one.ends[0] for one in near]
    high = max(min(max(highs), beyond), max(one.y for one in near), 1.25 * allowed)
    low = max(min(0.0, *lows), -high)
    return Axis.around([low, high], "")


def latencies_picture(search: Search) -> str:
    """Size against latency, p95 where that has a limit; empty with less than two latencies."""
    limit_ms, formats = search.target.max_p95_ms, _formats(search)
    found: list[Contender] = []
    for one in ranked(search):
        if one.latency is None:
            continue
        p50_ns = one.latency.p50_ns
        if limit_ms is None:
            found.append(_contender(one, formats, p50_ns.value, (p50_ns.low, p50_ns.high)))
        elif one.latency.p95_ns is not None:
            found.append(_contender(one, formats, one.latency.p95_ns, None))
    if len(found) < 2:
        return ""
    limit_ns = None if limit_ms is None else limit_ms * 1e6
    label = "latency of a call" if limit_ms is None else "p95 of a call"
    return trade_off(
        f"Size against {label}",
        found,
        (
            _size_axis(search),
            _from_zero([one.y for one in found], limit_ns, label, latency_tick_text),
        ),
        (
            _size_limit(search),
            None
            if limit_ns is None
            else Limit(limit_ns, f"at most {latency_tick_text(limit_ns)}"),
        ),
        [format_name(fmt) for fmt in formats],
    )


def _formats(search: Search) -> list[Format]:
    """In the order of the target, then those of other candidates."""
    of_candidates = (one.recipe.format for one in search.candidates)
    return list(dict.fromkeys((*search.target.formats, *of_candidates)))


def _contender(
    candidate: Candidate,
    formats: Sequence[Format],
    y: float,
    ends: tuple[float, float] | None,
) -> Contender:
    return Contender(
        name=candidate.recipe.name,
        x=candidate.artifact.size_bytes,
        y=y,
        ends=ends,
        kind=formats.index(candidate.recipe.format),
        chosen=candidate.standing == Standing.CHOSEN,
        fits=candidate.standing != Standing.MISSES,
        hint=_hint(candidate),
    )


def _hint(candidate: Candidate) -> str:
    drop, latency = candidate.drop, candidate.latency
    parts = [
        f"{candidate.recipe.name} ({format_name(candidate.recipe.format)})",
        size_text(candidate.artifact.size_bytes),
    ]
    if drop is not None:
        parts.append(f"lost {drop_text(drop)} ({drop_interval_text(drop)})")
    if latency is not None:
        interval = latency_interval_text(latency.p50_ns)
        bracketed = f" ({interval})" if interval else ""
        parts.append(f"{latency_text(latency.p50_ns.value)} a call{bracketed}")
    if candidate.standing is not None:
        parts.append(str(candidate.standing))
    return ", ".join(parts)


def _size_axis(search: Search) -> Axis:
    sizes = [float(one.artifact.size_bytes) for one in search.candidates]
    return _from_zero(sizes, search.target.max_size_bytes, "size", size_tick_text)


def _from_zero(
    values: Sequence[float], limit: float | None, label: str, text: Callable[[float], str]
) -> Axis:
    """From 0, or on a logarithmic scale where the range is wide; a limit not far off is on it."""
    shown = list(values)
    if limit is not None and limit <= FAR * max(values):
        shown.append(limit)
    if min(shown) > 0 and max(shown) > WIDE * min(shown):
        axis = Axis.around(shown, f"{label} (log scale)", log=True)
        return dataclasses.replace(axis, text=text)
    return Axis(
        label=label,
        low=0.0,
        high=max(shown) * 1.08 or 1.0,
        text=lambda tick: text(tick) if tick else tick_text(0.0),
    )


def _size_limit(search: Search) -> Limit | None:
    limit = search.target.max_size_bytes
    return None if limit is None else Limit(limit, f"at most {size_tick_text(limit)}")
