"""Convert a case by a route, run the artifact, and say how its answers stand beside Keras'."""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conversion_run.reference import answer
from conversion_run.routes import ROUTES
from edgesmith.reference.faults import gist

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from conversion_cases.case import Case
    from numpy.typing import NDArray

    from conversion_run.reference import Answer
    from conversion_run.routes import Outputs, Route, Run

__all__ = ["TOLERANCE", "Outcome", "Stage", "Verdict", "judge"]

TOLERANCE = 1e-4
_FLOOR = 1e-6  # of an output's range, in the relative error
_MAX_PERMUTED = 4


class Outcome(StrEnum):
    """How a case fares on a route, from best to worst."""

    EQUAL = "equal"
    REFUSED = "refused"
    UNUSABLE = "unusable"
    WRONG = "wrong"
    NO_MODEL = "no_model"


class Stage(StrEnum):
    """What is being done with a case."""

    KERAS = "keras"
    CONVERT = "convert"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a case on a route.

    Args:
        route: Its name.
        outcome: ``refused``: no artifact. ``unusable``: one that does not load, does not run, or
            not at every batch size and length. ``wrong``: other numbers or another shape.
        reason: One line; empty where the answers are equal.
        error: The largest relative error; None where nothing could be compared.
        seconds: What the conversion took, tracing included.
        peak_bytes: How far the process' resident memory rose above where it was before.
    """

    route: str
    outcome: Outcome
    reason: str = ""
    error: float | None = None
    seconds: float | None = None
    peak_bytes: int | None = None


def judge(
    case: Case, routes: Sequence[str], tell: Callable[[str, Stage | Verdict], None]
) -> None:
    """Go every route with a case.

    Args:
        case: The model.
        routes: Their names.
        tell: Called with a route's name and what is begun there, or what came of it.
    """
    tell(routes[0], Stage.KERAS)
    try:
        with _in_a_line():
            expected = answer(case)
    except ForeignError as error:
        for route in routes:
            tell(route, Verdict(route=route, outcome=Outcome.NO_MODEL, reason=str(error)))
        return
    for name in routes:
        tell(name, Stage.CONVERT)
        with tempfile.TemporaryDirectory() as folder:
            verdict = _gone(case, ROUTES[name], Path(folder), expected, tell)
        tell(name, replace(verdict, reason=verdict.reason.replace(f"{folder}/", "")))


def _gone(
    case: Case,
    route: Route,
    folder: Path,
    expected: Answer,
    tell: Callable[[str, Stage | Verdict], None],
) -> Verdict:
    before, started = _resident_bytes(), time.perf_counter()
    try:
        with _in_a_line():
            converted = route.convert(case, folder)
    except ForeignError as error:
        return Verdict(
            route=route.name,
            outcome=Outcome.REFUSED,
            reason=str(error),
            seconds=time.perf_counter() - started,
        )
    seconds, peak_bytes = time.perf_counter() - started, _peak_bytes() - before
    tell(route.name, Stage.RUN)
    try:
        with _in_a_line("does not load: "):
            run = route.load(converted)
        verdict = _compared(case, route, run, expected)
    except ForeignError as error:
        verdict = Verdict(route=route.name, outcome=Outcome.UNUSABLE, reason=str(error))
    return replace(verdict, seconds=seconds, peak_bytes=peak_bytes)


def _compared(case: Case, route: Route, run: Run, expected: Answer) -> Verdict:
    worst = 0.0
    for index, feed in enumerate(case.feeds()):
        shapes = " ".join(str(array.shape) for array in feed.values())
        with _in_a_line(f"does not run at {shapes}: "):
            outputs = run(feed)
        found = [
            _difference(alternative[index], outputs, expected.names, route.side)
            for alternative in expected.alternatives
        ]
        error, reason = min(found, key=lambda pair: pair[0])
        worst = max(worst, error)
        if not error <= TOLERANCE:
            return Verdict(
                route=route.name,
                outcome=Outcome.WRONG,
                reason=f"at {shapes}: {reason}",
                error=worst,
            )
    return Verdict(route=route.name, outcome=Outcome.EQUAL, error=worst)


def _difference(
    expected: list[NDArray[Any]], outputs: Outputs, names: list[str], side: str
) -> tuple[float, str]:
    """The relative error, by name and by position, and a word on it."""
    if len(outputs) != len(expected):
        return float("inf"), f"{len(outputs)} outputs, expected {len(expected)}"
    if names and set(names) == set(outputs):
        return _worst(expected, [outputs[name] for name in names])
    given = list(outputs.values())
    if side == "ours" or len(given) > _MAX_PERMUTED:
        return _worst(expected, given)
    # Others give several outputs names and an order of their own; they get the best of all.
    return min(
        (_worst(expected, list(order)) for order in itertools.permutations(given)),
        key=lambda pair: pair[0],
    )


def _worst(expected: list[NDArray[Any]], given: list[NDArray[Any]]) -> tuple[float, str]:
    return max(
        (_error(*pair) for pair in zip(expected, given, strict=True)), key=lambda pair: pair[0]
    )


def _error(expected: NDArray[Any], given: NDArray[Any]) -> tuple[float, str]:
    if expected.shape != given.shape:
        return float("inf"), f"shape {given.shape}, expected {expected.shape}"
    if expected.dtype.kind not in "fc":
        n_other = int(np.count_nonzero(expected != given))
        return (float("inf") if n_other else 0.0), f"{n_other} of {expected.size} differ"
    ours, theirs = expected.astype("float64"), given.astype("float64")
    with np.errstate(invalid="ignore"):
        gaps = np.where(_same(ours, theirs), 0.0, np.abs(ours - theirs))
    if not np.isfinite(gaps).all():
        return float("inf"), "not finite where Keras is, or otherwise"
    span = max(float(np.max(np.abs(ours), initial=0.0, where=np.isfinite(ours))), _FLOOR)
    error = float(np.max(gaps, initial=0.0)) / span
    return error, f"relative error {error:.1e}"


def _same(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.bool_]:
    return (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))


class ForeignError(Exception):
    """What others raised, in one line."""


@contextmanager
def _in_a_line(start: str = "") -> Generator[None]:
    """Whatever converters, engines and models raise becomes a ``ForeignError``."""
    try:
        yield
    except Exception as error:
        raise ForeignError(f"{start}{type(error).__name__}: {gist(error)}"[:300]) from error


def _resident_bytes() -> int:
    """What the process holds now, which from here on is its peak."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status_bytes("VmRSS")


def _peak_bytes() -> int:
    return _status_bytes("VmHWM")


def _status_bytes(key: str) -> int:
    found = re.search(rf"{key}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0
