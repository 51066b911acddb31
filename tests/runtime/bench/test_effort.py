"""How many calls are timed."""

from __future__ import annotations

import pytest

from edgesmith_runtime.bench.effort import Effort


@pytest.mark.parametrize(
    ("call_ns", "n_calls"), [(1_000_000, 500), (100_000_000, 30), (1_000, 2000), (0, 2000)]
)
def test_the_number_of_calls_is_what_fits_within_limits(call_ns: float, n_calls: int) -> None:
    effort = Effort(max_seconds=0.5, min_calls=30, max_calls=2000, n_idle_calls=2)

    assert effort.n_calls(call_ns) == n_calls


@pytest.mark.parametrize(
    ("call_ns", "n_between"), [(1_000_000, 0), (50_000, 0), (5_000, 9), (1_000, 49)]
)
def test_quick_calls_are_spread_over_a_tenth_of_a_second(
    call_ns: float, n_between: int
) -> None:
    effort = Effort(max_seconds=0.5, min_calls=30, max_calls=2000, n_idle_calls=2)

    assert effort.n_between(call_ns) == n_between
