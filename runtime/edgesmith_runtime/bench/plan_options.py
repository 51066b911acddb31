"""A plan from the words of a command line, the same for both commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.golden import has_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Bundle

__all__ = ["ALL_PHASES", "PlanOptions", "plan_for"]

N = TypeVar("N", int, float)

ALL_PHASES = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What was typed, None where nothing was; commas between where there may be several.

    Args:
        phases: Names of phases, or ``all``.
        batch: Batch sizes of the steady state.
        rate: Calls a second of the paced phase.
        idle: Pauses in seconds.
        callers: Threads that call at once.
        sustained: Seconds of the sustained phase.
        n_rounds: Fresh processes of each subject.
        n_threads: Of every subject.
    """

    phases: str | None = None
    batch: str | None = None
    rate: str | None = None
    idle: str | None = None
    callers: str | None = None
    sustained: str | None = None
    n_rounds: int | None = None
    n_threads: int | None = None


def plan_for(options: PlanOptions, bundle: Bundle) -> Plan:
    """The plan of a comparison that a command was asked for.

    Without ``--phases`` it is the steady state and, where the bundle has raw samples to start
    from, the way from raw inputs; and every phase that an option is about.

    Raises:
        InputError: A word is not what its option takes; one line.
    """
    given: dict[str, Any] = {
        "batches": _numbers("--batch", options.batch, int),
        "rates_hz": _numbers("--rate", options.rate, float),
        "idle_s": _numbers("--idle", options.idle, float),
        "callers": _numbers("--callers", options.callers, int),
        "sustained_s": _one("--sustained", options.sustained),
        "n_rounds": options.n_rounds,
        "n_threads": options.n_threads,
        "phases": _phases(options, bundle),
    }
    try:
        return replace(Plan(), **{name: one for name, one in given.items() if one is not None})
    except ValueError as error:
        raise InputError(f"{error}") from error


def _phases(options: PlanOptions, bundle: Bundle) -> tuple[Phase, ...]:
    if options.phases == ALL_PHASES:
        return tuple(Phase) if has_golden(bundle) else tuple(set(Phase) - {Phase.RAW})
    if options.phases is not None:
        return _named(options.phases)
    asked = {
        Phase.RAW: has_golden(bundle) or None,
        Phase.IDLE: options.idle,
        Phase.PACED: options.rate,
        Phase.CONCURRENT: options.callers,
        Phase.SUSTAINED: options.sustained,
    }
    return (Phase.STEADY, *(phase for phase, wish in asked.items() if wish is not None))


def _named(text: str) -> tuple[Phase, ...]:
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in tuple(Phase):
            raise InputError(
                f"--phases: expected {ALL_PHASES}, or some of {', '.join(Phase)} with commas "
                f"between, got '{text}'"
            )
    return tuple(Phase(word) for word in dict.fromkeys(words))


def _numbers(option: str, text: str | None, read: Callable[[str], N]) -> tuple[N, ...] | None:
    if text is None:
        return None
    kind = "whole numbers from 1" if read is int else "numbers above 0"
    try:
        numbers = tuple(read(word) for word in text.split(","))
    except ValueError as error:
        raise InputError(
            f"{option}: expected {kind} with commas between, got '{text}'"
        ) from error
    if not all(0 < number < float("inf") for number in numbers):
        raise InputError(f"{option}: expected {kind} with commas between, got '{text}'")
    return numbers


def _one(option: str, text: str | None) -> float | None:
    numbers = _numbers(option, text, float)
    if numbers is not None and len(numbers) != 1:
        raise InputError(f"{option}: expected one number above 0, got '{text}'")
    return None if numbers is None else numbers[0]
