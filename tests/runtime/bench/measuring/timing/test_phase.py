"""Which module times which phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.timing import least_seconds, time_phase
from edgesmith_runtime.bench.measuring.timing.clock import Clock
from edgesmith_runtime.bench.phases import Phase, Setting

if TYPE_CHECKING:
    from conftest import Stage

    from edgesmith_runtime.bench.effort import Effort


@pytest.mark.parametrize(
    ("setting", "seconds"),
    [
        (Setting(Phase.STEADY, 32), 0.0),
        (Setting(Phase.RAW), 0.0),
        (Setting(Phase.IDLE, 10), 30.0),
        (Setting(Phase.PACED, 100), 0.5),
        (Setting(Phase.CONCURRENT, 4), 0.0),
        (Setting(Phase.SUSTAINED, 120), 120.0),
    ],
    ids=lambda value: str(value) if isinstance(value, Setting) else "",
)
def test_what_a_phase_takes_at_least(setting: Setting, seconds: float, effort: Effort) -> None:
    assert least_seconds(setting, effort) == seconds


@pytest.mark.parametrize(
    ("setting", "n_timed"),
    [
        (Setting(Phase.STEADY, 32), 500),
        (Setting(Phase.IDLE, 10), 3),
        (Setting(Phase.PACED, 100), 50),
        (Setting(Phase.SUSTAINED, 1), 1000),
    ],
    ids=lambda value: str(value) if isinstance(value, Setting) else "",
)
def test_each_phase_has_its_own_number_of_calls(
    setting: Setting, n_timed: int, effort: Effort, stage: Stage
) -> None:
    series = time_phase(setting, stage.call, effort, stage.clock)

    assert len(series.measurement.latencies_ns) == n_timed


def test_raw_inputs_are_not_timed_as_tensors(effort: Effort) -> None:
    with pytest.raises(ValueError, match="expected a phase on prepared tensors, got raw"):
        time_phase(Setting(Phase.RAW), lambda: None, effort, Clock())
