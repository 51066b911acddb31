"""What a change between two bench documents may be at most: ``p50 > 1.05`` and its like."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from edgesmith_runtime.latency import Estimate

__all__ = ["Limit", "Metric", "Operator", "parse_limit"]

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"  # float() takes "1_05" as 105
_LIMIT = re.compile(rf"\s*(\w+)\s*(>=|<=|>|<)\s*({_NUMBER})\s*")


class Metric(StrEnum):
    """What is compared.

    The percentiles of the latency and the processor time of a call are there by setting, all
    others once for a process or file.
    """

    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"
    CPU = "cpu"
    IMPORT = "import"
    LOAD = "load"
    FIRST_CALL = "first_call"
    MEMORY = "memory"
    SIZE = "size"

    @property
    def percent(self) -> float | None:
        """Of a percentile; None of other metrics."""
        return float(self[1:]) if self[1:].isdigit() else None

    @property
    def has_settings(self) -> bool:
        """Whether it is measured under each setting."""
        return self.percent is not None or self is Metric.CPU


class Operator(StrEnum):
    """On which side of the number a ratio is one too much."""

    ABOVE = ">"
    FROM = ">="
    BELOW = "<"
    UP_TO = "<="


@dataclass(frozen=True, slots=True)
class Limit:
    """A condition on the ratio of a metric, that of the second document to that of the first.

    Args:
        metric: Of what.
        operator: How the ratio is compared.
        number: With what, above 0.
    """

    metric: Metric
    operator: Operator
    number: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {self.number:g}"

    def is_beyond(self, ratio: Estimate) -> bool:
        """Whether the condition holds for the whole interval: beyond noise, not by luck."""
        match self.operator:
            case Operator.ABOVE:
                return ratio.low > self.number
            case Operator.FROM:
                return ratio.low >= self.number
            case Operator.BELOW:
                return ratio.high < self.number
            case Operator.UP_TO:
                return ratio.high <= self.number
            case _:
                assert_never(self.operator)


def parse_limit(text: str) -> Limit:
    """Read ``METRIC OP NUMBER``; spaces do not matter.

    Raises:
        InputError: It is not of this form; the message has the grammar.
    """
    found = _LIMIT.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)  # noqa: TRY301 - told below as every other fault
        number = float(found[3])
        if not 0 < number < math.inf:
            raise ValueError(found[3])  # noqa: TRY301
        return Limit(Metric(found[1]), Operator(found[2]), number)
    except ValueError as error:
        raise InputError(
            f"--fail-if: expected METRIC OP NUMBER such as 'p50 > 1.05', with METRIC one of "
            f"{', '.join(Metric)}, OP one of {' '.join(Operator)}, and NUMBER above 0, to which "
            f"the second document's value divided by the first one's is compared; got '{text}'"
        ) from error
