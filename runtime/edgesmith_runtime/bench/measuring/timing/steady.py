"""STEADY: calls that follow each other at once."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.meters import Meters
from edgesmith_runtime.bench.measuring.timing.series import series_of, timed_calls
from edgesmith_runtime.bench.measuring.timing.warmup import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.effort import Effort
    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.phases import Series

__all__ = ["least_seconds", "time_steady"]


def least_seconds(amount: float, effort: Effort) -> float:
    """None beyond the calls themselves."""
    del amount, effort
    return 0.0


def time_steady(
    call: Callable[[], object], amount: float, effort: Effort, clock: Clock
) -> Series:
    """As many calls as fit into the effort, quick ones spread over a tenth of a second.

    Args:
        call: On inputs of ``amount`` samples.
        amount: The batch size, which is in the call already.
        effort: How many calls.
        clock: The time.
    """
    del amount
    warmth = warm_up(call, effort, clock=clock)
    n_calls, n_between = effort.n_calls(warmth.call_ns), effort.n_between(warmth.call_ns)
    meters = Meters()
    gc.collect()
    start = meters.start()
    latencies_ns = timed_calls(call, n_calls, clock, n_between=n_between)
    spent = meters.since(start)
    return series_of(latencies_ns, warmth=warmth, spent=spent, n_untimed=n_between * n_calls)
