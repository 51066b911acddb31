"""One way to call a model, timed in this process."""

from __future__ import annotations

import dataclasses
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.lane import Lane, Opened, decide_calls, time_lane
from edgesmith_runtime.bench.samples import Samples, Tensors
from edgesmith_runtime.errors import SelfTestError
from edgesmith_runtime.golden import Tolerance

if TYPE_CHECKING:
    from edgesmith_runtime.bench.exchange import Request

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


def test_the_first_call_has_the_first_batch(tiny_request: Request) -> None:
    called_with: list[int] = []
    request = dataclasses.replace(tiny_request, batches=(4, 1))

    time_lane(doubling(called_with), OPENED, request, SAMPLES)

    assert called_with[0] == 4


def test_the_warm_up_is_ten_calls_or_a_tenth(tiny_request: Request) -> None:
    short = time_lane(doubling([]), OPENED, tiny_request, SAMPLES)
    many = dataclasses.replace(tiny_request, min_calls=300, max_calls=300)
    long = time_lane(doubling([]), OPENED, many, SAMPLES)

    assert short.steady[1].n_warmup == 10
    assert long.steady[1].n_warmup == 30


def test_a_wrong_answer_is_not_timed(tiny_request: Request) -> None:
    called_with: list[int] = []
    tripled = dataclasses.replace(SAMPLES, expected={"y": SAMPLES.inputs["x"] * 3})

    with pytest.raises(
        SelfTestError, match=r"output 'y' at batch 1: expected 3\.0 at \(0, 1\)"
    ):
        time_lane(doubling(called_with), OPENED, tiny_request, tripled)

    assert called_with == [1, 1]


@pytest.mark.parametrize(
    ("call_ns", "n_calls"),
    [
        (1_000_000, 500),
        (100_000_000, 30),
        (1_000, 2000),
        (0, 2000),
    ],
)
def test_the_number_of_calls_is_what_fits_within_limits(
    tiny_request: Request, call_ns: int, n_calls: int
) -> None:
    request = dataclasses.replace(tiny_request, max_seconds=0.5, min_calls=30, max_calls=2000)
    ticks = count(step=call_ns) if call_ns else iter([0] * 10)

    decided = decide_calls(lambda: None, request, clock_ns=lambda: next(ticks))

    assert decided == n_calls
