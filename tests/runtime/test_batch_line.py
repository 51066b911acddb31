"""Requests of a queue run as one batch where they go together, and by themselves where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.batch_line import BatchLine
from edgesmith_runtime.batch_requests import ThreadRequest, What
from edgesmith_runtime.errors import DeadlineError, SignatureError
from edgesmith_runtime.runners.deadlines import deadline_after
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class Noted(er.Model):
    """A model that notes how many samples each run had, and within how much time."""

    def note(self) -> Noted:
        self.n_samples: list[int] = []
        self.timeouts: list[float | None] = []
        return self

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        self.n_samples.append(len(next(iter(tensors.values()))))
        self.timeouts.append(timeout)
        return super().run(tensors, timeout=timeout)

    def predict_batch(
        self, raws: object, *, timeout: float | None = None
    ) -> list[er.Prediction]:
        self.n_samples.append(len(list(raws)))  # type: ignore[call-overload]
        self.timeouts.append(timeout)
        return super().predict_batch(raws, timeout=timeout)


@pytest.fixture
def model(tiny_bundle_path: Path) -> Noted:
    loaded = er.load(tiny_bundle_path, n_threads=1)
    return Noted(loaded.bundle, loaded.transform, loaded._runner).note()


@pytest.fixture
def line(model: Noted) -> Iterator[BatchLine]:
    opened = BatchLine(model, max_batch=8, max_wait_s=0.0)
    yield opened
    opened.close()


def samples(n: int) -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(size=(n, 4)).astype(np.float32)


def put_at_once(line: BatchLine, requests: Sequence[ThreadRequest]) -> None:
    with line._lock:  # so that the worker sees all of them or none
        for request in requests:
            line.put(request)


def runs(tensors: Sequence[NDArray[Any]], deadline: float | None = None) -> list[ThreadRequest]:
    return [ThreadRequest(What.RUN, {"features": tensor}, deadline) for tensor in tensors]


def test_tensors_run_together_and_are_given_back_apart(line: BatchLine, model: Noted) -> None:
    parts = np.split(samples(6), [1, 3])  # of 1, 2 and 3 samples
    requests = runs(parts)

    put_at_once(line, requests)
    outputs: list[Any] = [request.wait() for request in requests]

    assert model.n_samples == [6]
    for part, output in zip(parts, outputs, strict=True):
        expected = model.run({"features": part})["probabilities"]
        np.testing.assert_allclose(output["probabilities"], expected, rtol=1e-6)
        assert output["probabilities"].base is None


def test_tensors_that_do_not_go_together_run_by_themselves(
    line: BatchLine, model: Noted
) -> None:
    good = samples(1)
    requests = runs([good, good.astype(np.float64), good[:, :3], good])

    put_at_once(line, requests)
    errors: list[type[Exception] | None] = []
    for request in requests:
        try:
            request.wait()
        except SignatureError:
            errors.append(SignatureError)
        else:
            errors.append(None)

    assert errors == [None, SignatureError, SignatureError, None]


def test_what_is_asked_for_is_not_mixed(line: BatchLine, model: Noted) -> None:
    raws = samples(4)
    predicts = [ThreadRequest(What.PREDICT, raw, None) for raw in raws[:2]]
    requests = [*predicts, *runs([raws[2:3], raws[3:]])]

    put_at_once(line, requests)
    for request in requests:
        request.wait()

    assert model.n_samples == [2, 2]


def test_a_batch_has_the_time_of_the_most_patient(line: BatchLine, model: Noted) -> None:
    requests = [
        *runs([samples(1)], deadline_after(60.0)),
        *runs([samples(1)], deadline_after(6000.0)),
        *runs([samples(1)]),
    ]

    put_at_once(line, requests)
    for request in requests:
        request.wait()

    assert model.n_samples == [2, 1]
    assert 60.0 < (model.timeouts[0] or 0.0) < 6000.0
    assert model.timeouts[1] is None


def test_a_batch_whose_time_is_over_never_runs(line: BatchLine, model: Noted) -> None:
    late = runs([samples(1)] * 3, deadline_after(1e-9))
    in_time = runs([samples(1)])

    put_at_once(line, [*late, *in_time])
    in_time[0].wait()

    assert model.n_samples == [1]
    for request in late:
        with pytest.raises(DeadlineError, match="batcher: expected"):
            request.wait()


@pytest.mark.parametrize(
    "shape", [("classes", 3), (2, 3), ()], ids=["another axis", "a fixed one", "none"]
)
def test_outputs_that_nothing_says_can_be_cut_apart_are_of_runs_by_themselves(
    shape: tuple[int | str, ...], model: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = model.signature.inputs
    signature = Signature(inputs, (TensorSpec("probabilities", "float32", shape),))
    monkeypatch.setattr(Noted, "signature", signature)
    line = BatchLine(model, max_batch=8, max_wait_s=0.0)
    requests = runs([samples(1), samples(1)])

    put_at_once(line, requests)
    for request in requests:
        request.wait()
    line.close()

    assert model.n_samples == [1, 1]


def test_a_batch_of_tensors_runs_on_the_one_model_of_a_slot(tiny_bundle_path: Path) -> None:
    slot = er.Slot(tiny_bundle_path)
    line = BatchLine(slot, max_batch=8, max_wait_s=0.0)
    requests = runs([samples(1), samples(2)])

    put_at_once(line, requests)
    outputs: list[Any] = [request.wait()["probabilities"] for request in requests]  # type: ignore[index]
    line.close()

    assert [*map(len, outputs)] == [1, 2]
    np.testing.assert_allclose(
        outputs[1], slot.run({"features": samples(2)})["probabilities"], rtol=1e-6
    )


def test_closing_waits_no_longer_than_it_may(line: BatchLine) -> None:
    line.begins_alone()

    is_closed_in_time = line.close(timeout=0.0)
    line.end_alone()

    assert not is_closed_in_time
    assert line.close(timeout=60.0)
