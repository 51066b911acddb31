"""How many calls a series has, by what one call takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Effort"]

_LEAST_S = 0.1  # of a series: a few milliseconds would be one moment of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one series may spend, as ``Plan`` has it.

    Args:
        max_seconds: Aim of one timed series, in seconds.
        min_calls: Fewest timed calls.
        max_calls: Most timed calls.
        n_idle_calls: IDLE: calls, each after a pause.
    """

    max_seconds: float
    min_calls: int
    max_calls: int
    n_idle_calls: int

    def n_calls(self, call_ns: float) -> int:
        """How many calls that take so long fit, within the limits."""
        fitting = self.max_seconds * 1e9 / max(call_ns, 1)
        return int(min(max(fitting, self.min_calls), self.max_calls))

    def n_between(self, call_ns: float) -> int:
        """How many calls to leave untimed after each timed one, so that quick ones fill 0.1 s.

        Decided before the first: the calls between keep the machine as busy.
        """
        filling = min(self.max_seconds, _LEAST_S) * 1e9 / max(call_ns, 1)
        return max(0, math.ceil(filling / self.n_calls(call_ns)) - 1)
