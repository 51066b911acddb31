"""One budget of threads for all models of a process, in place of as many for each."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, cast

from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = [
    "check_n_threads",
    "own_threads",
    "pooled_threads",
    "set_thread_budget",
    "thread_budget",
]


# Each thread has a stack: a system that gives no more of them lets an engine wait for ever.
MOST_THREADS = max(64, 4 * (os.cpu_count() or 1))


def check_n_threads(given: object, *, name: str) -> None:
    """Refuse what is no number of threads, or far beyond this machine.

    Args:
        given: By an app, which may not use a type checker.
        name: For the message: how the app calls it.

    Raises:
        ValueError: It is no whole number from 1 to ``MOST_THREADS``.
    """
    is_whole = isinstance(given, int) and not isinstance(given, bool)
    if not is_whole or not 1 <= cast("int", given) <= MOST_THREADS:
        raise ValueError(
            f"{name}: expected a whole number of threads from 1 to {MOST_THREADS}, got {given!r}"
        )


class _Budget:
    """What holds for the process; an engine is told of it when the first model is loaded."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.n_threads: int | None = None
        self.started_in: int | None = None  # process of the pool, which is made once in each
        self.has_own = False  # a model was opened with threads of its own


_BUDGET = _Budget()


def set_thread_budget(n: int) -> None:
    """Have all models that are loaded from now on share ``n`` threads, those that call included.

    Models on onnxruntime take them from one pool, ``n - 1`` threads beside the one that calls.
    LiteRT and OpenVINO have no pool to share: a model on these runs on the thread that calls, and
    OpenVINO's own one. ``load(n_threads=)`` is refused for onnxruntime then, and so is any
    session that the app opens by itself without ``use_per_session_threads = False``: onnxruntime
    has it one way or the other in a process.

    Without a budget each model has as many threads as affinity and quota allow.

    Args:
        n: From 1.

    Raises:
        BackendError: Another budget is set, or a model was loaded with threads of its own.
        ValueError: ``n`` is no whole number from 1, or far beyond this machine.
    """
    check_n_threads(n, name="n")
    with _BUDGET.lock:
        if _BUDGET.n_threads not in (None, n):
            raise BackendError(
                f"thread budget: expected one for the process, got {n} after "
                f"{_BUDGET.n_threads}; set it once"
            )
        if _BUDGET.has_own:
            raise BackendError(
                "thread budget: expected to be set before the first model is loaded, a model has "
                "threads of its own already; call set_thread_budget at the start of the app"
            )
        _BUDGET.n_threads = n


def thread_budget() -> int | None:
    """The threads that models share; None where each has its own."""
    return _BUDGET.n_threads


def pooled_threads(n: int, start: Callable[[int, int], object]) -> None:
    """Make sure that the pool is there, before a session that takes its threads from it.

    Args:
        n: The budget; of this process unless it was started to try a model of another.
        start: Makes the pool: threads within a node, and nodes at once.

    Raises:
        BackendError: The pool has another size, is that of the process that forked this one, or
            a model has threads of its own.
    """
    set_thread_budget(n)
    with _BUDGET.lock:
        if _BUDGET.started_in is None:
            start(n, 1)
            _BUDGET.started_in = os.getpid()
        elif _BUDGET.started_in != os.getpid():
            raise BackendError(
                "thread budget: expected a process that was not forked, the threads that models "
                "share are not copied into a child, and onnxruntime makes no others; start "
                "children by 'spawn', or load the first model after the fork"
            )


@contextmanager
def own_threads() -> Generator[None]:
    """Around the opening of a session with threads of its own; noted where that succeeds.

    Raises:
        BackendError: A budget is set: onnxruntime gives no session threads of its own then.
    """
    _refuse_own()
    yield
    with _BUDGET.lock:
        _refuse_own()  # set meanwhile
        _BUDGET.has_own = True


def _refuse_own() -> None:
    if _BUDGET.n_threads is not None:
        raise BackendError(
            f"n_threads: expected none for onnxruntime, whose models share a budget of "
            f"{_BUDGET.n_threads} threads; leave it away, or set no thread budget"
        )


def _renew_lock() -> None:
    _BUDGET.lock = Lock()  # another thread of the parent may have held it


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_lock)
