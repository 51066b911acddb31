"""Verdicts counted by family, ours beside the best of the others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from conversion_run.judging import Outcome
from conversion_run.routes import ROUTES
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conversion_run.judging import Verdict

__all__ = ["Verdicts", "best", "columns", "counted", "exceptions", "table"]

Verdicts = dict[str, dict[str, "Verdict"]]  # by case, by route
_ORDER = list(Outcome)
_SHOWN = (Outcome.EQUAL, Outcome.REFUSED, Outcome.UNUSABLE, Outcome.WRONG)


def columns() -> dict[str, tuple[str, ...]]:
    """The routes behind each column."""
    return {
        f"{side} {fmt}": tuple(
            route.name
            for route in ROUTES.values()
            if route.side == side and route.format == fmt
        )
        for side in ("ours", "stock")
        for fmt in (Format.ONNX, Format.TFLITE)
    }


def best(verdicts: Mapping[str, Verdict], routes: Iterable[str]) -> Verdict | None:
    """The best of a case on some routes; None where it was on none of them."""
    gone = [verdicts[route] for route in routes if route in verdicts]
    return min(gone, key=lambda verdict: _ORDER.index(verdict.outcome), default=None)


def counted(cases: Iterable[str], verdicts: Verdicts) -> dict[str, dict[str, int]]:
    """How many cases of each outcome, by column."""
    counts: dict[str, Counter[str]] = {column: Counter() for column in columns()}
    for case in cases:
        for column, routes in columns().items():
            found = best(verdicts.get(case, {}), routes)
            if found is not None:
                counts[column][found.outcome] += 1
    return {
        column: {str(outcome): counter[outcome] for outcome in Outcome if counter[outcome]}
        for column, counter in counts.items()
    }


def table(families: Mapping[str, Iterable[str]], verdicts: Verdicts) -> str:
    """Text: a line a family, in each column equal / refused / unusable / wrong."""
    rows = {family: counted(cases, verdicts) for family, cases in families.items()}
    every = [case for cases in families.values() for case in cases]
    rows["all"] = counted(every, verdicts)
    head = f"{'':16}" + "".join(f"{column:>22}" for column in columns())
    lines = [head, f"{'':16}" + f"{'  = refus. unus. wrong':>22}" * len(columns())]
    for family, counts in rows.items():
        if not any(counts.values()):
            continue
        lines.append(f"{family:16}" + "".join(_cells(counts[column]) for column in columns()))
    return "\n".join(lines)


def _cells(counts: Mapping[str, int]) -> str:
    shown = [f"{counts.get(outcome, 0):>5}" for outcome in _SHOWN]
    return f"{''.join(shown):>22}"


def exceptions(verdicts: Verdicts, side: str) -> list[dict[str, Any]]:
    """What is not equal on the routes of a side, with the reason."""
    return [
        {"case": case, "route": route, "outcome": str(found.outcome), "reason": found.reason}
        for case, by_route in verdicts.items()
        for route, found in by_route.items()
        if ROUTES[route].side == side and found.outcome is not Outcome.EQUAL
    ]
