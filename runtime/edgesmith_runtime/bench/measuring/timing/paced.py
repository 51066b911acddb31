"""PACED: calls at a fixed rate, as a camera or a sensor asks for them."""

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

__all__ = ["least_seconds", "time_paced"]


def least_seconds(amount: float, effort: Effort) -> float:
    """The schedule."""
    return effort.n_calls(1e9 / amount) / amount


def time_paced(
    call: Callable[[], object], amount: float, effort: Effort, clock: Clock
) -> Series:
    """Calls by a schedule that is fixed before the first: one that is late makes none later.

    A call's latency counts from the moment it was due: one that had to wait for those before it
    has that wait in its latency. Where the caller slept until then, it counts from the moment
    that the system woke it, which is some 60 us later and no work of the model; ``begins_ns``
    has every such moment.

    Args:
        call: What is timed.
        amount: Calls a second.
        effort: How many calls: those that are due within it.
        clock: The time.
    """
    warmth = warm_up(call, effort, clock=clock)
    period_ns = 1e9 / amount
    now_ns = clock.now_ns
    latencies_ns: list[int] = []
    begins_ns: list[int] = []
    meters = Meters()
    gc.collect()
    start = meters.start()
    origin_ns = now_ns()
    for index in range(effort.n_calls(period_ns)):
        due_ns = origin_ns + round(index * period_ns)
        begin_ns = now_ns()
        if begin_ns < due_ns:
            clock.sleep_s((due_ns - begin_ns) / 1e9)
            due_ns = begin_ns = now_ns()
        call()
        latencies_ns.append(now_ns() - due_ns)
        begins_ns.append(begin_ns - origin_ns)
    spent = meters.since(start)
    return series_of(latencies_ns, warmth=warmth, spent=spent, begins_ns=begins_ns)
