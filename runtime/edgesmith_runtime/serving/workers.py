"""The threads that run models: a fixed number, so that the event loop stays free."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = tuple[Callable[[], Any], float | None, asyncio.Future[Any], asyncio.AbstractEventLoop]
    Ended = tuple[asyncio.Future[Any], Any, BaseException | None]

__all__ = ["OverdueError", "Workers"]

T = TypeVar("T")


class OverdueError(Exception):
    """A call had waited for a free thread until its time was over."""


class Workers:
    """A pool of daemon threads: a run that never ends cannot keep the process from ending.

    (``ThreadPoolExecutor`` joins its threads when the interpreter exits.)

    Args:
        n_threads: Calls at once.
    """

    def __init__(self, n_threads: int) -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._n_open = 0  # of the loop's thread alone, so without a lock
        self._ended: deque[Ended] = deque()
        self._acting: set[int] = set()  # threads that are at a call, also one nobody awaits
        self._is_told = False  # the loop, that there are ended calls: it is woken once for many
        for index in range(n_threads):
            threading.Thread(
                target=self._work, args=(index,), name=f"run-{index}", daemon=True
            ).start()

    @property
    def n_waiting(self) -> int:
        """Calls that wait for a thread."""
        return self._jobs.qsize()

    @property
    def n_running(self) -> int:
        """Calls that a thread is at."""
        return max(0, self._n_open - self.n_waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a thread is at a call, be it awaited or not; for any thread, without a loop."""
        return bool(self._acting)

    async def call(self, act: Callable[[], T], *, deadline_s: float | None = None) -> T:
        """What ``act`` returns, from one of the threads; its exceptions are the caller's.

        Where the caller is cancelled, the call is not made, or its result is dropped.

        Args:
            act: Called without arguments.
            deadline_s: On ``time.monotonic``; a call that would start later is not made.

        Raises:
            OverdueError: The deadline passed while it waited.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._n_open += 1
        self._jobs.put((act, deadline_s, future, loop))
        return await future

    def _work(self, index: int) -> None:
        while True:
            act, deadline_s, future, loop = self._jobs.get()
            result, error = None, None
            self._acting.add(index)
            try:
                if not future.cancelled():
                    if deadline_s is not None and time.monotonic() >= deadline_s:
                        raise OverdueError  # noqa: TRY301 - handed over as any other
                    result = act()
            except StopIteration as raised:  # which no future takes
                error = RuntimeError(f"the call raised {raised!r}")
            except BaseException as raised:  # noqa: BLE001 - it is raised where it was called
                error = raised
            self._acting.discard(index)
            self._ended.append((future, result, error))
            del act, future, result, error  # else the thread keeps them until its next call
            if not self._is_told:
                self._is_told = True
                try:
                    loop.call_soon_threadsafe(self._hand_over)
                except RuntimeError:  # the loop is closed: nobody waits any more
                    self._is_told = False

    def _hand_over(self) -> None:
        self._is_told = False  # before the first is taken, so that none is left
        while self._ended:
            future, result, error = self._ended.popleft()
            self._n_open -= 1
            if future.cancelled():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
