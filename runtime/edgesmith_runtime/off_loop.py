"""The async form of a call that computes: in another thread, so that an event loop goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from edgesmith_runtime.asked import moment_ns, taking_up
from edgesmith_runtime.errors import DeadlineError
from edgesmith_runtime.runners.deadlines import deadline_after, time_left

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["off_loop"]

Answer = TypeVar("Answer")


async def off_loop(
    call: Callable[..., Answer], given: object, *, timeout: float | None
) -> Answer:
    """Call in a thread of asyncio's default executor, and wait for it without holding the loop.

    When the one who waits is cancelled, a call that has not begun never does; one that has goes
    on in its thread to its end, or to its deadline, and what it gives is dropped.

    Args:
        call: Takes ``given`` and ``timeout=``.
        given: Its argument.
        timeout: In seconds, from now: the wait for a free thread is part of it. None sets no
            limit.

    Raises:
        DeadlineError: There was no answer in time.
        ValueError: ``timeout`` is not a number of seconds.
    """
    import asyncio  # the app that awaits has it loaded already; others need not

    if asked_ns := moment_ns():
        call = taking_up(call, (asked_ns,))
    if timeout is None:
        return await asyncio.to_thread(call, given, timeout=None)
    deadline = deadline_after(timeout)

    def call_in_what_is_left() -> Answer:
        left = time_left(deadline, where="event loop", done="the wait for a free thread")
        return call(given, timeout=left)

    try:
        async with asyncio.timeout(timeout):
            return await asyncio.to_thread(call_in_what_is_left)
    except DeadlineError:
        raise
    except TimeoutError as error:
        raise DeadlineError(
            f"event loop: expected an answer within timeout={timeout:g}, there is none; "
            "allow more time"
        ) from error
