"""While a model is recorded every call leaves a row; before and after nothing is kept."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.errors import InputError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

X = np.array([0.5, -1.0, 0.25, 2.0], np.float32)


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


@pytest.mark.parametrize("capacity", [0, True])
def test_a_buffer_has_room_for_a_call(model: er.Model, capacity: int) -> None:
    with pytest.raises(ValueError, match=f"capacity: expected calls from 1, got {capacity}"):
        model.record(capacity)


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
