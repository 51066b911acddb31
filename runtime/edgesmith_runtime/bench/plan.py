"""How much to measure: phases, rounds, calls, threads and limits of one comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from edgesmith_runtime.bench.effort import Effort
from edgesmith_runtime.bench.phases import Phase, Setting

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a comparison spends; all of it is decided before the first call is timed.

    The number of timed calls of a series is what fits into ``max_seconds`` by a pilot of a few
    calls in the same process, within ``min_calls`` and ``max_calls``.

    Args:
        n_rounds: Fresh processes by subject. An interval of fewer than five is too narrow.
        n_threads: For every subject; None takes what affinity mask and quota allow.
        phases: What to measure in each process, beside its start and its first call.
        batches: STEADY: batch sizes; the first call of a process has the first of them.
        idle_s: IDLE: pauses before a call, in seconds.
        n_idle_calls: IDLE: calls a round after each of these pauses.
        rates_hz: PACED: calls a second.
        callers: CONCURRENT: threads that call at once.
        sustained_s: SUSTAINED: how long calls follow each other, in seconds; once for each
            subject, after all rounds, because it heats the machine.
        max_seconds: Aim of one timed series, in seconds.
        min_calls: Lower limit of timed calls, which a slow subject takes longer for.
        max_calls: Upper limit of timed calls.
        deadline_s: A process that runs longer than this and what its phases must take is ended
            and its subjects reported as failed.
        seed: Order of the subjects in a round, and the resamples of the intervals.
    """

    n_rounds: int = 5
    n_threads: int | None = None
    phases: tuple[Phase, ...] = (Phase.STEADY,)
    batches: tuple[int, ...] = (1, 32)
    idle_s: tuple[float, ...] = (1.0, 10.0)
    n_idle_calls: int = 2
    rates_hz: tuple[float, ...] = (100.0,)
    callers: tuple[int, ...] = (4,)
    sustained_s: float = 120.0
    max_seconds: float = 0.5
    min_calls: int = 30
    max_calls: int = 2000
    deadline_s: float = 300.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_rounds", "n_idle_calls", "min_calls"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        for name in ("sustained_s", "max_seconds", "deadline_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        for name, least in (("batches", 1), ("idle_s", 0), ("rates_hz", 0), ("callers", 1)):
            _check_each(name, getattr(self, name), least)
        self._check_together()

    def _check_together(self) -> None:
        if self.n_threads is not None and self.n_threads < 1:
            raise ValueError(f"n_threads: expected at least 1 or None, got {self.n_threads}")
        if self.max_calls < self.min_calls:
            raise ValueError(
                f"max_calls: expected at least min_calls = {self.min_calls}, got {self.max_calls}"
            )
        if len(set(self.phases)) < len(self.phases):
            raise ValueError(f"phases: expected each once, got {', '.join(self.phases)}")

    @property
    def effort(self) -> Effort:
        """What one series may spend."""
        return Effort(
            max_seconds=self.max_seconds,
            min_calls=self.min_calls,
            max_calls=self.max_calls,
            n_idle_calls=self.n_idle_calls,
        )

    def settings(self) -> tuple[Setting, ...]:
        """Every series of one process, in the order in which it is measured."""
        return tuple(
            Setting(phase, float(amount))
            for phase in self.phases
            for amount in self._amounts(phase)
        )

    def _amounts(self, phase: Phase) -> tuple[float, ...]:
        match phase:
            case Phase.STEADY:
                return self.batches
            case Phase.RAW:
                return (1,)
            case Phase.IDLE:
                return self.idle_s
            case Phase.PACED:
                return self.rates_hz
            case Phase.CONCURRENT:
                return self.callers
            case Phase.SUSTAINED:
                return (self.sustained_s,)
            case _:
                assert_never(phase)


def _check_each(name: str, amounts: tuple[float, ...], least: float) -> None:
    is_whole = least > 0
    if (
        not amounts
        or len(set(amounts)) < len(amounts)
        or any(not amount > 0 or amount < least for amount in amounts)
    ):
        kind = f"different sizes from {least:g}" if is_whole else "different numbers above 0"
        raise ValueError(f"{name}: expected {kind}, got {amounts}")
