"""What the processes of a comparison said so far, whatever became of later ones."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.bench.subject import Round

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.bench.measuring.exchange import Reply
    from edgesmith_runtime.bench.phases import Setting

__all__ = ["Ledger"]


@dataclass(slots=True)
class Ledger:
    """What the processes said so far, by subject; who failed once is out.

    What was measured before the failure stays.
    """

    rounds: dict[str, list[Round]] = field(default_factory=dict[str, list[Round]])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    out: set[str] = field(default_factory=set[str])
    versions: dict[str, str] = field(default_factory=dict[str, str])

    def enter(self, reply: Reply, lost: Sequence[Setting], n_before: int) -> None:
        """One more round; ``lost`` is what is not measured where it failed, in later rounds too."""
        for name, round_ in self._good(reply, lost, f"from round {n_before + 1} on: "):
            self.rounds.setdefault(name, []).append(round_)

    def enter_series(self, reply: Reply, lost: Sequence[Setting]) -> None:
        """More series of the first round."""
        for name, round_ in self._good(reply, lost):
            first = self.rounds[name][0]
            self.rounds[name][0] = dataclasses.replace(
                first,
                series={**first.series, **round_.series},
                failures={**first.failures, **round_.failures},
            )

    def refuse(self, name: str, reason: str, lost: Sequence[Setting]) -> None:
        """A failure: of the settings where the subject was measured before, else of all of it."""
        self.out.add(name)
        if name not in self.rounds:
            self.problems[name] = reason
            return
        last = self.rounds[name][-1]
        self.rounds[name][-1] = dataclasses.replace(
            last, failures={**last.failures, **dict.fromkeys(lost, reason)}
        )

    def _good(
        self, reply: Reply, lost: Sequence[Setting], when: str = ""
    ) -> list[tuple[str, Round]]:
        self.versions.update(reply.versions)
        good: list[tuple[str, Round]] = []
        for name, outcome in reply.outcomes.items():
            if isinstance(outcome, Problem):
                was_there = name in self.rounds
                self.refuse(name, (when if was_there else "") + outcome.reason, lost)
            else:
                good.append((name, outcome))
        return good

    def left(self, names: Sequence[str]) -> list[str]:
        """Those that did not fail."""
        return [name for name in names if name not in self.out]
