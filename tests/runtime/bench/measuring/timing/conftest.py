"""A clock that only the calls and the pauses of a test move."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.effort import Effort
from edgesmith_runtime.bench.measuring.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Stage:
    """Calls that take what ``latencies_ns`` says, on a clock of their own."""

    now_ns: int = 1_000
    late_ns: int = 0  # how much too late the system wakes a sleeper
    n_calls: int = 0
    sleeps_s: list[float] = field(default_factory=list[float])
    latencies_ns: Iterator[int] = field(default_factory=lambda: repeat(1_000_000))

    def call(self) -> None:
        self.n_calls += 1
        self.now_ns += next(self.latencies_ns)

    def sleep(self, seconds: float) -> None:
        self.sleeps_s.append(seconds)
        self.now_ns += round(seconds * 1e9) + self.late_ns

    @property
    def clock(self) -> Clock:
        return Clock(now_ns=lambda: self.now_ns, sleep_s=self.sleep)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def effort() -> Effort:
    return Effort(max_seconds=0.5, min_calls=5, max_calls=2000, n_idle_calls=3)
