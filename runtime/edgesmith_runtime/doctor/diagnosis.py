"""What the doctor found: the fault, in one sentence, and what else was tried."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgesmith_runtime.doctor.faults import Fault

__all__ = ["Diagnosis", "Trial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One explanation and how well it fits.

    Args:
        faults: That it is made of.
        words: What the app would do.
        error: The difference that is left, as a share of the tensor's range: the root of the
            mean square. Infinite where the shapes differ.
        cost: The number of mistakes, roughly; of equal explanations the cheapest is taken.
    """

    faults: tuple[Fault, ...]
    words: str
    error: float
    cost: float = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """As plain values; an infinite error is null."""
        return {
            "faults": [str(fault) for fault in self.faults],
            "words": self.words,
            "error": _finite(self.error),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How an app's tensor differs from the one that the bundle makes of the same raw input.

    Args:
        faults: What is wrong, none where nothing is, two or three where only these together
            explain the difference.
        sentence: The finding for people.
        error_before: The difference as the app has it, as a share of its tensor's range: the
            root of the mean square. Infinite where the shapes differ.
        error_after: The difference that is left once the faults are corrected.
        trials: The explanations that were tried, the best first.
        stopped_early: The time was used up before all was tried.
    """

    faults: tuple[Fault, ...]
    sentence: str
    error_before: float
    error_after: float
    trials: tuple[Trial, ...] = field(repr=False)
    stopped_early: bool = False

    @property
    def differs(self) -> bool:
        """Whether the app has to change something."""
        return bool(self.faults)

    def to_json(self) -> dict[str, Any]:
        """As plain values; an infinite error is null."""
        return {
            "differs": self.differs,
            "faults": [str(fault) for fault in self.faults],
            "sentence": self.sentence,
            "error_before": _finite(self.error_before),
            "error_after": _finite(self.error_after),
            "stopped_early": self.stopped_early,
            "trials": [trial.to_json() for trial in self.trials],
        }


def _finite(error: float) -> float | None:
    return error if math.isfinite(error) else None
