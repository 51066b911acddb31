"""What was found of an app's time: a sentence, and the causes with what each takes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.explaining.wording import time_text

if TYPE_CHECKING:
    from edgesmith_runtime.explaining.cause import Cause, Reason

__all__ = ["Explanation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where a call of an app loses time against the bench.

    Args:
        main: The cause that has most of it; None where the app is not slower, or no cause
            stands out.
        sentence: The finding for people.
        percent: Of the calls that are quicker than the one that is explained: 50, or 90 where
            the usual call is as quick as the bench's and the slow ones are not.
        app_ns: Such a call of the app, of the stages that the bench has and its wait.
        lab_ns: Such a call of the bench.
        causes: With the most first and what is left over last; their sum is the gap.
        notes: What limits the finding, and what to measure for a better one; a sentence each.
    """

    main: Reason | None
    sentence: str
    percent: int
    app_ns: float
    lab_ns: float
    causes: tuple[Cause, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.sentence, "", self.table(), *(f"note: {n}" for n in self.notes)])

    @property
    def gap_ns(self) -> float:
        """What the app takes longer; below 0 it is quicker."""
        return self.app_ns - self.lab_ns

    def table(self) -> str:
        """The causes as aligned plain text."""
        lines = [f"{'lost by':<15}{'ms':>10}  by what it is seen"]
        lines += [
            f"{cause.reason:<15}{cause.lost_ns / 1e6:>10.4f}  {cause.evidence}"
            for cause in self.causes
        ]
        sum_ns = sum(cause.lost_ns for cause in self.causes)
        lines.append(
            f"{'together':<15}{sum_ns / 1e6:>10.4f}  {time_text(self.app_ns)} in the app, "
            f"{time_text(self.lab_ns)} in the lab"
        )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "main": self.main,
            "sentence": self.sentence,
            "percent": self.percent,
            "app_ns": self.app_ns,
            "lab_ns": self.lab_ns,
            "gap_ns": self.gap_ns,
            "causes": [dataclasses.asdict(cause) for cause in self.causes],
            "notes": list(self.notes),
        }
