"""One way to call a model, timed in this process."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.measuring.lane import Lane, Opened, time_lane
from edgesmith_runtime.bench.measuring.samples import Samples, Tensors
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.errors import BackendError, SelfTestError
from edgesmith_runtime.golden import Tolerance

if TYPE_CHECKING:
    from edgesmith_runtime.bench.measuring.exchange import Request

OPENED = Opened(lanes=(), import_ns=3, load_ns=4, versions={})
SAMPLES = Samples(
    inputs={"x": np.arange(6.0).reshape(3, 2)},
    expected={"y": np.arange(6.0).reshape(3, 2) * 2},
    tolerances={"y": Tolerance(0.0, 0.0)},
)


def doubling(called_with: list[int]) -> Lane:
    def call(array: np.ndarray) -> np.ndarray:
        called_with.append(len(array))
        return array * 2

    def outputs(array: np.ndarray) -> Tensors:
        return {"y": array}

    return Lane(
        name="doubling", prepare=lambda tensors: tensors["x"], call=call, outputs=outputs
    )


def test_a_round_has_calls_at_every_batch(tiny_request: Request) -> None:
    timed = time_lane(doubling([]), OPENED, tiny_request, SAMPLES)

    assert {batch: len(item.latencies_ns) for batch, item in timed.steady.items()} == {
        1: 20,
        4: 20,
    }
    assert (timed.import_ns, timed.load_ns) == (3, 4)
    assert timed.first_call_ns > 0


def test_the_first_call_has_the_batch_that_was_asked_for(tiny_request: Request) -> None:
    called_with: list[int] = []
    request = dataclasses.replace(tiny_request, first=Setting(Phase.STEADY, 4))

    time_lane(doubling(called_with), OPENED, request, SAMPLES)

    assert called_with[:2] == [4, 1]


def test_other_phases_than_the_steady_one_call_with_one_sample(tiny_request: Request) -> None:
    called_with: list[int] = []
    settings = (
        Setting(Phase.IDLE, 1e-4),
        Setting(Phase.PACED, 1e5),
        Setting(Phase.CONCURRENT, 2),
        Setting(Phase.SUSTAINED, 1e-3),
    )
    request = dataclasses.replace(tiny_request, settings=settings)

    timed = time_lane(doubling(called_with), OPENED, request, SAMPLES)

    assert tuple(timed.series) == settings
    assert set(called_with) == {1}


def test_a_lane_of_a_fixed_batch_is_measured_at_that_one(tiny_request: Request) -> None:
    called_with: list[int] = []
    lane = dataclasses.replace(doubling(called_with), fixed_batch=4)

    timed = time_lane(lane, OPENED, tiny_request, SAMPLES)

    assert set(timed.steady) == set(called_with) == {4}


def test_a_lane_that_takes_no_batch_of_the_plan_says_so(tiny_request: Request) -> None:
    lane = dataclasses.replace(doubling([]), fixed_batch=8)

    with pytest.raises(BackendError, match=r"^it takes batches of 8 only, not of 1, 4$"):
        time_lane(lane, OPENED, tiny_request, SAMPLES)


def test_a_lane_of_tensors_takes_no_raw_inputs(tiny_request: Request) -> None:
    request = dataclasses.replace(tiny_request, settings=(Setting(Phase.RAW),))

    with pytest.raises(BackendError, match=r"^it takes prepared tensors alone, no raw inputs$"):
        time_lane(doubling([]), OPENED, request, SAMPLES)


def test_a_wrong_answer_is_not_timed(tiny_request: Request) -> None:
    called_with: list[int] = []
    tripled = dataclasses.replace(SAMPLES, expected={"y": SAMPLES.inputs["x"] * 3})

    with pytest.raises(
        SelfTestError, match=r"output 'y' at batch 1: expected 3\.0 at \(0, 1\)"
    ):
        time_lane(doubling(called_with), OPENED, tiny_request, tripled)

    assert called_with == [1, 1]


def test_a_setting_that_fails_leaves_the_others(tiny_request: Request) -> None:
    def call(array: np.ndarray) -> np.ndarray:
        if len(array) == 4:
            raise MemoryError("too many at once")
        return array * 2

    lane = dataclasses.replace(doubling([]), call=call)

    timed = time_lane(lane, OPENED, tiny_request, SAMPLES)

    assert set(timed.steady) == {1}
    assert timed.failures == {Setting(Phase.STEADY, 4): "MemoryError: too many at once"}


def test_a_lane_that_fails_under_every_setting_has_a_problem(tiny_request: Request) -> None:
    calls = iter([np.zeros((1, 2))])
    lane = dataclasses.replace(doubling([]), call=lambda _: next(calls))

    with pytest.raises(BackendError, match=r"^StopIteration: $"):
        time_lane(lane, OPENED, tiny_request, SAMPLES)
