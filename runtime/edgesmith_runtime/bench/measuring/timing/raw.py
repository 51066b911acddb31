"""RAW: whole predictions, from a file or a row to an answer, with the time by stage."""

from __future__ import annotations

import gc
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.meters import Meters
from edgesmith_runtime.bench.measuring.timing.series import series_of, timed_calls
from edgesmith_runtime.bench.measuring.timing.warmup import WINDOW_CALLS, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from edgesmith_runtime.bench.effort import Effort
    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.phases import Series
    from edgesmith_runtime.recording import Recorder

__all__ = ["RawCalls", "least_seconds", "time_raw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCalls:
    """How a model is called on raw inputs.

    Args:
        raws: In turn, so that nothing that an engine or the system keeps of one input helps the
            next call; all alike have been read once before the first is timed.
        check: Refuses a model whose answers from raw inputs are wrong.
        predict: From one of these to an answer.
        record: Keeps the stages of at most so many calls.
    """

    raws: Sequence[object]
    check: Callable[[], None]
    predict: Callable[[object], object]
    record: Callable[[int], AbstractContextManager[Recorder]]


def least_seconds(amount: float, effort: Effort) -> float:
    """None beyond the calls themselves."""
    del amount, effort
    return 0.0


def time_raw(calls: RawCalls, amount: float, effort: Effort, clock: Clock) -> Series:
    """As many calls as fit into the effort, in whole turns of all raw inputs.

    Turns are left out rather than begun, but for the fewest calls of the effort, which are made
    up to whole turns.

    Args:
        calls: What is called on what.
        amount: One raw input a call.
        effort: How many calls.
        clock: The time.
    """
    del amount
    raws = itertools.cycle(calls.raws)

    def call() -> object:
        return calls.predict(next(raws))

    # Inputs of different sizes take different times: a window has all of them.
    turn = len(calls.raws)
    warmth = warm_up(call, effort, window_calls=max(WINDOW_CALLS, turn), clock=clock)
    n_turns = max(effort.n_calls(warmth.call_ns) // turn, math.ceil(effort.min_calls / turn))
    n_calls = n_turns * turn
    meters = Meters()
    with calls.record(n_calls) as recorder:
        gc.collect()
        start = meters.start()
        latencies_ns = timed_calls(call, n_calls, clock)
        spent = meters.since(start)
    stages_ns = {
        stage: tuple(int(ns) for ns in taken)
        for stage, taken in recorder.recording().stages_ns.items()
    }
    return series_of(latencies_ns, warmth=warmth, spent=spent, stages_ns=stages_ns)
