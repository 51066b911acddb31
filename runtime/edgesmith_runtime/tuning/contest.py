"""Setups against each other: fresh processes in turn, round by round, the slow ones sent home early."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from edgesmith_runtime.bench.exchange import Problem
from edgesmith_runtime.latency import Estimate, Measurement, median_interval, ratio_interval
from edgesmith_runtime.tuning.standings import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.bench import Progress
    from edgesmith_runtime.host import Host
    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.exchange import Timing

__all__ = ["TIME_WAS_UP", "Contest", "Measure", "Schedule", "hold"]

# One round of one setup, in a fresh process that is ended after so many seconds; its answer.
Measure = Callable[["Setup", float], "Timing | Problem"]

TIME_WAS_UP = "the time was up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How many rounds, and who takes part in which.

    Args:
        n_rounds: Most rounds.
        min_rounds: Enough of them to believe an interval; when the time gets short, only as many
            setups stay as can have so many, the default and the fastest in any case.
        leads: After round k, who takes longer than the k-th number times the fastest is out; the
            last number holds for all later rounds.
        seed: Order within the rounds, and the resamples of the intervals.
    """

    n_rounds: int = 8
    min_rounds: int = 5
    leads: tuple[float, ...] = (2.5, 1.6, 1.3, 1.15, 1.08)
    seed: int = 0

    def lead(self, n_done: int) -> float:
        """The limit after ``n_done`` rounds, at least 1."""
        return self.leads[min(n_done, len(self.leads)) - 1]


@dataclass(slots=True)
class Contest:
    """What was measured so far, by setup; the first one is the default, and is never out.

    Args:
        setups: In order.
        host: The machine, for the measurements.
        rounds: One measurement a round, in the order of the rounds.
        out: Why a setup takes no part in later rounds.
    """

    setups: tuple[Setup, ...]
    host: Host
    rounds: dict[Setup, list[Measurement]] = field(
        default_factory=dict["Setup", list[Measurement]]
    )
    out: dict[Setup, str] = field(default_factory=dict["Setup", str])

    @property
    def default(self) -> Setup:
        """What runs where nothing is recorded."""
        return self.setups[0]

    def left(self) -> list[Setup]:
        """Those that are still in."""
        return [setup for setup in self.setups if setup not in self.out]

    def medians(self) -> dict[Setup, float]:
        """Medians over rounds of those that are still in, in ns."""
        return {setup: _median(self.rounds[setup]) for setup in self.left()}

    def ratio(self, setup: Setup, base: Setup, rng: np.random.Generator) -> Estimate:
        """The latency of one over that of another, in the rounds that both had."""
        above, below = self.rounds[setup], self.rounds[base]
        n = min(len(above), len(below))
        return ratio_interval(above[:n], below[:n], rng)

    def standings(self, rng: np.random.Generator) -> tuple[Standing, ...]:
        """All of them, with what was measured."""
        return tuple(self._standing(setup, rng) for setup in self.setups)

    def _standing(self, setup: Setup, rng: np.random.Generator) -> Standing:
        rounds = self.rounds.get(setup, [])
        return Standing(
            name=str(setup),
            setup=setup,
            n_rounds=len(rounds),
            median_ns=median_interval(rounds, rng) if rounds else None,
            ratio=self.ratio(setup, self.default, rng)
            if rounds and self.default in self.rounds
            else None,
            out=self.out.get(setup),
        )


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

    No process outlives the budget. The default goes first in round 1, and each of the others
    gets half of what is left then, because it needs a second round: one that hangs leaves time
    for the rest. A later round that the budget cuts is forgotten, so all that are left have run
    the same rounds; where it cuts round 1, those that were not measured are out.

    Args:
        contest: Is filled in.
        measure: Runs one setup.
        schedule: How many rounds.
        budget_s: From now.
        progress: Called before each process, with what is done and what there is at most.
        clock: In seconds.
    """
    started = clock()
    end = started + budget_s
    rng = np.random.default_rng(schedule.seed)
    n_done = 0
    for index in range(schedule.n_rounds):
        order = _shuffled(contest.left(), rng)
        if index == 0:
            order.sort(key=lambda setup: setup != contest.default)
        n_most = n_done + len(order) * (schedule.n_rounds - index)
        told = _telling(progress, n_done, n_most, f"round {index + 1}")
        timed = _timed(order, measure, lambda: end - clock(), told, is_first=index == 0)
        is_cut = len(timed) < len(order)
        if is_cut and index > 0:
            return
        n_done += len(order)
        _enter(contest, timed)
        if is_cut:
            others = (one for one in order if one not in timed and one != contest.default)
            contest.out.update(dict.fromkeys(others, TIME_WAS_UP))
        if is_cut or contest.default in contest.out:
            return
        _send_home(contest, schedule.lead(index + 1), index + 1)
        process_s = (clock() - started) / n_done
        n_missing = schedule.min_rounds - (index + 1)
        if n_missing > 0 and process_s > 0:
            _keep(contest, int((end - clock()) / (process_s * n_missing)), index + 1)
        if contest.left() == [contest.default]:
            return


def _telling(
    progress: Progress | None, n_done: int, n_most: int, what: str
) -> Callable[[int, Setup], None]:
    """Says which place of a round is at its turn."""

    def told(place: int, setup: Setup) -> None:
        if progress is not None:
            progress(n_done + place, n_most, f"{what}: {setup}")

    return told


def _timed(
    order: list[Setup],
    measure: Measure,
    left: Callable[[], float],
    told: Callable[[int, Setup], None],
    *,
    is_first: bool,
) -> dict[Setup, Timing | Problem]:
    """The answers of one round, so far as the time lasts; ``left`` gives the seconds until then."""
    timed: dict[Setup, Timing | Problem] = {}
    default_s = 0.0
    for place, setup in enumerate(order):
        if (left_s := left()) <= 0:
            break
        told(place, setup)
        shared = is_first and place > 0
        answer = measure(
            setup, min(left_s, max(left_s / 2, 2 * default_s)) if shared else left_s
        )
        if isinstance(answer, Problem) and left() <= 0:
            break  # it may have been ended with the time: nothing is said against it
        timed[setup] = answer
        if is_first and place == 0:
            default_s = left_s - left()
    return timed


def _enter(contest: Contest, timed: dict[Setup, Timing | Problem]) -> None:
    for setup, answer in timed.items():
        if isinstance(answer, Problem):
            contest.out[setup] = answer.reason
            continue
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


def _keep(contest: Contest, n_setups: int, n_rounds: int) -> None:
    """Send home all but the fastest, so many with the default, because the time is short."""
    medians = contest.medians()
    others = sorted((one for one in medians if one != contest.default), key=medians.__getitem__)
    for setup in others[max(1, n_setups - 1) :]:
        times = medians[setup] / medians[others[0]]
        contest.out[setup] = (
            f"{times:.2f} times {others[0]} after round {n_rounds}, and the time is short"
        )


def _median(rounds: Sequence[Measurement]) -> float:
    return float(np.median([measurement.median_ns for measurement in rounds]))


def _shuffled(setups: list[Setup], rng: np.random.Generator) -> list[Setup]:
    order = cast("list[int]", rng.permutation(len(setups)).tolist())
    return [setups[index] for index in order]
