"""Setups against each other: a look at all, then fresh processes in turn for those that may win."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.tuning.contest import COPY_SHARE, TIME_WAS_UP
from edgesmith_runtime.tuning.deciding import decide
from edgesmith_runtime.tuning.doubting import rivals_of
from edgesmith_runtime.tuning.order import looks

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench import Progress
    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.contest import Contest, Measure, Schedule
    from edgesmith_runtime.tuning.exchange import Timing

__all__ = ["hold"]

# Times the default's process: who gave no answer in so long hangs. In less, the time was short.
_HANGS = 10.0


def hold(
    contest: Contest,
    measure: Measure,
    schedule: Schedule,
    *,
    budget_s: float,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run rounds until the time is up or all are done; ``contest`` holds what came of them.

    No process outlives the budget. Round 1 is a look at all, the default first. Each of the
    others gets half of what is left then, because it needs a second round: one that hangs leaves
    time for the rest. The look ends where the time that is left would just do for enough rounds
    of the default and one other, or half of the budget is over: those that were not looked at
    are out. A later round that the budget cuts is forgotten, so all that are left have run the
    same rounds. A fifth of the budget stays free for a copy of the graph, where the fastest
    takes one and a copy can be made and timed in it.

    Args:
        contest: Is filled in.
        measure: Runs one setup.
        schedule: How many rounds.
        budget_s: From now.
        progress: Called before each process, with what is done and what there is at most.
        clock: In seconds.
    """
    course = _Course(
        contest=contest,
        measure=measure,
        schedule=schedule,
        progress=progress,
        clock=clock,
        end=clock() + budget_s,
    )
    _look(course, budget_s)
    if contest.default not in contest.rounds or contest.default in contest.out:
        return
    _send_home(contest, schedule.lead(1), 1)
    course.end -= _copy_s(contest, schedule, budget_s)
    _keep(contest, schedule, 1, course.left_s())
    rng = np.random.default_rng(schedule.seed)
    for n_rounds in range(2, schedule.n_rounds + 1):
        if contest.left() == [contest.default] or not _run(course, n_rounds, rng):
            return
        _send_home(contest, schedule.lead(n_rounds), n_rounds)
        _keep(contest, schedule, n_rounds, course.left_s())
        if n_rounds >= schedule.calm_rounds and _is_settled(contest, schedule):
            return


@dataclass(slots=True, kw_only=True)
class _Course:
    """What the processes of one contest share: who runs them, until when, how many are done."""

    contest: Contest
    measure: Measure
    schedule: Schedule
    progress: Progress | None
    clock: Callable[[], float]
    end: float
    n_done: int = 0

    def left_s(self) -> float:
        return self.end - self.clock()

    def answer(
        self, setup: Setup, *, limit_s: float, n_most: int, n_rounds: int
    ) -> Timing | Problem | None:
        """Of one process; None where the time was up, and nothing is said against the setup."""
        before_s = self.left_s()
        if before_s <= 0:
            return None
        if self.progress is not None:
            self.progress(self.n_done, n_most, f"round {n_rounds}: {setup}")
        answer = self.measure(setup, min(before_s, limit_s))
        after_s = self.left_s()
        if isinstance(answer, Problem) and after_s <= 0:
            return None  # it may have been ended with the time
        self.n_done += 1
        process_s = self.contest.process_s
        process_s[setup] = max(process_s.get(setup, 0.0), before_s - after_s)
        return answer


