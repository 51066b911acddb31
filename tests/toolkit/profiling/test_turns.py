from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.profiling.turns import (
    block_medians,
    blocks_within,
    estimate,
    round_seconds,
    rounds_within,
)

if TYPE_CHECKING:
    from edgesmith.profiling.pieces import Call


class _Clock:
    """Stands still but for what calls take."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.called: list[str] = []

    def __call__(self) -> int:
        return self.now_ns

    def call(self, name: str, *taken_ns: int) -> Call:
        series = iter([*taken_ns, *[taken_ns[-1]] * 100])

        def run() -> None:
            self.called.append(name)
            self.now_ns += next(series)

        return run


def test_calls_have_their_turns_and_the_first_round_does_not_count() -> None:
    clock = _Clock()
    calls = [clock.call("a", 1000, 5, 7, 9), clock.call("b", 1, 20)]

    medians = block_medians(calls, 3, clock_ns=clock)

    assert clock.called == ["a", "b"] * 4
    assert medians.tolist() == [7, 20]


def test_with_a_lead_each_call_is_timed_in_a_row() -> None:
    clock = _Clock()
    calls = [clock.call("a", 50, 50, 6), clock.call("b", 100, 30)]

    medians = block_medians(calls, 2, lead_ns=100, clock_ns=clock)

    assert clock.called == ["a"] * 4 + ["b"] * 3
    assert medians.tolist() == [6, 30]


def test_few_rounds_have_none_before_them() -> None:
    clock = _Clock()

    medians = block_medians([clock.call("a", 1000, 5)], 2, clock_ns=clock)

    assert clock.called == ["a", "a"]
    assert medians.tolist() == [502.5]


def test_a_round_is_as_long_as_its_calls() -> None:
    clock = _Clock()

    assert (
        round_seconds([clock.call("a", 10**9), clock.call("b", 10**8)], clock_ns=clock) == 1.1
    )


@pytest.mark.parametrize(("round_s", "expected"), [(1e-9, 60), (0.1, 10), (10.0, 1)])
def test_as_many_rounds_as_fit_within_limits(round_s: float, expected: int) -> None:
    assert rounds_within(round_s, 1.0) == expected


@pytest.mark.parametrize(
    ("round_s", "asked", "expected"), [(1e-6, 9, 9), (0.1, 9, 5), (6.0, 9, 2), (6.0, 1, 1)]
)
def test_a_slow_model_has_fewer_blocks(round_s: float, asked: int, expected: int) -> None:
    assert blocks_within(round_s, 2.0, asked) == expected


def test_an_interval_is_between_processes_however_alike_the_blocks_of_each_are() -> None:
    blocks = np.repeat([[10.0], [11.0], [12.0], [13.0], [50.0]], 9, axis=1)

    found = estimate(blocks, np.random.default_rng(0))

    assert (found.value, found.low, found.high) == (12.0, 10.0, 50.0)


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        processes = rng.normal(100.0, 1.0, (5, 1))
        found = estimate(processes + rng.normal(0.0, 0.5, (5, 9)), rng)
        held += found.low <= 100.0 <= found.high

    assert held >= 88


def test_of_one_process_there_is_no_interval() -> None:
    found = estimate(np.array([[10.0, 12.0, 500.0]]), np.random.default_rng(0))

    assert (found.value, found.low, found.high) == (12.0, 12.0, 12.0)


def test_a_clock_that_stands_still_is_no_division_by_zero() -> None:
    ticks = count()

    seconds = round_seconds([lambda: next(ticks)], clock_ns=lambda: 0)

    assert rounds_within(seconds, 1.0) == 60
