"""Calls at a fixed rate."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.paced import least_seconds, time_paced

if TYPE_CHECKING:
    from conftest import Stage

    from edgesmith_runtime.bench.effort import Effort

MS = 1_000_000


def test_calls_begin_when_they_are_due(stage: Stage, effort: Effort) -> None:
    series = time_paced(stage.call, 100, effort, stage.clock)

    assert series.begins_ns == tuple(10 * MS * index for index in range(50))
    assert series.measurement.latencies_ns == (MS,) * 50


def test_a_call_that_waits_for_the_one_before_it_has_that_in_its_latency(
    stage: Stage, effort: Effort
) -> None:
    stage.latencies_ns = chain(repeat(MS, 30), [25 * MS], repeat(MS))

    series = time_paced(stage.call, 100, effort, stage.clock)

    slow = series.measurement.latencies_ns.index(25 * MS)
    assert series.measurement.latencies_ns[slow : slow + 4] == (25 * MS, 16 * MS, 7 * MS, MS)


def test_the_lateness_of_the_waking_is_no_latency_of_the_model(
    stage: Stage, effort: Effort
) -> None:
    stage.late_ns = 60_000

    series = time_paced(stage.call, 100, effort, stage.clock)

    assert series.measurement.latencies_ns == (MS,) * 50
    assert series.begins_ns[1] == 10 * MS + 60_000


def test_its_schedule_is_planned(effort: Effort) -> None:
    assert least_seconds(100, effort) == 0.5
    assert least_seconds(1, effort) == 5.0