def _look(course: _Course, budget_s: float) -> None:
    """Round 1."""
    contest, schedule = course.contest, course.schedule
    n_most = len(contest.setups) * schedule.n_rounds
    for place, setup in enumerate(looks(contest, schedule)):
        left_s = course.left_s()
        process_s = contest.process_s
        mean_s = sum(process_s.values()) / max(1, place)
        reserve_s = min(2 * (schedule.min_rounds - 1) * mean_s, budget_s / 2)
        if len(contest.rounds) > 1 and left_s - mean_s < reserve_s:
            break
        limit_s = max(left_s / 2, 2 * process_s.get(contest.default, 0.0))
        answer = course.answer(
            setup, limit_s=left_s if place == 0 else limit_s, n_most=n_most, n_rounds=1
        )
        if answer is None:
            break
        _enter(contest, setup, answer)
        if place > 0 and isinstance(answer, Problem) and _is_short(contest, setup, limit_s):
            contest.short.add(setup)
    for setup in contest.setups[1:]:
        if setup not in contest.rounds and setup not in contest.out:
            contest.out[setup] = TIME_WAS_UP
            contest.short.add(setup)


def _is_short(contest: Contest, setup: Setup, limit_s: float) -> bool:
    """Whether one that failed was ended, and so early that it may only be slow to start."""
    process_s = contest.process_s
    return limit_s <= process_s[setup] and limit_s < _HANGS * process_s[contest.default]


def _run(course: _Course, n_rounds: int, rng: np.random.Generator) -> bool:
    """One later round; whether there may be another."""
    contest = course.contest
    order = _shuffled(contest.left(), rng)
    n_most = course.n_done + len(order) * (course.schedule.n_rounds - n_rounds + 1)
    timed: dict[Setup, Timing | Problem] = {}
    for setup in order:
        answer = course.answer(setup, limit_s=course.left_s(), n_most=n_most, n_rounds=n_rounds)
        if answer is None:
            return False
        timed[setup] = answer
    for setup, answer in timed.items():
        _enter(contest, setup, answer)
    return contest.default not in contest.out


def _is_settled(contest: Contest, schedule: Schedule) -> bool:
    rng = np.random.default_rng(schedule.seed)
    choice, _ = decide(contest, schedule, rng)
    return not rivals_of(contest, choice, rng)


def _copy_s(contest: Contest, schedule: Schedule, budget_s: float) -> float:
    """What stays free for a copy of the graph: making it, and enough loads with it and without."""
    medians = contest.medians()
    fastest = min(medians, key=medians.__getitem__)
    if fastest.settings.engine is not Engine.ONNXRUNTIME:
        return 0.0
    needed_s = (2 * schedule.min_rounds + 1) * contest.process_s[fastest]
    share_s = COPY_SHARE * budget_s
    return share_s if needed_s <= share_s else 0.0


def _enter(contest: Contest, setup: Setup, answer: Timing | Problem) -> None:
    if isinstance(answer, Problem):
        contest.out[setup] = answer.reason
        return
    contest.rounds.setdefault(setup, []).append(
        Measurement(
            latencies_ns=answer.latencies_ns, n_warmup=answer.n_warmup, host=contest.host
        )
    )


def _send_home(contest: Contest, lead: float, n_rounds: int) -> None:
    medians = contest.medians()
    fastest = min(medians, key=medians.__getitem__)
    for setup, median in medians.items():
        times = median / medians[fastest]
        if times > lead and setup != contest.default:
            contest.out[setup] = f"{times:.2f} times {fastest} after round {n_rounds}"


def _keep(contest: Contest, schedule: Schedule, n_rounds: int, left_s: float) -> None:
    """Send home whom there is no time for: the default and the fastest stay in any case."""
    n_missing = schedule.min_rounds - n_rounds
    if n_missing <= 0:
        return
    medians = contest.medians()
    others = sorted((one for one in medians if one != contest.default), key=medians.__getitem__)
    needed_s = n_missing * contest.process_s[contest.default]
    for place, setup in enumerate(others):
        needed_s += n_missing * contest.process_s[setup]
        if place > 0 and needed_s > left_s:
            times = medians[setup] / medians[others[0]]
            contest.short.add(setup)
            contest.out[setup] = (
                f"{times:.2f} times {others[0]} after round {n_rounds}, and the time is short"
            )


def _shuffled(setups: list[Setup], rng: np.random.Generator) -> list[Setup]:
    order = cast("list[int]", rng.permutation(len(setups)).tolist())
    return [setups[index] for index in order]
