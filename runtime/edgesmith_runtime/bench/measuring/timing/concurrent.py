"""CONCURRENT: several threads that call one model at once, as a service has it."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.meters import Meters, Reading
from edgesmith_runtime.bench.measuring.timing.series import series_of
from edgesmith_runtime.bench.measuring.timing.warmup import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.effort import Effort
    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.phases import Series

__all__ = ["least_seconds", "time_concurrent"]

WARM_CALLS = 3  # of each thread: what an engine keeps by thread is there then


def least_seconds(amount: float, effort: Effort) -> float:
    """None beyond the calls themselves."""
    del amount, effort
    return 0.0


def time_concurrent(
    call: Callable[[], object], amount: float, effort: Effort, clock: Clock
) -> Series:
    """Each thread calls as soon as its last call is over; all begin at the same moment.

    Each makes as many calls as fit into the effort if they ran one after the other; the limits
    of the effort hold for a thread above, and for all together below. The latencies are those of
    all threads, in the order in which the calls began. The meters run from the moment at which
    the last thread is warm to the end of the last call.

    Args:
        call: What is timed; safe to be called from any thread.
        amount: Threads.
        effort: How many calls.
        clock: The time.
    """
    n_callers = int(amount)
    warmth = warm_up(call, effort, clock=clock)
    fitting = effort.max_seconds * 1e9 / max(warmth.call_ns, 1)
    n_calls = -(-int(max(fitting, effort.min_calls)) // n_callers)
    meters, started = Meters(), list[Reading]()
    # Whoever comes last reads the meters, and only then is the gate open.
    gate = Barrier(n_callers, action=lambda: started.append(meters.start()))
    now_ns = clock.now_ns

    def calls() -> list[tuple[int, int]]:
        try:
            for _ in range(WARM_CALLS):
                call()
        except BaseException:
            gate.abort()  # the others would wait for this one
            raise
        gate.wait()
        found: list[tuple[int, int]] = []
        for _ in range(min(n_calls, effort.max_calls)):
            begin_ns = now_ns()
            call()
            found.append((begin_ns, now_ns() - begin_ns))
        return found

    gc.collect()
    with ThreadPoolExecutor(n_callers) as pool:
        callers = [pool.submit(calls) for _ in range(n_callers)]
        errors = [caller.exception() for caller in callers]
        spent = [meters.since(start) for start in started]
    for error in errors:
        if error is not None and not isinstance(error, BrokenBarrierError):
            raise error
    made = sorted(one for caller in callers for one in caller.result())
    return series_of([latency_ns for _, latency_ns in made], warmth=warmth, spent=spent[0])
