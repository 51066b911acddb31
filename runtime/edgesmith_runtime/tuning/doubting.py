"""What a contest left open: setups that may be faster than the choice, and the time to find out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgesmith_runtime.tuning.contest import COPY_SHARE, LEAD
from edgesmith_runtime.tuning.standings import Doubt

if TYPE_CHECKING:
    import numpy as np

    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.contest import Contest, Schedule

__all__ = ["doubt_of", "rivals_of"]

_NEAR = 1.3  # times the choice: what the few rounds of a short time may be off on a busy host
_STEP_S = 5.0  # budgets are said in steps of it
_UNSEEN = 2
_MORE = 1.5  # times the budget that was too short, at least


def rivals_of(
    contest: Contest, choice: Setup, rng: np.random.Generator
) -> dict[Setup, Estimate]:
    """Those measured to the end that may be faster than the choice by 3 %, with their ratio to it.

    Args:
        contest: What was measured.
        choice: Who won it.
        rng: Draws the resamples.
    """
    ratios = {
        setup: contest.ratio(setup, choice, rng)
        for setup in contest.left()
        if setup != choice and setup in contest.rounds
    }
    is_one_round = len(contest.rounds[contest.default]) == 1
    return {
        setup: ratio
        for setup, ratio in ratios.items()
        if (ratio.value < _NEAR if is_one_round else ratio.low < LEAD)
    }


def doubt_of(
    contest: Contest,
    choice: Setup,
    schedule: Schedule,
    *,
    budget_s: float,
    rng: np.random.Generator,
) -> Doubt | None:
    """What is open; None where nothing is.

    The budget that would do is a guess: an interval of n rounds is taken to shrink by the square
    root of n, and a process to take what it took here.

    Args:
        contest: What was measured.
        choice: Who won it.
        schedule: How many rounds there are at most.
        budget_s: What was given.
        rng: Draws the resamples.
    """
    rivals = rivals_of(contest, choice, rng)
    untimed = [
        setup
        for setup in contest.setups
        if setup in contest.short
        and (setup not in contest.rounds or contest.ratio(setup, choice, rng).value < _NEAR)
    ]
    if not rivals and not untimed:
        return None
    n_rounds = len(contest.rounds[contest.default])
    is_all = n_rounds >= schedule.n_rounds and not untimed
    needed = [_needed(ratio, n_rounds, schedule) for ratio in rivals.values()]
    rounds = max(needed, default=schedule.min_rounds)
    enough_s = max(_MORE * budget_s, _seconds(contest, {choice, *rivals}, set(untimed), rounds))
    return Doubt(
        rivals=tuple(map(str, rivals)),
        untimed=tuple(map(str, untimed)),
        enough_s=None if is_all else math.ceil(enough_s / _STEP_S) * _STEP_S,
    )


def _needed(ratio: Estimate, n_rounds: int, schedule: Schedule) -> int:
    """Rounds after which the interval of a ratio would lie on one side of 0.97."""
    half = math.log(ratio.high / ratio.low) / 2
    distance = abs(math.log(ratio.value / LEAD))
    fewest = max(n_rounds + 1, schedule.min_rounds)
    if half >= distance * math.sqrt(schedule.n_rounds / n_rounds):
        return schedule.n_rounds
    return min(max(fewest, math.ceil(n_rounds * (half / distance) ** 2)), schedule.n_rounds)


def _seconds(contest: Contest, rivals: set[Setup], untimed: set[Setup], n_rounds: int) -> float:
    """What a look at all takes, and so many rounds of those that are not told apart."""
    process_s = contest.process_s
    mean_s = sum(process_s.values()) / len(process_s)
    unseen = [setup for setup in contest.setups if setup not in process_s]
    look_s = sum(process_s.values()) + mean_s * len(unseen)
    staying = {contest.default, *rivals, *untimed} - {*unseen}
    # Of those that were not seen, few will come near.
    round_s = sum(process_s[setup] for setup in staying) + mean_s * min(len(unseen), _UNSEEN)
    return (look_s + (n_rounds - 1) * round_s) / (1 - COPY_SHARE)
