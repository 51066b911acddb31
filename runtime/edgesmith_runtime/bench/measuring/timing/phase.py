"""Which module times which phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.bench.measuring.timing import (
    concurrent,
    idle,
    paced,
    raw,
    steady,
    sustained,
)
from edgesmith_runtime.bench.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.effort import Effort
    from edgesmith_runtime.bench.measuring.timing.clock import Clock
    from edgesmith_runtime.bench.phases import Series, Setting

__all__ = ["least_seconds", "time_phase"]


def least_seconds(setting: Setting, effort: Effort) -> float:
    """What a series takes however quick the model is: its pauses and its schedule."""
    match setting.phase:
        case Phase.STEADY:
            timing = steady
        case Phase.RAW:
            timing = raw
        case Phase.IDLE:
            timing = idle
        case Phase.PACED:
            timing = paced
        case Phase.CONCURRENT:
            timing = concurrent
        case Phase.SUSTAINED:
            timing = sustained
        case _:
            assert_never(setting.phase)
    return timing.least_seconds(setting.amount, effort)


def time_phase(
    setting: Setting, call: Callable[[], object], effort: Effort, clock: Clock
) -> Series:
    """The series of a setting on prepared tensors; RAW has a function of its own.

    Args:
        setting: Any but RAW.
        call: One call of the model, its input included.
        effort: How many calls.
        clock: The time.
    """
    match setting.phase:
        case Phase.STEADY:
            time = steady.time_steady
        case Phase.IDLE:
            time = idle.time_idle
        case Phase.PACED:
            time = paced.time_paced
        case Phase.CONCURRENT:
            time = concurrent.time_concurrent
        case Phase.SUSTAINED:
            time = sustained.time_sustained
        case Phase.RAW:
            raise ValueError("setting: expected a phase on prepared tensors, got raw")
        case _:
            assert_never(setting.phase)
    return time(call, setting.amount, effort, clock)
