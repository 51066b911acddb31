"""Several threads that call one model."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.timing.clock import Clock
from edgesmith_runtime.bench.measuring.timing.concurrent import (
    WARM_CALLS,
    least_seconds,
    time_concurrent,
)

if TYPE_CHECKING:
    from edgesmith_runtime.bench.effort import Effort


def test_the_latencies_of_all_callers_are_there(effort: Effort) -> None:
    callers: set[int] = set()

    series = time_concurrent(lambda: callers.add(threading.get_ident()), 3, effort, Clock())

    assert len(callers) == 3 + 1  # one for the warm-up
    assert len(series.measurement.latencies_ns) == 3 * effort.max_calls


def test_the_callers_are_in_the_call_at_the_same_time(effort: Effort) -> None:
    main, meeting = threading.get_ident(), threading.Barrier(2, timeout=30)

    def call() -> None:
        if threading.get_ident() != main:
            meeting.wait()

    series = time_concurrent(call, 2, effort, Clock(now_ns=count(step=50_000_000).__next__))

    assert len(series.measurement.latencies_ns) == 2 * 5


def test_the_calls_that_warm_a_thread_cost_nothing(effort: Effort) -> None:
    main, n_calls = threading.get_ident(), Counter[int]()

    def call() -> None:
        mine = threading.get_ident()
        n_calls[mine] += 1
        if mine != main and n_calls[mine] <= WARM_CALLS:
            time.sleep(0.2)

    series = time_concurrent(call, 2, effort, Clock(now_ns=count(step=50_000_000).__next__))

    assert series.wall_ns is not None
    assert series.wall_ns < WARM_CALLS * 200_000_000 / 2


def test_an_error_in_a_thread_is_raised_here(effort: Effort) -> None:
    main = threading.get_ident()

    def call() -> None:
        if threading.get_ident() != main:
            raise OSError("not from two threads")

    with pytest.raises(OSError, match="not from two threads"):
        time_concurrent(call, 2, effort, Clock())


def test_no_pause_is_planned(effort: Effort) -> None:
    assert least_seconds(4, effort) == 0
