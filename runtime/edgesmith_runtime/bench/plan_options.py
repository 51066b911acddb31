"""A plan from the words of a command line, the same for both commands."""

from __future__ import annotations

import re
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

# The words of one phase, by the field of PlanOptions.
_PHASE_OF = {
    "batch": Phase.STEADY,
    "rate": Phase.PACED,
    "idle": Phase.IDLE,
    "callers": Phase.CONCURRENT,
    "sustained": Phase.SUSTAINED,
}
# From and to, by the field: beyond them a comparison takes days or more than a machine has.
_RANGES = {
    "batch": (1, 1_000_000),
    "rate": (0.1, 100_000),
    "idle": (0.001, 3600),
    "callers": (1, 256),
    "sustained": (0.01, 86_400),
}
_MAX_ROUNDS = 1000
_MAX_THREADS = 1024
_NUMBER = re.compile(r"\s*[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?\s*")  # int() takes "1_0" as 10


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
        InputError: A word is not what its option takes, a number is beyond the range of its
            option, or an option is about a phase that ``--phases`` lacks; one line.
    """
    given: dict[str, Any] = {
        "batches": _numbers(options, "batch", int),
        "rates_hz": _numbers(options, "rate", float),
        "idle_s": _numbers(options, "idle", float),
        "callers": _numbers(options, "callers", int),
        "sustained_s": _one(options, "sustained"),
        "n_rounds": _at_most("--rounds", options.n_rounds, _MAX_ROUNDS),
        "n_threads": _at_most("--threads", options.n_threads, _MAX_THREADS),
        "phases": _phases(options, bundle),
    }
    try:
        return replace(Plan(), **{name: one for name, one in given.items() if one is not None})
    except ValueError as error:
        raise InputError(f"{error}") from error


def _phases(options: PlanOptions, bundle: Bundle) -> tuple[Phase, ...]:
    if options.phases == ALL_PHASES:
        return tuple(one for one in Phase if one is not Phase.RAW or has_golden(bundle))
    asked = [
        (name, phase) for name, phase in _PHASE_OF.items() if getattr(options, name) is not None
    ]
    if options.phases is None:
        wanted = {Phase.STEADY, *(phase for _, phase in asked)}
        if has_golden(bundle):
            wanted.add(Phase.RAW)
        return tuple(one for one in Phase if one in wanted)
    named = _named(options.phases)
    for name, phase in asked:
        if phase not in named:
            raise InputError(
                f"--{name}: is about the phase {phase}, which --phases lacks; add it, "
                f"--phases {','.join((*named, phase))}, or leave --{name} out"
            )
    return named


def _named(text: str) -> tuple[Phase, ...]:
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in tuple(Phase):
            raise InputError(
                f"--phases: expected {ALL_PHASES}, or some of {', '.join(Phase)} with commas "
                f"between, got '{text}'"
            )
    return tuple(Phase(word) for word in dict.fromkeys(words))


def _numbers(options: PlanOptions, name: str, read: Callable[[str], N]) -> tuple[N, ...] | None:
    text: str | None = getattr(options, name)
    if text is None:
        return None
    least, most = _RANGES[name]
    kind = "whole numbers" if read is int else "numbers"
    fault = (
        f"--{name}: expected {kind} from {least} to {most} with commas between, got '{text}'"
    )
    words = text.split(",")
    if not all(map(_NUMBER.fullmatch, words)):
        raise InputError(fault)
    try:
        numbers = tuple(map(read, words))
    except ValueError as error:
        raise InputError(fault) from error
    if not all(least <= number <= most for number in numbers):
        raise InputError(fault)
    return numbers


def _one(options: PlanOptions, name: str) -> float | None:
    text: str | None = getattr(options, name)
    if text is not None and "," in text:
        raise InputError(f"--{name}: expected one number, got '{text}'")
    numbers = _numbers(options, name, float)
    return None if numbers is None else numbers[0]


def _at_most(option: str, number: int | None, most: int) -> int | None:
    if number is not None and number > most:
        raise InputError(f"{option}: expected at most {most}, got {number}")
    return number
