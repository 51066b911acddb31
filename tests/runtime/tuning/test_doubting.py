"""What is left open: rivals within noise, and setups that the time was too short for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.tuning.contest import TIME_WAS_UP, Contest, Schedule
from edgesmith_runtime.tuning.doubting import doubt_of, rivals_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.standings import Doubt

STEADY = [100.0] * 8
WILD = [90.0, 112.0, 88.0, 109.0, 91.0, 110.0, 95.0, 103.0]


@pytest.fixture
def setups(make_setup: Callable[..., Setup]) -> tuple[Setup, ...]:
    return tuple(make_setup(n_threads=n) for n in (4, 3, 2, 1))


@pytest.fixture
def measured(setups: tuple[Setup, ...]) -> Callable[..., Contest]:
    """A contest whose rounds had these medians in microseconds; a process takes a second."""
    host = this_host()

    def make(*rounds: list[float]) -> Contest:
        contest = Contest(setups=setups[: len(rounds)], host=host)
        for setup, micros in zip(contest.setups, rounds, strict=True):
            if micros:
                contest.process_s[setup] = 1.0
                contest.rounds[setup] = [
                    Measurement(latencies_ns=(round(us * 1000),), n_warmup=0, host=host)
                    for us in micros
                ]
        return contest

    return make


def doubted(contest: Contest, *, n_rounds: int = 24) -> Doubt | None:
    return doubt_of(
        contest,
        contest.default,
        Schedule(n_rounds=n_rounds),
        budget_s=20.0,
        rng=np.random.default_rng(0),
    )


def test_nothing_is_in_doubt_where_no_other_can_be_faster_by_three_percent(
    measured: Callable[..., Contest],
) -> None:
    assert doubted(measured(STEADY, [120.0] * 8, [98.0] * 8)) is None


def test_one_that_may_be_faster_is_a_rival_whatever_its_median_says(
    measured: Callable[..., Contest], setups: tuple[Setup, ...]
) -> None:
    contest = measured(STEADY, WILD, [105.0] * 8)

    assert list(rivals_of(contest, setups[0], np.random.default_rng(0))) == [setups[1]]
    doubt = doubted(contest)
    assert doubt is not None
    assert doubt.rivals == (str(setups[1]),)
    assert doubt.untimed == ()
    assert doubt.enough_s is not None
    assert doubt.enough_s > 20.0


def test_after_one_round_all_that_are_near_are_rivals(
    measured: Callable[..., Contest], setups: tuple[Setup, ...]
) -> None:
    doubt = doubted(measured([100.0], [110.0], [200.0]))

    assert doubt is not None
    assert doubt.rivals == (str(setups[1]),)


def test_the_budget_that_would_do_is_that_of_a_look_at_all_and_the_rounds_that_are_missing(
    measured: Callable[..., Contest], setups: tuple[Setup, ...]
) -> None:
    contest = measured([100.0], [110.0], [500.0], [])
    contest.out[setups[2]] = "5.00 times the default after round 1"
    contest.out[setups[3]] = TIME_WAS_UP
    contest.short.add(setups[3])

    doubt = doubted(contest)

    # A look at four, four more rounds of three of them, a second each: 16 s are 0.8 of 20 s.
    # That is less than one and a half times what was given and was too short.
    assert doubt is not None
    assert doubt.untimed == (str(setups[3]),)
    assert doubt.enough_s == 30.0
    contest.process_s = dict.fromkeys(contest.process_s, 4.0)
    slow = doubted(contest)
    assert slow is not None
    assert slow.enough_s == 80.0


def test_who_was_sent_home_for_want_of_time_counts_if_it_was_near(
    measured: Callable[..., Contest], setups: tuple[Setup, ...]
) -> None:
    contest = measured(STEADY, [110.0], [140.0])
    for setup in setups[1:3]:
        contest.out[setup] = "after round 1, and the time is short"
        contest.short.add(setup)

    doubt = doubted(contest)

    assert doubt is not None
    assert doubt.untimed == (str(setups[1]),)


def test_where_all_rounds_were_run_no_budget_would_tell(
    measured: Callable[..., Contest], setups: tuple[Setup, ...]
) -> None:
    doubt = doubted(measured(STEADY, WILD), n_rounds=8)

    assert doubt is not None
    assert doubt.rivals == (str(setups[1]),)
    assert doubt.enough_s is None
