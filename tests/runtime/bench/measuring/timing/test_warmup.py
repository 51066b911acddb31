"""When a model counts as warm: by a clock that the calls themselves move."""

from __future__ import annotations

from itertools import chain, count, repeat
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.effort import Effort
from edgesmith_runtime.bench.measuring.timing.clock import Clock
from edgesmith_runtime.bench.measuring.timing.warmup import Warmth, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EFFORT = Effort(max_seconds=0.5, min_calls=30, max_calls=2000, n_idle_calls=2)
MS = 1_000_000


def taking(latencies_ns: Iterable[int]) -> tuple[Callable[[], None], Clock]:
    """A call that takes these times, one after the other, by the clock beside it."""
    now, left = [0], iter(latencies_ns)

    def call() -> None:
        now[0] += next(left)

    return call, Clock(now_ns=lambda: now[0])


def test_three_windows_of_the_same_median_are_stable() -> None:
    call, clock = taking(repeat(5 * MS))

    warmth = warm_up(call, EFFORT, clock=clock)

    assert warmth == Warmth(n_calls=12, call_ns=5 * MS, is_stable=True)


def test_a_window_of_quick_calls_is_a_fiftieth_of_the_time_of_a_series() -> None:
    call, clock = taking(repeat(MS // 10))

    assert warm_up(call, EFFORT, clock=clock).n_calls == 3 * 100


def test_slow_first_calls_are_waited_out() -> None:
    call, clock = taking(chain([300 * MS, *[9 * MS] * 7], repeat(5 * MS)))

    warmth = warm_up(call, EFFORT, clock=clock)

    assert warmth == Warmth(n_calls=8 + 12, call_ns=5 * MS, is_stable=True)


@pytest.mark.parametrize(("last_ns", "is_stable"), [(105, True), (106, False)])
def test_medians_may_be_five_percent_apart(last_ns: int, *, is_stable: bool) -> None:
    call, clock = taking([100 * MS] * 8 + [last_ns * MS] * 4)

    warmth = warm_up(call, EFFORT, clock=clock)

    assert (warmth.n_calls, warmth.is_stable) == (12, is_stable)


def test_what_never_settles_ends_at_twice_the_time_of_a_series() -> None:
    call, clock = taking(count(10 * MS, MS))

    warmth = warm_up(call, EFFORT, clock=clock)

    assert not warmth.is_stable
    assert sum(range(10, 10 + warmth.n_calls)) >= 1000
    assert sum(range(10, 10 + warmth.n_calls - 1)) < 1000


def test_a_slow_model_is_called_twelve_times_whatever_the_limit() -> None:
    call, clock = taking(chain([900 * MS] * 4, [500 * MS] * 8))

    assert warm_up(call, EFFORT, clock=clock) == Warmth(
        n_calls=12, call_ns=500 * MS, is_stable=False
    )


def test_a_window_may_be_asked_to_have_more_calls() -> None:
    call, clock = taking(repeat(20 * MS))

    assert warm_up(call, EFFORT, window_calls=10, clock=clock).n_calls == 30
