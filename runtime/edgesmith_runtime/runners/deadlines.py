"""When a run must be over, and the one thread that ends those that are not."""

from __future__ import annotations

import math
import sys
import threading
import time
from heapq import heapify, heappop, heappush
from numbers import Real
from threading import Condition, Thread
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import BackendError, DeadlineError
from edgesmith_runtime.runners.forking import tell_after_fork
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

__all__ = [
    "MAX_WAIT_S",
    "Watch",
    "check_ending",
    "check_timeout",
    "deadline_after",
    "time_left",
]

MAX_WAIT_S = 3600.0  # a lock waits no longer than some hundred years, OpenVINO than 24 days
MAX_DONE = 64  # runs that are over and still stand in the queue, before these are swept


def check_timeout(timeout: float) -> None:
    """Refuse what is no length of time.

    Raises:
        ValueError: It is not above 0, not finite, or no number; the message shows it.
    """
    if not _is_time(timeout):
        raise ValueError(
            f"timeout: expected seconds above 0, or None for no limit, got {timeout!r}"
        )


def _is_time(given: object) -> bool:  # an app may not use a type checker
    if isinstance(given, bool) or not isinstance(given, Real):
        return False
    try:
        return 0 < float(given) < math.inf
    except OverflowError:  # a whole number beyond all floats
        return False


def check_ending(artifact: Artifact, timeout: float) -> None:
    """Refuse a timeout for a format whose engine cannot end a run.

    Raises:
        BackendError: It is LiteRT's.
    """
    if artifact.format is Format.TFLITE:
        raise BackendError(
            f"{artifact.file}: expected no timeout, got {timeout:.3g} s: LiteRT cannot end a run "
            "that has begun; leave it away, or load an ONNX artifact of the model"
        )


def deadline_after(timeout: float) -> float:
    """The moment that is ``timeout`` seconds from now, on the monotonic clock.

    Raises:
        ValueError: As ``check_timeout`` does.
    """
    check_timeout(timeout)
    return time.monotonic() + float(timeout)


def time_left(deadline: float, *, where: str, done: str) -> float:
    """Seconds until a deadline, above 0.

    Args:
        deadline: On the monotonic clock.
        where: For the message: the artifact.
        done: For the message: what took the time.

    Raises:
        DeadlineError: None are left.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError(
            f"{where}: expected to be done within timeout=, which was over {-left:.3g} s ago, "
            f"after {done}; allow more time"
        )
    return left


class Watch:
    """A run that is ended at its deadline: ``with Watch(deadline, end) as watch: ...``.

    Args:
        deadline: On the monotonic clock.
        end: Called at most once, by another thread, when the deadline comes within the ``with``;
            never after it. It must be quick.
    """

    __slots__ = ("deadline", "end", "has_ended")

    def __init__(self, deadline: float, end: Callable[[], None]) -> None:
        self.deadline = deadline
        self.end: Callable[[], None] | None = end  # None: the run is over, or was ended
        self.has_ended = False

    def __lt__(self, other: Watch) -> bool:
        return self.deadline < other.deadline

    def __enter__(self) -> Watch:
        _WATCHDOG.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _WATCHDOG.drop(self)


class _Watchdog:
    """A queue of watches by deadline, and a thread that sleeps until the first of them.

    The thread is started by the first run with a timeout, and stays. A run that ends in time
    leaves its place in the queue, so that the thread need not be woken for it.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """As at the start: in a child the thread is not there, and nobody else runs."""
        self._changed = Condition()
        self._queue: list[Watch] = []
        self._n_done = 0
        self._wakes_at = math.inf
        self._thread: Thread | None = None

    def add(self, watch: Watch) -> None:
        with self._changed:
            if self._thread is None:
                thread = Thread(
                    target=self._watch,
                    args=(self._changed,),
                    name="edgesmith-deadlines",
                    daemon=True,
                )
                try:
                    thread.start()
                except RuntimeError as error:
                    raise BackendError(
                        f"timeout: expected to start the thread that ends runs, got: {error}; leave "
                        "timeout= away, or run fewer threads"
                    ) from error
                self._thread = thread
            heappush(self._queue, watch)
            if watch.deadline < self._wakes_at:
                self._changed.notify()

    def drop(self, watch: Watch) -> None:
        with self._changed:
            if watch.end is None:
                return  # the thread has taken it out of the queue
            watch.end = None
            self._n_done += 1
            if self._n_done > MAX_DONE and 2 * self._n_done > len(self._queue):
                self._queue = [other for other in self._queue if other.end is not None]
                heapify(self._queue)
                self._n_done = 0

    def _watch(self, changed: Condition) -> None:
        with changed:
            while True:
                now = time.monotonic()
                while self._queue and self._queue[0].deadline <= now:
                    watch = heappop(self._queue)
                    if watch.end is None:
                        self._n_done -= 1
                    else:
                        end, watch.end, watch.has_ended = watch.end, None, True
                        _call(end)
                self._wakes_at = self._queue[0].deadline if self._queue else math.inf
                changed.wait(min(self._wakes_at - now, MAX_WAIT_S))


def _call(end: Callable[[], None]) -> None:
    """What fails is shown as the end of any thread is, and the other watches go on."""
    try:
        end()
    except Exception:  # noqa: BLE001 - there is nobody to raise to
        threading.excepthook(
            threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread()))
        )


_WATCHDOG = _Watchdog()
tell_after_fork(_WATCHDOG)
