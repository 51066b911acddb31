"""Answers and errors reach the thread or the task that waits for them, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from edgesmith_runtime.batch_requests import LoopRequest, ThreadRequest, What, deliver
from edgesmith_runtime.errors import DeadlineError
from edgesmith_runtime.runners.deadlines import deadline_after


def test_a_thread_that_waited_too_long_gives_up_and_nothing_happens_later() -> None:
    request = ThreadRequest(What.PREDICT, "raw", deadline_after(0.001))

    with pytest.raises(DeadlineError, match="the call was queued or its batch still runs"):
        request.wait()

    assert request.is_given_up
    request.answer = "late"
    deliver([request])
    deliver([request])


def test_a_loop_that_is_gone_does_not_keep_a_thread_from_its_answer() -> None:
    async def ask_and_leave() -> LoopRequest:
        return LoopRequest(What.PREDICT, "raw", None)

    gone = asyncio.run(ask_and_leave())
    other = ThreadRequest(What.PREDICT, "raw", None)
    other.answer = "answer"

    deliver([gone, other])

    assert other.wait() == "answer"


def test_a_task_that_was_cancelled_is_left_alone() -> None:
    async def ask() -> bool:
        request = LoopRequest(What.PREDICT, "raw", None)
        request.future.cancel()
        deliver([request])
        await asyncio.sleep(0)
        return request.future.cancelled()

    assert asyncio.run(ask())


def test_an_error_that_no_future_takes_is_told_by_another() -> None:
    async def ask() -> object:
        request = LoopRequest(What.PREDICT, "raw", None)
        request.error = StopIteration()
        deliver([request])
        return await request.future

    with pytest.raises(RuntimeError, match="the model raised StopIteration"):
        asyncio.run(ask())
