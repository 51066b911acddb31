"""While a model is recorded every call leaves a row; before and after nothing is kept."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.asked import moment_ns
from edgesmith_runtime.errors import InputError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

X = np.array([0.5, -1.0, 0.25, 2.0], np.float32)


@contextmanager
def switching_often() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def in_threads(calls: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


@pytest.fixture
def model(tiny_bundle_path: Path) -> er.Model:
    return er.load(tiny_bundle_path)


def test_each_call_leaves_a_row_with_its_stages(model: er.Model) -> None:
    with model.record() as recorder:
        model.predict(X)
        model.predict_batch([X, X], timeout=60)
        model.run({"features": X[None]})
    model.predict(X)

    rows = recorder.recording()

    assert rows.is_raw.tolist() == [True, True, False]
    assert rows.n_rows.tolist() == [1, 2, 1]
    assert rows.n_in_flight.tolist() == [1, 1, 1]
    assert set(rows.thread_ids.tolist()) == {threading.get_ident()}
    assert (rows.begins_ns >= 0).all()
    assert (np.diff(rows.begins_ns) > 0).all()
    for stage in ("decode", "prepare", "infer", "answer"):
        assert (rows.stages_ns[stage][:2] > 0).all(), stage
    assert [int(ns[2] > 0) for ns in rows.stages_ns.values()] == [0, 0, 0, 1, 0]
    assert (rows.total_ns <= rows.wall_ns).all()


def test_a_recorded_answer_is_the_same(model: er.Model) -> None:
    plain = model.predict(X)

    with model.record():
        recorded = model.predict(X)
        outputs = model.run({"features": X[None]})

    assert recorded.scores == plain.scores
    np.testing.assert_array_equal(outputs["probabilities"][0], plain.outputs["probabilities"])


def test_the_buffer_keeps_the_newest(model: er.Model) -> None:
    recorder = model.record(capacity=3)
    for n_samples in range(1, 6):
        model.run({"features": np.stack([X] * n_samples)})
    recorder.stop()
    recorder.stop()

    rows = recorder.recording()

    assert rows.n_rows.tolist() == [3, 4, 5]
    assert rows.n_calls == 5


def test_one_call_in_so_many_is_recorded_some_in_a_row(model: er.Model) -> None:
    with model.record(every=3) as recorder:
        for n_samples in range(1, 201):
            model.run({"features": np.stack([X] * n_samples)})

    rows = recorder.recording()

    assert rows.n_rows.tolist() == [*range(1, 33), *range(97, 129), *range(193, 201)]
    assert rows.bursts.tolist() == [0] * 32 + [1] * 32 + [2] * 8
    assert (rows.n_calls, rows.every) == (72, 3)
    assert str(rows).splitlines()[0].endswith(" s, one call in 3 recorded")


def test_every_thread_takes_its_turn(model: er.Model) -> None:
    def client() -> None:
        for _ in range(320):
            model.predict(X)

    with model.record(every=5) as recorder:
        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()

    assert len(recorder.recording()) == 4 * 320 / 5


@pytest.mark.parametrize("every", [0, 1001, True, 2.0])
def test_calls_to_record_are_one_in_so_many(model: er.Model, every: int) -> None:
    with pytest.raises(ValueError, match=f"every: expected .*, 1 to 1000, got {every}"):
        model.record(every=every)


def test_a_call_that_fails_leaves_no_row_and_is_not_in_flight_for_ever(model: er.Model) -> None:
    with model.record() as recorder:
        with pytest.raises(SignatureError):
            model.run({"features": X})
        with pytest.raises(SignatureError, match="expected a mapping"):
            model.run([X])  # pyright: ignore[reportArgumentType]
        with pytest.raises(InputError):
            model.predict("no array")
        assert model.predict_batch([]) == []
        model.predict(X)

    assert recorder.recording().n_in_flight.tolist() == [1]


def test_what_has_to_be_copied_is_counted_and_copied_in_the_prepare_stage(
    model: er.Model,
) -> None:
    scattered = np.asfortranarray(np.stack([X, X]))

    with model.record() as recorder:
        outputs = model.run({"features": scattered})
        model.run({"features": np.stack([X, X])})
        model.predict(np.stack([X, X], axis=1)[:, 0])
        model.predict_batch([X, X])

    rows = recorder.recording()
    assert rows.copied_bytes.tolist() == [32, 0, 16, 32]
    assert rows.stages_ns["prepare"][0] > 0
    assert rows.stages_ns["prepare"][1] == 0
    np.testing.assert_array_equal(
        outputs["probabilities"], model.run({"features": scattered.copy("C")})["probabilities"]
    )


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_an_awaited_call_waits_from_the_await_to_its_thread(
    model: er.Model, timeout: float | None
) -> None:
    async def ask() -> None:
        await asyncio.gather(*(model.predict_async(X, timeout=timeout) for _ in range(4)))

    with model.record() as recorder:
        asyncio.run(ask())
        model.predict(X)

    waits = recorder.recording().stages_ns["wait"]
    assert (waits[:4] > 0).all()
    assert waits[4] == 0


def test_each_caller_of_a_batch_has_a_row_of_its_own(model: er.Model) -> None:
    async def ask(batcher: er.Batcher) -> None:
        await asyncio.gather(*(batcher.predict_async(X) for _ in range(6)))
        await asyncio.gather(*(batcher.run_async({"features": X[None]}) for _ in range(6)))

    with model.record() as recorder, er.Batcher(model, max_batch=6) as batcher:
        asyncio.run(ask(batcher))

    rows = recorder.recording()
    assert len(rows) == 12
    assert (rows.n_rows == rows.n_sharing).all()
    assert rows.n_sharing.max() > 1
    assert (rows.stages_ns["wait"] > 0).all()


def test_calls_of_many_threads_are_all_kept(model: er.Model) -> None:
    def client() -> None:
        for _ in range(200):
            model.run({"features": X[None]})

    with model.record() as recorder:
        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()

    rows = recorder.recording()
    assert len(rows) == rows.n_calls == 800
    assert 1 <= rows.n_in_flight.min() <= rows.n_in_flight.max() <= 4
    looked_at = rows.cpu_ns >= 0
    assert 1 <= looked_at.sum() < len(rows)


def test_a_model_is_recorded_once_at_a_time(model: er.Model) -> None:
    with model.record(), pytest.raises(ValueError, match="stop that recorder first"):
        model.record()

    model.record().stop()


@pytest.mark.parametrize("capacity", [0, True, 2.5, "3", None])
def test_a_buffer_has_room_for_a_call(model: er.Model, capacity: Any) -> None:
    with pytest.raises(ValueError, match=f"capacity: expected calls from 1, got {capacity!r}"):
        model.record(capacity)

    model.record(1).stop()


def test_one_of_many_threads_gets_the_recorder(model: er.Model) -> None:
    recorders: list[er.Recorder] = []
    n_refused: list[int] = []
    ready = threading.Barrier(4)

    def ask() -> None:
        ready.wait()
        try:
            recorders.append(model.record(capacity=10))
        except ValueError:
            n_refused.append(1)

    with switching_often():
        for _ in range(50):
            in_threads([ask] * 4)
            assert (len(recorders), len(n_refused)) == (1, 3)
            recorders.pop().stop()
            n_refused.clear()


def test_a_call_that_ends_last_does_not_hide_the_others(model: er.Model) -> None:
    with switching_often():
        for _ in range(100):
            with model.record(capacity=100) as recorder:
                in_threads([lambda: model.run({"features": X[None]})] * 6)
            rows = recorder.recording()
            assert (len(rows), rows.n_calls) == (6, 6)
            assert (rows.begins_ns >= 0).all()


def test_a_call_under_way_at_the_stop_leaves_no_row(model: er.Model) -> None:
    begun, may_end = threading.Event(), threading.Event()

    class Slow(dict[str, Any]):
        def values(self) -> Any:
            begun.set()
            may_end.wait(10)
            return super().values()

    recorder = model.record()
    model.predict(X)
    call = threading.Thread(target=lambda: model.run(Slow(features=X[None])))
    call.start()
    begun.wait(10)
    recorder.stop()
    may_end.set()
    call.join()

    rows = recorder.recording()
    assert (len(rows), rows.n_calls) == (1, 1)
    assert (rows.begins_ns + rows.total_ns <= rows.wall_ns).all()


def test_a_model_that_is_dropped_is_watched_no_more(tiny_bundle_path: Path) -> None:
    model = er.load(tiny_bundle_path)
    model.record()
    assert moment_ns() > 0

    del model
    gc.collect()

    assert moment_ns() == 0


def test_processor_time_is_read_of_each_kind_of_call_in_turn(model: er.Model) -> None:
    with model.record() as recorder:
        for _ in range(320):
            model.run({"features": X[None]})
            model.run({"features": np.stack([X] * 4)})

    rows = recorder.recording()
    for n_rows in (1, 4):
        assert (rows.cpu_ns[rows.n_rows == n_rows] >= 0).sum() >= 10


def test_a_long_list_is_looked_at_in_part(model: er.Model) -> None:
    with model.record() as recorder:
        model.predict_batch([X] * 1000)

    assert recorder.recording().copied_bytes.tolist() == [1000 * X.nbytes]


def test_a_child_records_its_own_calls(
    model: er.Model, fork: Callable[[Callable[[], object]], int]
) -> None:
    def act() -> None:
        model.predict(X)
        assert len(recorder.recording()) == 1

    with model.record() as recorder:
        model.predict(X)
        model.predict(X)
        child = fork(act)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(recorder.recording()) == 2
