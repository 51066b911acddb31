"""Call a model until its latency has settled, by a rule that is stated.

Its calls come in windows, each of at least 4 calls and a fiftieth of the time that a series aims
at (10 ms of the default half second). It has settled when the medians of the last three windows
lie within 5 % of the smallest. Where they do not it ends after twice the time of a series, at
least 12 calls, and the series that follows says that it was not stable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.measuring.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.effort import Effort

__all__ = ["Warmth", "warm_up"]

WINDOW_CALLS = 4
WINDOW_SHARE = 0.02  # of max_seconds
N_WINDOWS = 3
TOLERANCE = 0.05
LIMIT_SHARE = 2.0  # of max_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """How a warm-up ended.

    Args:
        n_calls: That it made.
        call_ns: Median of the last window.
        is_stable: Whether it settled, rather than came to its limit.
    """

    n_calls: int
    call_ns: float
    is_stable: bool


def warm_up(
    call: Callable[[], object],
    effort: Effort,
    *,
    window_calls: int = WINDOW_CALLS,
    clock: Clock | None = None,
) -> Warmth:
    """Call until stable or at the limit.

    Args:
        call: As it is timed afterwards.
        effort: Its ``max_seconds`` gives the windows and the limit.
        window_calls: Fewest calls of a window, more where the calls are not all alike.
        clock: None takes the system's.
    """
    now_ns = (clock or Clock()).now_ns
    window_ns = WINDOW_SHARE * effort.max_seconds * 1e9
    begin_ns = now_ns()
    limit_ns = begin_ns + LIMIT_SHARE * effort.max_seconds * 1e9
    medians: list[float] = []
    window: list[int] = []
    n_calls, opened_ns = 0, begin_ns
    while True:
        start_ns = now_ns()
        call()
        end_ns = now_ns()
        n_calls += 1
        window.append(end_ns - start_ns)
        if len(window) >= window_calls and end_ns - opened_ns >= window_ns:
            medians.append(float(np.median(window)))
            if _has_settled(medians):
                return Warmth(n_calls=n_calls, call_ns=medians[-1], is_stable=True)
            window, opened_ns = [], now_ns()
        if end_ns >= limit_ns and n_calls >= N_WINDOWS * WINDOW_CALLS:
            call_ns = float(np.median(window)) if window else medians[-1]
            return Warmth(n_calls=n_calls, call_ns=call_ns, is_stable=False)


def _has_settled(medians: list[float]) -> bool:
    last = medians[-N_WINDOWS:]
    return len(last) == N_WINDOWS and max(last) <= (1 + TOLERANCE) * min(last)
