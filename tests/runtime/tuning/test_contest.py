"""A contest: who is in, what was measured of them, and which rounds there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.host import this_host
from edgesmith_runtime.tuning.contest import Contest, Schedule
from edgesmith_runtime.tuning.rounds import hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.exchange import Timing

THREE = Schedule(n_rounds=3, min_rounds=1, leads=(2.0, 1.2))


@pytest.fixture
def setups(make_setup: Callable[..., Setup]) -> tuple[Setup, ...]:
    return tuple(make_setup(n_threads=n) for n in (1, 2, 3, 4))


@pytest.fixture
def contest(setups: tuple[Setup, ...]) -> Contest:
    return Contest(setups=setups, host=this_host())


def test_standings_have_the_ratio_to_the_default(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    hold(
        contest,
        lambda setup, _left_s: timing(100.0 if setup == setups[0] else 50.0),
        THREE,
        budget_s=1e6,
    )

    default, other, *_ = contest.standings(np.random.default_rng(0))

    assert default.ratio is not None
    assert default.ratio.value == 1.0
    assert other.ratio is not None
    assert other.ratio.value == pytest.approx(0.5)
    assert other.median_ns is not None
    assert other.median_ns.value == 50_000
    assert (other.name, other.n_rounds, other.out) == (str(setups[1]), 3, None)


def test_the_last_lead_holds_for_all_later_rounds() -> None:
    assert [THREE.lead(n_done) for n_done in (1, 2, 3, 24)] == [2.0, 1.2, 1.2, 1.2]


@pytest.mark.parametrize(("n_rounds", "enough", "calm"), [(24, 8, 8), (2, 8, 2)])
def test_there_are_no_more_rounds_without_doubt_than_are_enough(
    n_rounds: int, enough: int, calm: int
) -> None:
    assert Schedule(n_rounds=n_rounds, enough_rounds=enough).calm_rounds == calm
