"""Calls that come at once run as one batch, and each has its own answer or error."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.errors import BackendError, DeadlineError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Fork = Callable[[Callable[[], object]], int]

LONG = 60.0


class Counted:
    """A model that notes the size of each batch, and stops where it is told to."""

    def __init__(self, model: er.Model) -> None:
        self._model = model
        self.sizes: list[int] = []
        self.is_reached, self.may_go = threading.Event(), threading.Event()
        self.may_go.set()
        self.raises: BaseException | None = None

    def _note(self, size: int) -> None:
        self.sizes.append(size)
        self.is_reached.set()
        assert self.may_go.wait(LONG)
        if self.raises is not None:
            raise self.raises

    def predict(self, raw: object, *, timeout: float | None = None) -> er.Prediction:
        self._note(1)
        return self._model.predict(raw, timeout=timeout)

    def predict_batch(self, raws: Any, *, timeout: float | None = None) -> list[er.Prediction]:
        self._note(len(raws))
        return self._model.predict_batch(raws, timeout=timeout)

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        self._note(len(tensors["features"]))
        return self._model.run(tensors, timeout=timeout)


@pytest.fixture(scope="module")
def model(tiny_bundle_path: Path) -> er.Model:
    return er.load(tiny_bundle_path, n_threads=1)


@pytest.fixture
def counted(model: er.Model) -> Counted:
    return Counted(model)


def samples(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(size=(n, 4)).astype(np.float32)


def label(prediction: er.Prediction) -> str | None:
    return prediction.label


@contextmanager
def held_up(
    batcher: er.Batcher, counted: Counted, raw: object
) -> Iterator[tuple[ThreadPoolExecutor, Future[er.Prediction]]]:
    """One call keeps the model busy while others queue up; it ends with the block."""
    with ThreadPoolExecutor(70) as pool:
        counted.may_go.clear()
        first = pool.submit(batcher.predict, raw)
        assert counted.is_reached.wait(LONG)
        try:
            yield pool, first
        finally:
            counted.may_go.set()


def queue_up(batcher: er.Batcher, pool: ThreadPoolExecutor, raws: Any) -> list[Any]:
    """Calls that wait in the queue by now, in this order."""
    line, calls = batcher._line, list[Any]()
    for raw in raws:
        calls.append(pool.submit(batcher.predict, raw))
        with line._changed:
            assert line._changed.wait_for(lambda: len(line._queue) >= len(calls), LONG)
    return calls


def test_a_lone_call_runs_at_once_in_its_own_thread(counted: Counted, model: er.Model) -> None:
    before = {*threading.enumerate()}

    with er.Batcher(counted, max_wait_s=LONG) as batcher:
        answers = [batcher.predict(one) for one in samples(3)]

        assert {*threading.enumerate()} <= before
    assert [one.scores for one in answers] == [model.predict(one).scores for one in samples(3)]
    assert counted.sizes == [1, 1, 1]


def test_calls_that_come_during_a_run_are_the_next_batch(
    counted: Counted, model: er.Model
) -> None:
    raws = samples(9)
    with er.Batcher(counted) as batcher:
        with held_up(batcher, counted, raws[0]) as (pool, first):
            others = queue_up(batcher, pool, raws[1:])
        answers = [one.result() for one in (first, *others)]

    assert counted.sizes == [1, 8]
    for answer, expected in zip(answers, model.predict_batch(raws), strict=True):
        np.testing.assert_allclose(
            answer.outputs["probabilities"], expected.outputs["probabilities"], rtol=1e-6
        )


def test_a_batch_has_at_most_as_many_as_it_may(counted: Counted) -> None:
    raws = samples(11)
    with (
        er.Batcher(counted, max_batch=4, max_wait_s=0.0) as batcher,
        held_up(batcher, counted, raws[0]) as (pool, _),
    ):
        queue_up(batcher, pool, raws[1:])

    assert counted.sizes == [1, 4, 4, 2]


def test_a_caller_that_comes_back_is_waited_for(counted: Counted) -> None:
    raws = samples(4)
    with er.Batcher(counted, max_wait_s=LONG) as batcher:
        with held_up(batcher, counted, raws[0]) as (pool, first):
            others = queue_up(batcher, pool, raws[1:3])
            counted.may_go.set()
            first.result()
            batcher.predict(raws[3])

        assert all(one.result(LONG).label for one in others)
    assert counted.sizes == [1, 3]


def test_callers_that_do_not_come_back_are_waited_for_no_longer_than_said(
    counted: Counted,
) -> None:
    raws = samples(3)
    with er.Batcher(counted, max_wait_s=0.005) as batcher:
        with held_up(batcher, counted, raws[0]) as (pool, _):
            queue_up(batcher, pool, raws[1:])

        batcher.predict(raws[0])

    assert counted.sizes == [1, 2, 1]


def test_one_bad_input_has_its_error_and_its_neighbours_their_answers(
    counted: Counted, model: er.Model
) -> None:
    raws: list[object] = [*samples(7)]
    raws[3] = [np.nan] * 4
    raws[5] = "no tensor"
    with er.Batcher(counted) as batcher, held_up(batcher, counted, samples(1)[0]) as (pool, _):
        calls = queue_up(batcher, pool, raws)

    for index, (raw, call) in enumerate(zip(raws, calls, strict=True)):
        if index in {3, 5}:
            with pytest.raises(InputError) as expected:
                model.predict(raw)
            with pytest.raises(InputError) as caught:
                call.result()
            assert str(caught.value) == str(expected.value)
        else:
            assert call.result().label == model.predict(raw).label


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_run_raises_reaches_its_caller_and_ends_nothing_else(
    counted: Counted, error: BaseException
) -> None:
    with er.Batcher(counted) as batcher:
        counted.raises = error
        with held_up(batcher, counted, samples(1)[0]) as (pool, first):
            (second,) = queue_up(batcher, pool, samples(1))
        caught = [repr(one.exception()) for one in (first, second)]
        counted.raises = None

        assert caught == [repr(error)] * 2
        assert batcher.predict(samples(1)[0]).label is not None


def test_tasks_of_an_event_loop_run_as_one_batch(counted: Counted, model: er.Model) -> None:
    raws = samples(20)

    async def ask(batcher: er.Batcher) -> list[er.Prediction]:
        counted.may_go.clear()
        first = asyncio.create_task(batcher.predict_async(raws[0]))
        while not counted.is_reached.is_set():
            await asyncio.sleep(0)
        others = [asyncio.create_task(batcher.predict_async(raw)) for raw in raws[1:]]
        await asyncio.sleep(0)
        counted.may_go.set()
        return await asyncio.gather(first, *others)

    with er.Batcher(counted) as batcher:
        answers = asyncio.run(ask(batcher))

    assert counted.sizes == [1, 19]
    assert [*map(label, answers)] == [*map(label, model.predict_batch(raws))]


def test_a_cancelled_task_is_left_out(counted: Counted) -> None:
    raws = samples(3)

    async def ask(batcher: er.Batcher) -> list[object]:
        counted.may_go.clear()
        tasks = [asyncio.create_task(batcher.predict_async(raws[0]))]
        while not counted.is_reached.is_set():
            await asyncio.sleep(0)
        tasks += [asyncio.create_task(batcher.predict_async(raw)) for raw in raws[1:]]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        counted.may_go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with er.Batcher(counted) as batcher:
        answers = asyncio.run(ask(batcher))

    assert counted.sizes == [1, 1]
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["Prediction", "CancelledError", "Prediction"]


def test_calls_run_on_what_a_slot_serves(updates: list[Path]) -> None:
    slot, raw = er.Slot(updates[0]), samples(1)[0]

    with er.Batcher(slot) as batcher:
        before = batcher.predict(raw)
        slot.swap(updates[1])
        after = asyncio.run(batcher.predict_async(raw))

    assert before.scores == er.load(updates[0]).predict(raw).scores
    assert after.scores == er.load(updates[1]).predict(raw).scores


def test_the_time_in_the_queue_counts(counted: Counted) -> None:
    raws = samples(3)
    with er.Batcher(counted) as batcher, held_up(batcher, counted, raws[0]):
        with pytest.raises(DeadlineError) as by_thread:
            batcher.predict(raws[1], timeout=0.01)
        with pytest.raises(DeadlineError) as by_task:
            asyncio.run(batcher.predict_async(raws[2], timeout=0.01))

    assert (
        str(by_thread.value)
        == str(by_task.value)
        == (
            "batcher: expected an answer within timeout=, the call was queued or its batch still "
            "runs; allow more time"
        )
    )
    assert counted.sizes == [1]


@pytest.mark.parametrize("timeout", [0.0, float("nan")])
def test_what_is_no_timeout_is_refused(model: er.Model, timeout: float) -> None:
    with er.Batcher(model) as batcher:
        with pytest.raises(ValueError, match="timeout: expected seconds above 0"):
            batcher.predict(samples(1)[0], timeout=timeout)
        with pytest.raises(ValueError, match="timeout: expected seconds above 0"):
            asyncio.run(batcher.predict_async(samples(1)[0], timeout=timeout))


def test_closing_finishes_what_is_queued_and_refuses_what_comes_later(counted: Counted) -> None:
    raws = samples(4)
    before = {*threading.enumerate()}
    batcher = er.Batcher(counted)
    with held_up(batcher, counted, raws[0]) as (pool, first):
        others = queue_up(batcher, pool, raws[1:])
        closing = pool.submit(batcher.close)
        while not batcher._line.is_closed:
            pass
        with pytest.raises(
            BackendError, match="this batcher is closed; make a new one, or call"
        ):
            batcher.predict(raws[0])
        with pytest.raises(BackendError, match="this batcher is closed"):
            asyncio.run(batcher.predict_async(raws[0]))
        assert not closing.done()
        assert not batcher.close(timeout=0.0)
    assert closing.result(LONG)
    assert batcher.close()

    assert all(one.result().label is not None for one in (first, *others))
    assert {*threading.enumerate()} <= before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_is_ended_from_outside_leaves_nobody_waiting(counted: Counted) -> None:
    raw = samples(1)[0]
    with er.Batcher(counted) as batcher:
        asyncio.run(batcher.predict_async(raw))
        line, end = batcher._line, ctypes.pythonapi.PyThreadState_SetAsyncExc
        worker = line._worker
        assert worker is not None
        while line._n_wakes != 1:  # till it is about to wait
            pass

        async def end_and_ask() -> er.Prediction:
            with line._changed:  # without which it cannot leave before the call is queued
                assert end(ctypes.c_ulong(worker.ident or 0), ctypes.py_object(SystemExit)) == 1
                call = asyncio.create_task(batcher.predict_async(raw))
                await asyncio.sleep(0)
            return await call

        with pytest.raises(BackendError, match="thread was ended from outside; call again"):
            asyncio.run(end_and_ask())

        worker.join(LONG)  # or pytest would lay its end at the next test's door

        assert not worker.is_alive()
        assert asyncio.run(batcher.predict_async(raw)).label is not None


def test_a_child_has_a_queue_and_a_worker_of_its_own(model: er.Model, fork: Fork) -> None:
    raw = samples(1)[0]
    with er.Batcher(model) as batcher:
        expected = asyncio.run(batcher.predict_async(raw)).label

        def ask() -> None:
            assert asyncio.run(batcher.predict_async(raw)).label == expected
            assert batcher.predict(raw).label == expected
            batcher.close()

        with batcher._line._changed:  # as if another thread were just queueing
            child = fork(ask)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert asyncio.run(batcher.predict_async(raw)).label == expected


def test_a_batcher_that_is_dropped_takes_its_worker_along(model: er.Model) -> None:
    batcher = er.Batcher(model)
    asyncio.run(batcher.predict_async(samples(1)[0]))
    worker = batcher._line._worker
    assert worker is not None
    gone = weakref.ref(batcher)

    del batcher
    gc.collect()
    worker.join(LONG)

    assert gone() is None
    assert not worker.is_alive()


def test_many_threads_and_tasks_at_once_each_get_their_own_answer(model: er.Model) -> None:
    raws = samples(64)
    expected = [*map(label, model.predict_batch(raws))]

    async def ask(batcher: er.Batcher) -> list[er.Prediction]:
        return await asyncio.gather(*(batcher.predict_async(raw) for raw in raws))

    with er.Batcher(model, max_batch=16) as batcher, ThreadPoolExecutor(12) as pool:
        loops = [pool.submit(asyncio.run, ask(batcher)) for _ in range(4)]
        plain = [[*pool.map(batcher.predict, raws)] for _ in range(5)]
        answers = [*plain, *(loop.result() for loop in loops)]

    assert [[*map(label, one)] for one in answers] == [expected] * 9


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("max_batch", 0, "at least 1"),
        ("max_wait_s", -1.0, "seconds"),
        ("max_wait_s", np.nan, "s"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    model: er.Model, name: str, value: Any, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected {expected}.*, got {value}"):
        er.Batcher(model, **{name: value})
