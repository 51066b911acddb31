"""How much worse an artifact is, in words: points of a share, percent of an error, or plainly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.pictures import score_label
from edgesmith.reporting.quantities import ABSENT, SHARE_METRICS, number_text, tick_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.evidence import Drop

__all__ = ["DropScale", "allowance_text", "drop_interval_text", "drop_scale", "drop_text"]

_SHARES = SHARE_METRICS | {"agreement", "auc_or_agreement"}
_ERRORS = frozenset(["rmse", "mae"])


@dataclass(frozen=True, slots=True, kw_only=True)
class DropScale:
    """How the drops of one metric are written.

    Args:
        factor: From a drop to the figure.
        digits: Behind the point.
        unit: Behind the figure, empty for none.
        label: What an axis or a column is headed with.
    """

    factor: float
    digits: int
    unit: str
    label: str

    def figure(self, drop: float) -> str:
        """The figure alone."""
        # Adding 0 makes of a negative zero, which would show its sign, a plain one.
        rounded = round(self.factor * drop, self.digits) + 0.0
        if abs(rounded) < 1000:
            return f"{rounded:.{self.digits}f}"
        return number_text(rounded)

    def text(self, drop: float) -> str:
        """The figure with its unit."""
        return f"{self.figure(drop)} {self.unit}".rstrip()

    def round_text(self, drop: float) -> str:
        """A round figure with its unit."""
        figure = self.tick(drop)
        unit = self.unit.removesuffix("s") if figure == "1" else self.unit
        return f"{figure} {unit}".rstrip()

    @property
    def tick(self) -> Callable[[float], str]:
        """A round figure beside an axis."""
        return lambda drop: tick_text(round(self.factor * drop, 6))


def drop_scale(metric: str) -> DropScale:
    """The scale of a metric: points of a share, percent more of an error, the plain difference."""
    name = score_label(metric, None)
    if metric in _SHARES:
        return DropScale(factor=100, digits=2, unit="points", label=f"{name} lost, points")
    if metric in _ERRORS:
        return DropScale(factor=100, digits=1, unit="%", label=f"more {name}, %")
    return DropScale(factor=1, digits=4, unit="", label=f"{name} lost")


def drop_text(drop: Drop | None) -> str:
    """The figure of a drop with its unit."""
    return ABSENT if drop is None else drop_scale(drop.metric).text(drop.value)


def drop_interval_text(drop: Drop) -> str:
    """Its interval alone."""
    scale = drop_scale(drop.metric)
    return f"{scale.figure(drop.low)} to {scale.figure(drop.high)}"


def allowance_text(limit: float, metric: str | None) -> str:
    """The allowed drop in words; without a metric as it stands in the target."""
    if metric is None:
        return f"the metric at most {tick_text(limit)} worse"
    scale, name = drop_scale(metric), score_label(metric, None)
    if scale.unit == "%":
        return f"at most {scale.round_text(limit)} more {name}"
    return f"at most {scale.round_text(limit)} of {name} lost"
