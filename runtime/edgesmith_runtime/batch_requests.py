"""One call that waits in a batcher's queue, of a thread or of an event loop."""

from __future__ import annotations

import threading
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING

from edgesmith_runtime.asked import moment_ns
from edgesmith_runtime.errors import DeadlineError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

__all__ = ["TOO_LATE", "LoopRequest", "Request", "ThreadRequest", "What", "deliver"]

TOO_LATE = (
    "batcher: expected an answer within timeout=, the call was queued or its batch still runs; "
    "allow more time"
)


class What(Enum):
    """Which call of a model is asked for."""

    PREDICT = auto()
    RUN = auto()


class Request:
    """What is asked for and, later, the answer or the error.

    Args:
        what: The call.
        given: Its argument.
        deadline: By ``time.monotonic``; None sets no limit.
    """

    __slots__ = ("answer", "asked_ns", "deadline", "error", "given", "is_given_up", "what")

    def __init__(self, what: What, given: object, deadline: float | None) -> None:
        self.what = what
        self.given = given
        self.deadline = deadline
        self.asked_ns = moment_ns()  # 0 where nobody records
        self.answer: object = None
        self.error: BaseException | None = None
        self.is_given_up = False


class ThreadRequest(Request):
    """Of a thread, which waits."""

    __slots__ = ("_done",)

    def __init__(self, what: What, given: object, deadline: float | None) -> None:
        super().__init__(what, given, deadline)
        self._done = threading.Lock()  # a tenth of the cost of an Event
        self._done.acquire()

    def wait(self) -> object:
        """The answer; raises the error, or DeadlineError."""
        timeout = -1.0  # without end
        if self.deadline is not None:
            timeout = min(max(self.deadline - monotonic(), 0.0), threading.TIMEOUT_MAX)
        if not self._done.acquire(timeout=timeout):
            self.is_given_up = True
            raise DeadlineError(TOO_LATE)
        if self.error is not None:
            raise self.error
        return self.answer

    def deliver(self) -> None:
        """Let the thread go on; a second time does nothing."""
        if self._done.locked():
            self._done.release()


class LoopRequest(Request):
    """Of a task of the event loop that runs, which awaits ``future``."""

    __slots__ = ("future", "loop")

    def __init__(self, what: What, given: object, deadline: float | None) -> None:
        import asyncio  # only where there is an event loop

        super().__init__(what, given, deadline)
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[object] = self.loop.create_future()

    def settle(self) -> None:
        """In the thread of the loop: hand over the answer or the error."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):  # which no future takes
            self.future.set_exception(RuntimeError("the model raised StopIteration"))
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.answer)


def deliver(requests: Iterable[Request]) -> None:
    """Hand answers and errors over to those who wait for them."""
    by_loop: dict[asyncio.AbstractEventLoop, list[LoopRequest]] = {}
    for request in requests:
        if isinstance(request, ThreadRequest):
            request.deliver()
        elif isinstance(request, LoopRequest):
            by_loop.setdefault(request.loop, []).append(request)
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)  # once a loop: each call wakes it
        except RuntimeError:  # the loop is closed, so nobody waits
            continue


def _settle(requests: list[LoopRequest]) -> None:
    for request in requests:
        request.settle()
