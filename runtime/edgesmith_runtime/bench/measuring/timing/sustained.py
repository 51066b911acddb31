"""SUSTAINED: calls on end for minutes, so that heat and drift show."""

from __future__ import annotations

import gc
import math
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.meters import Meters
from edgesmith_runtime.bench.measuring.timing.series import series_of
from edgesmith_runtime.bench.measuring.timing.warmup import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.effort import Effort
    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.phases import Series

__all__ = ["MOST_TIMED", "least_seconds", "time_sustained"]

MOST_TIMED = 20_000  # half a megabyte of JSON


def least_seconds(amount: float, effort: Effort) -> float:
    """All of it."""
    del effort
    return amount


def time_sustained(
    call: Callable[[], object], amount: float, effort: Effort, clock: Clock
) -> Series:
    """Call without a pause until the time is over.

    Every call is timed where about 20,000 of them fill the time. Of a quicker model every n-th
    is, with n decided before the first: the calls between keep the machine as busy, and a stop
    among them shows as a gap in ``begins_ns``. All that was timed is in the series.

    Args:
        call: What is timed.
        amount: Seconds in all.
        effort: For the warm-up.
        clock: The time.
    """
    warmth = warm_up(call, effort, clock=clock)
    n_between = math.ceil(amount * 1e9 / max(warmth.call_ns, 1) / MOST_TIMED) - 1
    now_ns = clock.now_ns
    latencies_ns: list[int] = []
    begins_ns: list[int] = []
    meters = Meters()
    gc.collect()
    start = meters.start()
    origin_ns = now_ns()
    until_ns = origin_ns + amount * 1e9
    while (begin_ns := now_ns()) < until_ns:
        call()
        latencies_ns.append(now_ns() - begin_ns)
        begins_ns.append(begin_ns - origin_ns)
        for _ in range(n_between):
            call()
    spent = meters.since(start)
    return series_of(
        latencies_ns,
        warmth=warmth,
        spent=spent,
        begins_ns=begins_ns,
        n_untimed=n_between * len(latencies_ns),
    )
