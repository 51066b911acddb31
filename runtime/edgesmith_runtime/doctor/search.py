"""The search for the fewest mistakes that turn the bundle's tensor into the app's."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor.diagnosis import Trial
from edgesmith_runtime.doctor.readings import AS_IT_IS, readings, without_the_last
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.comparison import Yardstick
    from edgesmith_runtime.doctor.faults import Change
    from edgesmith_runtime.doctor.program import Program
    from edgesmith_runtime.doctor.readings import Reading
    from edgesmith_runtime.transforms import Batch

__all__ = ["EQUAL", "EXPLAINED", "ROUNDED", "Search"]

EQUAL = 1e-4  # of the range: what float arithmetic in another order may cost
NOTHING = 1e-6  # of the range: another way to the same numbers
ROUNDED = 0.004  # of the range: one of 255 levels
EXPLAINED = 0.01  # of the range of images: what other decoders and 8-bit rounding may cost
EXPLAINED_NUMBERS = 0.003  # of the range of what comes without decoders: no more than rounding
HALF = 1 / 2  # of the difference at most is left by an explanation
SHARE = 1 / 3  # of it at most is left where one more mistake is worth it
AS_GOOD = 2.0  # errors within this factor are alike, and the simpler explanation is taken
BEAM = 6  # of the best explanations are made longer
NARROW_BEAM = 3  # where a run takes long
MAX_MISSING = 2  # frames at the end
FRAMES_FOR_A_CUT = 10  # of fewer a missing one is a large part
QUICK = 3_000_000  # numbers in the largest value of a program that runs quickly


@dataclass(frozen=True, slots=True)
class _Tried:
    trial: Trial
    changes: tuple[Change, ...]


class Search:
    """Explanations of one app's tensor, tried from the simple to the longer.

    Args:
        program: With its values on the raw input.
        app: The app's tensor.
        kind: Of the raw input.
        yardstick: Of the app's tensor.
        budget_s: Seconds for two and more mistakes at once, after all single ones were tried.
    """

    def __init__(
        self,
        program: Program,
        app: NDArray[Any],
        kind: Kind,
        yardstick: Yardstick,
        budget_s: float = math.inf,
    ) -> None:
        self._program = program
        self._app = app
        self._kind = kind
        self._yardstick = yardstick
        self._budget_s = budget_s
        self._deadline = math.inf
        self._limit = EXPLAINED if kind is Kind.IMAGE else EXPLAINED_NUMBERS
        self.stopped_early = False
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
        self._deadline = time.monotonic() + self._budget_s
        best = self._best(self._tried)
        if best is None or best.error <= EQUAL:
            return best
        if before <= tolerated and best.error > SHARE * before:
            return best
        if self.explains(best, before) and best.error <= min(tolerated, ROUNDED):
            return best
        self._lengthen(singles)
        best = self._longer(best, before)
        if not self.explains(best, before) and self._is_quick:
            self._pair(singles)
            best = self._longer(best, before)
        if not self.explains(best, before):
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
            fitted = any(change.is_fitted for change in tried.changes)
            if tried.changes and not fitted and tried.changes not in heads:
                heads.append(tried.changes)
            if len(heads) == (BEAM if self._is_quick else NARROW_BEAM):
                break
        for head in heads:
            for change in singles:
                if self._is_over():
                    return
                self._try((*head, change))

    def _pair(self, singles: Sequence[Change]) -> None:
        for number, first in enumerate(singles):
            start = self._program.changed((first,))
            for second in singles[number + 1 :]:
                if self._is_over():
                    return
                self._try((first, second), start)

    def _is_over(self) -> bool:
        """Whether the time is used up; what was not tried then is remembered."""
        if time.monotonic() < self._deadline:
            return False
        self.stopped_early = True
        return True

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
        alone = alone or any(change.is_fitted for change in changes)
        tensor, cut = self._cut(tensor)
        for reading, app in readings(self._app, tensor, self._kind):
            error = self._yardstick.error(app, tensor)
            trial = _trial(changes, (cut, reading), error)
            self._tried.append(_Tried(trial, changes))
            if alone and reading is AS_IT_IS:
                break

    def _cut(self, tensor: NDArray[Any]) -> tuple[NDArray[Any], Reading]:
        """A tensor without the frames that the app left out at its end, and what that means.

        Where a change makes more frames, an app cuts them off to keep the shape: that is part
        of the change. A frame or two less than the bundle has are a mistake of their own; any
        more are no longer the same tensor.
        """
        wanted, n_frames = self._app.shape, tensor.shape[1] if tensor.ndim > 1 else 0
        if self._kind is not Kind.AUDIO or not 2 < tensor.ndim == self._app.ndim:
            return tensor, AS_IT_IS
        if tensor.shape[2:] != wanted[2:] or len(tensor) != len(self._app):
            return tensor, AS_IT_IS
        if self._plain is not None and self._plain.shape == wanted:
            return tensor[:, : wanted[1]], AS_IT_IS
        n_missing = n_frames - wanted[1]
        if 0 < n_missing <= MAX_MISSING and n_frames >= FRAMES_FOR_A_CUT:
            return tensor[:, : wanted[1]], without_the_last(n_missing, n_frames)
        return tensor, AS_IT_IS

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
        gains = self.explains(other, before) and not self.explains(best, before)
        return other if gains or other.error <= SHARE * best.error else best

    def explains(self, trial: Trial, before: float) -> bool:
        """Whether an explanation leaves little enough of the difference."""
        return trial.error <= EQUAL or trial.error <= min(self._limit, HALF * before)


def _trial(changes: tuple[Change, ...], read: tuple[Reading, ...], error: float) -> Trial:
    faults = [change.fault for change in changes]
    words = [change.words for change in changes]
    for reading in read:
        if reading.fault is not None:
            faults.append(reading.fault)
            words.append(reading.words)
    cost = sum(change.cost for change in changes) + sum(reading.cost for reading in read)
    return Trial(faults=tuple(faults), words=" and ".join(words), error=error, cost=cost)


def _clash(changes: tuple[Change, ...]) -> bool:
    """Whether changes put something else in one step's place, are the same one, or one stands alone."""
    if len(changes) > 1 and any(change.is_fitted for change in changes):
        return True
    replaced = [change.step for change in changes if change.replaces]
    return len(set(replaced)) < len(replaced) or len(set(changes)) < len(changes)


def _size(value: Batch) -> int:
    return cast("NDArray[Any]", value).size if isinstance(value, np.ndarray) else 0
