"""The figures of a comparison, each drawn once however many chapters show it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.bench import Phase, Setting, SubjectKind
from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Comparison, Course, Figures, Subject

__all__ = ["Numbers"]


MIN_ROUNDS = 2  # of fresh processes, for an interval between them


class Numbers:
    """What the chapters ask a comparison; the answers are kept, as an interval takes a while.

    Args:
        comparison: That they are of.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.measured = [one for one in comparison.subjects if one.rounds]
        present = {
            setting for one in self.measured for item in one.rounds for setting in item.series
        }
        planned = comparison.plan.settings()
        rest = sorted(present.difference(planned), key=str)
        self.settings: list[Setting] = [*(one for one in planned if one in present), *rest]
        self._figures: dict[tuple[str, Setting], Figures | None] = {}
        self._ratios: dict[tuple[str, Setting, str], Estimate | None] = {}
        self._courses: dict[str, Course | None] = {}

    @property
    def main(self) -> Setting | None:
        """The setting that the page speaks of first: the first steady one, else the first."""
        steady = [one for one in self.settings if one.phase is Phase.STEADY]
        return next(iter(steady or self.settings), None)

    @property
    def baseline(self) -> str:
        """The subject that ratios are to."""
        return self.comparison.baseline

    def figures(self, name: str, setting: Setting) -> Figures | None:
        """The figures of a subject; None where it was not measured.

        Of a single round the median has no interval: its calls say nothing of other processes.
        """
        key = (name, setting)
        if key not in self._figures:
            found = self.comparison.figures(name, setting)
            self._figures[key] = (
                _of_one_round(found)
                if found is not None and self._n_rounds(name, setting) < MIN_ROUNDS
                else found
            )
        return self._figures[key]

    def ratio(self, name: str, setting: Setting, *, to: str) -> Estimate | None:
        """The latency of a subject to that of another; None where one was not measured.

        Without an interval where one of them was measured in a single round.
        """
        key = (name, setting, to)
        if key not in self._ratios:
            found = self.comparison.ratio(name, setting, to=to)
            n_rounds = min(self._n_rounds(one, setting) for one in (name, to))
            self._ratios[key] = (
                _bare(found) if found is not None and n_rounds < MIN_ROUNDS else found
            )
        return self._ratios[key]

    def is_one_round(self, setting: Setting) -> bool:
        """Whether something was measured in a single round at a setting."""
        counts = [self._n_rounds(one.name, setting) for one in self.measured]
        return any(0 < n < MIN_ROUNDS for n in counts)

    def doubt(self, setting: Setting) -> str | None:
        """Why nothing can be called faster at a setting; None where it can."""
        if self.is_one_round(setting):
            return "one round: no interval between processes"
        if self.comparison.noise_floor(setting) is None:
            return "nothing was measured twice: the noise of this run is not known"
        return None

    def _n_rounds(self, name: str, setting: Setting) -> int:
        return len(self.comparison.subject(name).series(setting))

    @property
    def sustained(self) -> Setting | None:
        """The run on end that was measured; None where there is none."""
        runs = [one for one in self.settings if one.phase is Phase.SUSTAINED]
        return next(iter(runs), None)

    def course(self, name: str) -> Course | None:
        """How that run of a subject went; None where nothing can be told."""
        if name not in self._courses:
            self._courses[name] = self.comparison.course(name)
        return self._courses[name]

    def ranked(self, setting: Setting) -> list[tuple[Subject, Figures]]:
        """The subjects by median latency, the fastest first, no second runs among them."""
        found = [
            (one, figures)
            for one in self.measured
            if one.kind is not SubjectKind.AGAIN
            and (figures := self.figures(one.name, setting)) is not None
        ]
        return sorted(found, key=lambda pair: pair[1].median_ns.value)


def _bare(figure: Estimate) -> Estimate:
    return Estimate(value=figure.value, low=figure.value, high=figure.value)


def _of_one_round(figures: Figures) -> Figures:
    percentiles = dataclasses.replace(figures.percentiles, p50=_bare(figures.percentiles.p50))
    return dataclasses.replace(figures, percentiles=percentiles)
