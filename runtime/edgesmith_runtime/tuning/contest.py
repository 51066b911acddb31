"""What a contest is: how many rounds, who is still in, and what was measured so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.latency import Estimate, Measurement, median_interval, ratio_interval
from edgesmith_runtime.tuning.standings import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.bench.measuring.exchange import Problem
    from edgesmith_runtime.host import Host
    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.exchange import Timing

__all__ = ["COPY_SHARE", "LEAD", "TIME_WAS_UP", "Contest", "Measure", "Schedule"]

# One round of one setup, in a fresh process that is ended after so many seconds; its answer.
Measure = Callable[["Setup", float], "Timing | Problem"]

TIME_WAS_UP = "the time was up"

# Of the time of another setup. Engines differ by some percent from one opening to the next: a setup
# found 2 % ahead in one contest was 5 % behind in the measurement after it.
LEAD = 0.97

COPY_SHARE = 0.2  # of the budget, where a copy of the graph can be tried in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How many rounds, and who takes part in which.

    Args:
        n_rounds: Most rounds; those after ``enough_rounds`` are for setups that are not told
            apart by then.
        enough_rounds: After so many it ends where nothing is in doubt.
        min_rounds: Enough of them to believe an interval; when the time gets short, only as many
            setups stay as can have so many, the default and the fastest in any case.
        leads: After round k, who takes longer than the k-th number times the fastest is out; the
            last number holds for all later rounds.
        seed: Order within the rounds, and the resamples of the intervals.
    """

    n_rounds: int = 24
    enough_rounds: int = 8
    min_rounds: int = 5
    leads: tuple[float, ...] = (2.5, 1.6, 1.3, 1.15, 1.08)
    seed: int = 0

    @property
    def calm_rounds(self) -> int:
        """How many there are where nothing is in doubt after them."""
        return min(self.n_rounds, self.enough_rounds)

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
        short: Those of them that are out because the time was short: not measured at all, ended
            before they could hang, or sent home.
        process_s: What the longest process of a setup took.
    """

    setups: tuple[Setup, ...]
    host: Host
    rounds: dict[Setup, list[Measurement]] = field(
        default_factory=dict["Setup", list[Measurement]]
    )
    out: dict[Setup, str] = field(default_factory=dict["Setup", str])
    short: set[Setup] = field(default_factory=set["Setup"])
    process_s: dict[Setup, float] = field(default_factory=dict["Setup", float])

    @property
    def default(self) -> Setup:
        """What runs where nothing is recorded."""
        return self.setups[0]

    def left(self) -> list[Setup]:
        """Those that are still in."""
        return [setup for setup in self.setups if setup not in self.out]

    def medians(self) -> dict[Setup, float]:
        """Medians over rounds of those that are still in and were measured, in ns."""
        return {
            setup: _median(self.rounds[setup]) for setup in self.left() if setup in self.rounds
        }

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


def _median(rounds: Sequence[Measurement]) -> float:
    return float(np.median([measurement.median_ns for measurement in rounds]))
