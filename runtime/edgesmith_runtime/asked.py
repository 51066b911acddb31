"""When a call was asked for that another thread takes up: carried over to who records it."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, TypeVar
from weakref import finalize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ASKED_NS", "end_watching", "moment_ns", "taking_up", "watch"]

Answer = TypeVar("Answer")

ASKED_NS: ContextVar[tuple[int, ...]] = ContextVar("edgesmith_asked_ns", default=())
"""By ``time.perf_counter_ns``, of each of the calls that are one run now; empty where it never waited."""

_WATCHING: set[int] = set()  # the recorders of this process


def watch(recorder: object) -> None:
    """Have moments taken from now on, until ``end_watching``, or while it lives."""
    _WATCHING.add(id(recorder))
    finalize(recorder, _WATCHING.discard, id(recorder)).atexit = False


def end_watching(recorder: object) -> None:
    """Take no more moments for it; a second time does nothing."""
    _WATCHING.discard(id(recorder))


def moment_ns() -> int:
    """Now, by ``time.perf_counter_ns``; 0 where nobody records, for then nobody asks."""
    return perf_counter_ns() if _WATCHING else 0


def taking_up(call: Callable[..., Answer], asked_ns: Sequence[int]) -> Callable[..., Answer]:
    """The same call, which says in its thread since when it was waited for.

    Args:
        call: Of a model, or of what calls one.
        asked_ns: As ``moment_ns`` gave them: one for each caller that shares the run.
    """
    known = tuple(moment for moment in asked_ns if moment)
    return partial(_taken_up, call, known) if known else call


def _taken_up(
    call: Callable[..., Answer],
    asked_ns: tuple[int, ...],
    *given: object,
    timeout: float | None,
) -> Answer:
    before = ASKED_NS.set(asked_ns)
    try:
        return call(*given, timeout=timeout)
    finally:
        ASKED_NS.reset(before)
