"""Calls that follow each other at once."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.steady import least_seconds, time_steady

if TYPE_CHECKING:
    from conftest import Stage

    from edgesmith_runtime.bench.effort import Effort

MS = 1_000_000


def test_the_calls_after_the_warm_up_are_timed(stage: Stage, effort: Effort) -> None:
    stage.latencies_ns = chain([70 * MS], repeat(10 * MS, 2000))

    series = time_steady(stage.call, 1, effort, stage.clock)

    assert series.measurement.latencies_ns == (10 * MS,) * 50
    assert series.measurement.n_warmup + 50 == stage.n_calls
    assert series.is_stable


def test_of_quick_calls_every_nth_is_timed(stage: Stage, effort: Effort) -> None:
    stage.latencies_ns = repeat(5_000)

    series = time_steady(stage.call, 1, effort, stage.clock)

    assert series.measurement.latencies_ns == (5_000,) * 2000
    assert series.n_untimed == 9 * 2000
    assert series.n_calls + series.measurement.n_warmup == stage.n_calls


def test_every_series_says_what_it_cost(stage: Stage, effort: Effort) -> None:
    series = time_steady(stage.call, 1, effort, stage.clock)

    assert series.wall_ns
    assert series.cpu_ns is not None
    assert series.memory_bytes is None or series.memory_bytes > 1 << 20
    assert series.n_calls == len(series.measurement.latencies_ns)


def test_no_pause_is_planned(effort: Effort) -> None:
    assert least_seconds(1, effort) == 0
