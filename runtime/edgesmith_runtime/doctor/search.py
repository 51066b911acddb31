"""The search for the fewest mistakes that turn the bundle's tensor into the app's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor.diagnosis import Trial
from edgesmith_runtime.doctor.readings import AS_IT_IS, readings
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.comparison import Yardstick
    from edgesmith_runtime.doctor.faults import Change
    from edgesmith_runtime.doctor.program import Program
    from edgesmith_runtime.doctor.readings import Reading
    from edgesmith_runtime.transforms import Batch

__all__ = ["EQUAL", "EXPLAINED", "ROUNDED", "Search", "explains"]

EQUAL = 1e-4  # of the range: what float arithmetic in another order may cost
NOTHING = 1e-6  # of the range: another way to the same numbers
ROUNDED = 0.004  # of the range: one of 255 levels
EXPLAINED = 0.01  # of the range: what other decoders and 8-bit rounding may cost
HALF = 1 / 2  # of the difference at most is left by an explanation
SHARE = 1 / 3  # of it at most is left where one more mistake is worth it
AS_GOOD = 2.0  # errors within this factor are alike, and the simpler explanation is taken
BEAM = 6  # of the best explanations are made longer
NARROW_BEAM = 3  # where a run takes long
QUICK = 3_000_000  # numbers in the largest value of a program that runs quickly


@dataclass(frozen=True, slots=True)
class _Tried:
    trial: Trial
    changes: tuple[Change, ...]
    reading: Reading


class Search:
    """Explanations of one app's tensor, tried from the simple to the longer.

    Args:
        program: With its values on the raw input.
        app: The app's tensor.
        kind: Of the raw input.
        yardstick: Of the app's tensor.
    """

    def __init__(
        self, program: Program, app: NDArray[Any], kind: Kind, yardstick: Yardstick
    ) -> None:
        self._program = program
        self._app = app
        self._kind = kind
        self._yardstick = yardstick
        self._tried: list[_Tried] = []
        self._seen: set[frozenset[Change]] = set()
        self._plain = program.tensor(program.values)
        largest = max((_size(value) for value in program.values.values()), default=0)
        self._is_quick = largest <= QUICK

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All that was tried and could be compared, the best first."""
        found = sorted(self._tried, key=lambda tried: (tried.trial.error, tried.trial.cost))
        return tuple(tried.trial for tried in found if math.isfinite(tried.trial.error))

    def plain_error(self) -> float:
        """The difference as the app has it; infinite where the shapes differ."""
        if self._plain is None:
            return math.inf
        for reading, app in readings(self._app, self._plain, self._kind):
            if reading is AS_IT_IS:
                return self._yardstick.error(app, self._plain)
        return math.inf

    def run(self, changes: Iterable[Change], tolerated: float) -> Trial | None:
        """The best explanation; None where nothing could be compared.

        Args:
            changes: Single changes of the program.
            tolerated: A difference that needs no explanation where no single mistake explains it.
        """
        before = self.plain_error()
        singles = self._singles(changes)
        best = self._best(self._tried)
        if best is None or best.error <= EQUAL:
            return best
        if before <= tolerated and best.error > SHARE * before:
            return best
        if explains(best, before) and best.error <= min(tolerated, ROUNDED):
            return best
        self._lengthen(singles)
        best = self._longer(best, before)
        if not explains(best, before) and self._is_quick:
            self._pair(singles)
            best = self._longer(best, before)
        if not explains(best, before):
            self._lengthen(singles)
            best = self._longer(best, before)
        return best

    def _singles(self, changes: Iterable[Change]) -> list[Change]:
        """Try readings and changes alone; the changes that change the tensor."""
        if self._plain is not None:
            self._compare((), self._plain, alone=False)
        kept: list[Change] = []
        for change in changes:
            values = self._program.changed((change,))
            tensor = None if values is None else self._program.tensor(values)
            if tensor is None or self._is_plain(tensor):
                continue
            kept.append(change)
            self._compare((change,), tensor, alone=False)
        return kept

    def _is_plain(self, tensor: NDArray[Any]) -> bool:
        """Whether a change changed nothing but the last digits."""
        if self._plain is None or tensor.shape != self._plain.shape:
            return False
        return self._yardstick.error(tensor, self._plain) <= NOTHING

    def _lengthen(self, singles: Sequence[Change]) -> None:
        """Add each change to the best explanations."""
        found = sorted(self._tried, key=lambda tried: tried.trial.error)
        heads: list[tuple[Change, ...]] = []
        for tried in found:
            if tried.changes and tried.changes not in heads:
                heads.append(tried.changes)
            if len(heads) == (BEAM if self._is_quick else NARROW_BEAM):
                break
        for head in heads:
            for change in singles:
                self._try((*head, change))

    def _pair(self, singles: Sequence[Change]) -> None:
        for number, first in enumerate(singles):
            start = self._program.changed((first,))
            for second in singles[number + 1 :]:
                self._try((first, second), start)

    def _try(
        self, changes: tuple[Change, ...], start: Mapping[str, Batch] | None = None
    ) -> None:
        ordered = tuple(sorted(changes, key=lambda change: (change.step, not change.replaces)))
        if frozenset(ordered) in self._seen or _clash(ordered):
            return
        self._seen.add(frozenset(ordered))
        apart = ordered[0].step < ordered[-1].step and not ordered[0].follows
        if start is not None and apart:
            values = self._program.changed(ordered[-1:], start)
        else:
            values = self._program.changed(ordered)
        tensor = None if values is None else self._program.tensor(values)
        if tensor is not None:
            self._compare(ordered, tensor, alone=True)

    def _compare(
        self, changes: tuple[Change, ...], tensor: NDArray[Any], *, alone: bool
    ) -> None:
        """Measure the app's tensor, read in each way, against one that was made.

        Args:
            changes: That made it.
            tensor: What they made.
            alone: Other readings are left out where the plain one fits.
        """
        tensor = self._cut(tensor)
        for reading, app in readings(self._app, tensor, self._kind):
            error = self._yardstick.error(app, tensor)
            self._tried.append(_Tried(_trial(changes, reading, error), changes, reading))
            if alone and reading is AS_IT_IS:
                break

    def _cut(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Frames that the app cut off at the end to keep the shape, left out here too."""
        if self._kind is not Kind.AUDIO or not 1 < tensor.ndim == self._app.ndim:
            return tensor
        others = tensor.shape[2:] == self._app.shape[2:]
        return tensor[:, : self._app.shape[1]] if others else tensor

    def _best(self, tried: Iterable[_Tried]) -> Trial | None:
        trials = [one.trial for one in tried if one.trial.cost > 0]
        least = min((trial.error for trial in trials), default=math.inf)
        if not math.isfinite(least):
            return None
        alike = [trial for trial in trials if trial.error <= max(AS_GOOD * least, EQUAL)]
        return min(alike, key=lambda trial: (trial.cost, trial.error))

    def _longer(self, best: Trial, before: float) -> Trial:
        """The best of all, where it is enough better to be worth more mistakes."""
        other = self._best(self._tried)
        if other is None or other.cost <= best.cost:
            return other or best
        gains = explains(other, before) and not explains(best, before)
        return other if gains or other.error <= SHARE * best.error else best


def explains(trial: Trial, before: float) -> bool:
    """Whether an explanation leaves little enough of the difference."""
    return trial.error <= EQUAL or trial.error <= min(EXPLAINED, HALF * before)


def _trial(changes: tuple[Change, ...], reading: Reading, error: float) -> Trial:
    faults = [change.fault for change in changes]
    words = [change.words for change in changes]
    if reading.fault is not None:
        faults.append(reading.fault)
        words.append(reading.words)
    cost = sum(change.cost for change in changes) + reading.cost
    return Trial(faults=tuple(faults), words=" and ".join(words), error=error, cost=cost)


def _clash(changes: tuple[Change, ...]) -> bool:
    """Whether two changes put something else in one step's place, or are the same one."""
    replaced = [change.step for change in changes if change.replaces]
    return len(set(replaced)) < len(replaced) or len(set(changes)) < len(changes)


def _size(value: Batch) -> int:
    return cast("NDArray[Any]", value).size if isinstance(value, np.ndarray) else 0
