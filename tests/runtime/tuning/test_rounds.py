"""Rounds: who is slow goes home, who fails too, and the clock ends it; doubt goes on longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.host import this_host
from edgesmith_runtime.tuning.contest import TIME_WAS_UP, Contest, Schedule
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


def test_the_slow_are_sent_home_round_by_round_and_the_default_never(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    default, fastest, slow, slower = setups
    micros = {default: 300.0, fastest: 100.0, slow: 150.0, slower: 250.0}

    hold(contest, lambda setup, _left_s: timing(micros[setup]), THREE, budget_s=1e6)

    assert {setup: len(rounds) for setup, rounds in contest.rounds.items()} == {
        default: 3,
        fastest: 3,
        slow: 2,
        slower: 1,
    }
    assert contest.out == {
        slow: f"1.50 times {fastest} after round 2",
        slower: f"2.50 times {fastest} after round 1",
    }
    assert contest.left() == [default, fastest]


def test_what_fails_is_out_with_its_reason(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    def measure(setup: Setup, _left_s: float) -> Timing | Problem:
        return Problem("it crashed") if setup == setups[2] else timing(100.0)

    hold(contest, measure, THREE, budget_s=1e6)

    assert contest.out == {setups[2]: "it crashed"}
    assert setups[2] not in contest.rounds


def test_a_default_that_fails_ends_it(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    asked: list[Setup] = []

    def measure(setup: Setup, _left_s: float) -> Timing | Problem:
        asked.append(setup)
        return Problem("it differs") if setup == setups[0] else timing(100.0)

    hold(contest, measure, THREE, budget_s=1e6)

    assert contest.out == {setups[0]: "it differs"}
    assert len(asked) == len(setups)


def test_it_ends_when_none_but_the_default_is_left(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    hold(
        contest,
        lambda setup, _left_s: timing(10.0 if setup == setups[0] else 100.0),
        THREE,
        budget_s=1e6,
    )

    assert len(contest.rounds[setups[0]]) == 1


def test_no_process_starts_after_the_budget_and_a_later_round_that_it_cuts_is_forgotten(
    contest: Contest, timing: Callable[[float], Timing]
) -> None:
    asked: list[Setup] = []

    def measure(setup: Setup, _left_s: float) -> Timing:
        asked.append(setup)
        return timing(100.0)

    hold(contest, measure, THREE, budget_s=60.0, clock=lambda: 10.0 * len(asked))

    assert len(asked) == 6
    assert {len(rounds) for rounds in contest.rounds.values()} == {1}


def test_what_was_measured_in_a_cut_first_round_is_entered_and_the_rest_is_out(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    asked: list[Setup] = []

    def measure(setup: Setup, _left_s: float) -> Timing:
        asked.append(setup)
        return timing(100.0)

    hold(contest, measure, THREE, budget_s=20.0, clock=lambda: 10.0 * len(asked))

    assert asked[0] == contest.default
    assert set(contest.rounds) == set(asked)
    assert len(asked) == 2
    assert contest.out == dict.fromkeys(set(setups) - set(asked), TIME_WAS_UP)


def test_one_that_hangs_leaves_time_for_the_others(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    now = [0.0]

    def measure(setup: Setup, left_s: float) -> Timing | Problem:
        hangs = setup == setups[1]
        now[0] += left_s if hangs else 1.0
        return Problem("no answer") if hangs else timing(100.0)

    hold(contest, measure, THREE, budget_s=48.0, clock=lambda: now[0])

    assert contest.out == {setups[1]: "no answer"}
    assert {setup: len(rounds) for setup, rounds in contest.rounds.items()} == dict.fromkeys(
        (setups[0], *setups[2:]), 3
    )


@pytest.mark.parametrize(("default_s", "is_short"), [(1.0, False), (3.0, True)])
def test_one_that_is_ended_early_was_short_of_time_and_one_that_had_much_hangs(
    default_s: float,
    is_short: bool,  # noqa: FBT001
    contest: Contest,
    setups: tuple[Setup, ...],
    timing: Callable[[float], Timing],
) -> None:
    now = [0.0]

    def measure(setup: Setup, left_s: float) -> Timing | Problem:
        if setup == setups[3]:
            return Problem("it crashed")
        no_answer = setup == setups[2]
        now[0] += left_s if no_answer else default_s
        return Problem("no answer") if no_answer else timing(100.0)

    hold(contest, measure, THREE, budget_s=48.0, clock=lambda: now[0])

    assert contest.out == {setups[2]: "no answer", setups[3]: "it crashed"}
    assert contest.short == ({setups[2]} if is_short else set())


def test_on_a_slow_device_others_get_twice_the_time_of_the_default(
    contest: Contest, timing: Callable[[float], Timing]
) -> None:
    now, granted = [0.0], list[float]()

    def measure(_setup: Setup, left_s: float) -> Timing:
        granted.append(left_s)
        now[0] += 20.0
        return timing(100.0)

    hold(contest, measure, THREE, budget_s=90.0, clock=lambda: now[0])

    assert granted[:4] == [90.0, 40.0, 40.0, 30.0]


def test_a_process_that_ends_with_the_time_is_not_held_against_its_setup(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    asked: list[Setup] = []
    now = [0.0]

    def measure(setup: Setup, left_s: float) -> Timing | Problem:
        asked.append(setup)
        is_last = len(asked) == 2 * len(setups)
        now[0] += left_s if is_last else 1.0
        return Problem("no answer") if is_last else timing(100.0)

    hold(contest, measure, THREE, budget_s=100.0, clock=lambda: now[0])

    assert contest.out == {}
    assert {len(rounds) for rounds in contest.rounds.values()} == {1}


def test_a_default_that_takes_all_the_time_is_not_out(
    contest: Contest, setups: tuple[Setup, ...]
) -> None:
    now = [0.0]

    def measure(_setup: Setup, left_s: float) -> Problem:
        now[0] += left_s
        return Problem("no answer")

    hold(contest, measure, THREE, budget_s=48.0, clock=lambda: now[0])

    assert contest.rounds == {}
    assert contest.out == dict.fromkeys(setups[1:], TIME_WAS_UP)


def test_when_time_is_short_the_fastest_and_the_default_stay(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    default, fast, near, far = setups
    micros = {default: 130.0, fast: 100.0, near: 110.0, far: 120.0}
    now = [0.0]

    def measure(setup: Setup, _left_s: float) -> Timing:
        now[0] += 10.0
        return timing(micros[setup])

    schedule = Schedule(n_rounds=3, min_rounds=3, leads=(2.0,))
    hold(contest, measure, schedule, budget_s=100.0, clock=lambda: now[0])

    said = f"1.20 times {fast} after round 1, and the time is short"
    assert contest.out == {far: said}
    assert {len(contest.rounds[setup]) for setup in (default, fast, near)} == {3}


def test_progress_says_what_is_done_and_what_there_is_at_most(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    said: list[tuple[int, int, str]] = []

    hold(
        contest,
        lambda setup, _left_s: timing(10.0 if setup in setups[:2] else 100.0),
        THREE,
        budget_s=1e6,
        progress=lambda *words: said.append(words),
    )

    assert [(done, most) for done, most, _ in said] == [
        *((n, 12) for n in range(4)),
        (4, 8),
        (5, 8),
        (6, 8),
        (7, 8),
    ]
    assert said[0][2].startswith("round 1: model.onnx with onnxruntime, ")


def test_the_order_within_a_round_is_drawn(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    asked: list[Setup] = []

    def measure(setup: Setup, _left_s: float) -> Timing:
        asked.append(setup)
        return timing(100.0)

    hold(contest, measure, THREE, budget_s=1e6)

    rounds = [tuple(asked[start : start + 4]) for start in (0, 4, 8)]
    assert all(set(one) == set(setups) for one in rounds)
    assert len(set(rounds)) > 1


def test_the_look_leaves_time_for_enough_rounds_of_two(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    now = [0.0]

    def measure(_setup: Setup, _left_s: float) -> Timing:
        now[0] += 10.0
        return timing(100.0)

    schedule = Schedule(n_rounds=3, min_rounds=3, leads=(2.0,))
    hold(contest, measure, schedule, budget_s=75.0, clock=lambda: now[0])

    assert [len(contest.rounds[setup]) for setup in setups[:2]] == [3, 3]
    assert contest.out[setups[3]] == "the time was up"
    assert contest.short == {*setups[2:]}


def test_one_rival_is_looked_at_however_short_the_time(
    contest: Contest, setups: tuple[Setup, ...], timing: Callable[[float], Timing]
) -> None:
    now = [0.0]

    def measure(setup: Setup, _left_s: float) -> Timing:
        now[0] += 30.0 if setup == setups[0] else 2.0
        return timing(100.0)

    schedule = Schedule(n_rounds=3, min_rounds=3)
    hold(contest, measure, schedule, budget_s=40.0, clock=lambda: now[0])

    assert set(contest.rounds) == {*setups[:2]}


def test_rounds_go_on_while_two_are_not_told_apart_and_end_when_they_are(
    make_setup: Callable[..., Setup], timing: Callable[[float], Timing]
) -> None:
    default, rival = make_setup(n_threads=2), make_setup(n_threads=1)
    contest = Contest(setups=(default, rival), host=this_host())
    wild = [90.0, 104.0, 80.0, 105.0, 93.0]
    rival_us = iter([*wild, *[101.0] * 100])

    def measure(setup: Setup, _left_s: float) -> Timing:
        return timing(100.0 if setup == default else next(rival_us))

    schedule = Schedule(n_rounds=30, enough_rounds=5, leads=(2.0,))
    at_most: list[int] = []
    hold(
        contest,
        measure,
        schedule,
        budget_s=1e6,
        progress=lambda _n_done, n_most, _what: at_most.append(n_most),
    )

    assert 5 < len(contest.rounds[default]) < 30
    assert set(at_most) == {60}
    assert contest.left() == [default, rival]


def test_rounds_end_when_they_are_enough_and_nothing_is_in_doubt(
    make_setup: Callable[..., Setup], timing: Callable[[float], Timing]
) -> None:
    default, rival = make_setup(n_threads=2), make_setup(n_threads=1)
    contest = Contest(setups=(default, rival), host=this_host())

    hold(
        contest,
        lambda setup, _left_s: timing(100.0 if setup == default else 50.0),
        Schedule(n_rounds=30, enough_rounds=6),
        budget_s=1e6,
    )

    assert len(contest.rounds[default]) == 6


@pytest.mark.parametrize(
    ("fastest", "n_rounds"), [("onnxruntime", 8), ("litert", 10)], ids=["copy", "none"]
)
def test_time_for_a_copy_stays_free_where_the_fastest_takes_one(
    fastest: str,
    n_rounds: int,
    make_setup: Callable[..., Setup],
    timing: Callable[[float], Timing],
) -> None:
    default, rival = make_setup(n_threads=2), make_setup(fastest, 1)
    contest = Contest(setups=(default, rival), host=this_host())
    now = [0.0]

    def measure(setup: Setup, _left_s: float) -> Timing:
        now[0] += 1.0
        return timing(100.0 if setup == default else 50.0)

    schedule = Schedule(n_rounds=30, enough_rounds=30, min_rounds=1)
    hold(contest, measure, schedule, budget_s=20.5, clock=lambda: now[0])

    assert len(contest.rounds[default]) == n_rounds
