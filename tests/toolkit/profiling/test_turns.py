from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.profiling.turns import block_medians, estimate, rounds_within

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


@pytest.mark.parametrize(("taken_ns", "expected"), [(1, 60), (100_000_000, 10), (10**10, 3)])
def test_as_many_rounds_as_fit_within_limits(taken_ns: int, expected: int) -> None:
    clock = _Clock()

    assert rounds_within([clock.call("a", taken_ns)], 1.0, clock_ns=clock) == expected


def test_an_estimate_is_the_median_within_what_the_blocks_said() -> None:
    blocks = np.array([float(one) for one in (10, 11, 12, 13, 500)])

    found = estimate(blocks, np.random.default_rng(0))

    assert found.value == 12
    assert 10 <= found.low < 12 < found.high <= 500


def test_a_clock_that_stands_still_is_no_division_by_zero() -> None:
    ticks = count()

    assert rounds_within([lambda: next(ticks)], 1.0, clock_ns=lambda: 0) == 60
