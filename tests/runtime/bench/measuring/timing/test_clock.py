"""The time that the timing goes by."""

from __future__ import annotations

import time

from edgesmith_runtime.bench.measuring.timing.clock import Clock


def test_the_clock_of_the_system_is_the_one_that_all_processes_share() -> None:
    before, now, after = time.perf_counter_ns(), Clock().now_ns(), time.perf_counter_ns()

    assert before <= now <= after
