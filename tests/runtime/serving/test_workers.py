"""The pool that runs models."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

import pytest

from edgesmith_runtime.serving.workers import OverdueError, Workers


def test_a_call_is_made_in_another_thread_and_its_result_comes_back() -> None:
    workers = Workers(1)

    name = asyncio.run(workers.call(lambda: threading.current_thread().name))

    assert name == "run-0"
    assert (workers.n_waiting, workers.n_running) == (0, 0)


def test_an_error_is_raised_where_the_call_was_made() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(Workers(1).call(fail))


def test_a_stop_iteration_is_an_error_as_any() -> None:
    def stop() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="the call raised StopIteration"):
        asyncio.run(asyncio.wait_for(Workers(1).call(stop), 30))


def test_a_thread_that_waits_keeps_nothing_of_its_last_call() -> None:
    class Body:
        """Large, in earnest."""

    async def call(workers: Workers) -> weakref.ref[Body]:
        body = Body()
        held = weakref.ref(body)
        await workers.call(lambda body=body: None)
        del body
        return held

    workers = Workers(1)
    held = asyncio.run(call(workers))
    gc.collect()

    assert held() is None


def test_a_call_whose_caller_has_left_keeps_a_thread_busy() -> None:
    workers, release, started = Workers(1), threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        release.wait(30)

    async def leave() -> None:
        task = asyncio.create_task(workers.call(wait))
        assert await asyncio.to_thread(started.wait, 30)
        task.cancel()

    asyncio.run(leave())

    assert workers.is_busy
    release.set()


def test_no_more_run_at_once_than_there_are_threads() -> None:
    workers, release, counted = Workers(2), threading.Event(), threading.Semaphore(0)

    def wait() -> bool:
        counted.release()
        return release.wait(30)

    async def crowd() -> list[bool]:
        tasks = [asyncio.create_task(workers.call(wait)) for _ in range(5)]
        for _ in range(2):
            assert await asyncio.to_thread(counted.acquire, timeout=30)
        assert (workers.n_running, workers.n_waiting) == (2, 3)
        release.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(crowd()) == [True] * 5


def test_a_call_whose_time_is_over_before_it_starts_is_not_made() -> None:
    made: list[int] = []

    with pytest.raises(OverdueError):
        asyncio.run(Workers(1).call(lambda: made.append(1), deadline_s=time.monotonic() - 1))

    assert made == []


def test_a_call_that_nobody_waits_for_any_more_is_not_made() -> None:
    workers, release, started = Workers(1), threading.Event(), threading.Event()
    made: list[int] = []

    def first() -> None:
        started.set()
        release.wait(30)

    async def cancel() -> None:
        busy = asyncio.create_task(workers.call(first))
        assert await asyncio.to_thread(started.wait, 30)
        second = asyncio.create_task(workers.call(lambda: made.append(1)))
        await asyncio.sleep(0)
        second.cancel()
        release.set()
        await busy
        await workers.call(lambda: None)

    asyncio.run(cancel())

    assert made == []
