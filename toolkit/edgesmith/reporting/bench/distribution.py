"""The chapter of the distributions: what share of the calls stays below which latency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.field import Curve, Field, Scale, Unit
from edgesmith.reporting.bench.thinning import quantile_curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.reporting.bench.looks import Look
    from edgesmith_runtime.bench import Comparison, Setting

__all__ = ["Distribution", "distribution_chapter"]

HEIGHT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A plot of one setting, the others held ready for a script.

    Args:
        field: The plot.
        settings: Of all that can be shown, the first one is.
        n_calls: Of all curves together.
    """

    field: Field
    settings: list[str]
    n_calls: int


def distribution_chapter(
    comparison: Comparison, looks: Sequence[Look], settings: Sequence[Setting]
) -> Distribution | None:
    """Distributions under each setting; None where nothing was measured."""
    curves = {
        (number, look.number): (look, *quantile_curve(latencies))
        for number, setting in enumerate(settings)
        for look in looks
        if (latencies := _latencies(comparison, look.name, setting))
    }
    if not curves:
        return None
    shown = [ns for (number, _), (_, _, xs) in curves.items() if number == 0 for ns in xs]
    field = Field(
        f"Share of calls that stay below a latency, {settings[0]}",
        HEIGHT,
        x=Scale.around(shown, Unit.NS, log=True),
        y=Scale(low=0.0, high=1.0, unit=Unit.SHARE),
    )
    for (number, _), (look, shares, latencies) in curves.items():
        field.curve(
            Curve(xs=latencies, ys=shares),
            f"line {look.style}",
            {**look.data, "setting": str(number), "name": look.name},
            hidden=number > 0,
        )
    return Distribution(
        field=field,
        settings=[str(setting) for setting in settings],
        n_calls=sum(
            len(_latencies(comparison, look.name, setting))
            for look in looks
            for setting in settings
        ),
    )


def _latencies(comparison: Comparison, name: str, setting: Setting) -> list[int]:
    """Of all rounds, in ns."""
    rounds = comparison.subject(name).measurements(setting)
    return [ns for one in rounds for ns in one.latencies_ns]
