"""Calls on end."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.sustained import (
    MOST_TIMED,
    least_seconds,
    time_sustained,
)

if TYPE_CHECKING:
    from conftest import Stage

    from edgesmith_runtime.bench.effort import Effort

MS = 1_000_000


def test_every_call_of_a_slow_model_is_timed(stage: Stage, effort: Effort) -> None:
    series = time_sustained(stage.call, 3.0, effort, stage.clock)

    assert series.measurement.latencies_ns == (MS,) * 3000
    assert series.begins_ns == tuple(range(0, 3000 * MS, MS))
    assert series.n_untimed == 0


def test_of_a_quick_model_every_nth_call_is_timed_and_all_are_made(
    stage: Stage, effort: Effort
) -> None:
    stage.latencies_ns = repeat(20_000)

    series = time_sustained(stage.call, 2.0, effort, stage.clock)

    n_timed = len(series.measurement.latencies_ns)
    assert n_timed == MOST_TIMED
    assert set(series.measurement.latencies_ns) == {20_000}
    assert series.begins_ns[:3] == (0, 5 * 20_000, 10 * 20_000)
    assert series.n_untimed == 4 * n_timed
    assert stage.n_calls == series.measurement.n_warmup + series.n_calls


def test_all_of_it_is_planned(effort: Effort) -> None:
    assert least_seconds(120.0, effort) == 120.0
