"""IDLE: one call after a pause, as an app that waits for its user has it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.meters import Meters
from edgesmith_runtime.bench.measuring.timing.series import series_of
from edgesmith_runtime.bench.measuring.timing.warmup import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.effort import Effort
    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.phases import Series

__all__ = ["least_seconds", "time_idle"]


def least_seconds(amount: float, effort: Effort) -> float:
    """The pauses."""
    return amount * effort.n_idle_calls


def time_idle(
    call: Callable[[], object], amount: float, effort: Effort, clock: Clock
) -> Series:
    """Warm up, then pause and call once, again and again.

    Args:
        call: What is timed.
        amount: Seconds of a pause, in which this process does nothing.
        effort: How often.
        clock: The time.
    """
    warmth = warm_up(call, effort, clock=clock)
    now_ns = clock.now_ns
    latencies_ns: list[int] = []
    begins_ns: list[int] = []
    meters = Meters()
    gc.collect()
    start = meters.start()
    origin_ns = now_ns()
    for _ in range(effort.n_idle_calls):
        clock.sleep_s(amount)
        begin_ns = now_ns()
        call()
        latencies_ns.append(now_ns() - begin_ns)
        begins_ns.append(begin_ns - origin_ns)
    spent = meters.since(start)
    return series_of(latencies_ns, warmth=warmth, spent=spent, begins_ns=begins_ns)
