"""One call after a pause."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.idle import least_seconds, time_idle

if TYPE_CHECKING:
    from conftest import Stage

    from edgesmith_runtime.bench.effort import Effort

MS = 1_000_000


def test_each_call_has_its_pause(stage: Stage, effort: Effort) -> None:
    stage.latencies_ns = chain(repeat(5 * MS, 12), [8 * MS, 9 * MS, 10 * MS])

    series = time_idle(stage.call, 2.0, effort, stage.clock)

    assert stage.sleeps_s == [2.0, 2.0, 2.0]
    assert series.measurement.latencies_ns == (8 * MS, 9 * MS, 10 * MS)
    assert series.begins_ns == (2000 * MS, 4008 * MS, 6017 * MS)


def test_its_pauses_are_planned(effort: Effort) -> None:
    assert least_seconds(10.0, effort) == 30.0
