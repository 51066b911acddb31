"""What activations look like on calibration samples, seen once for all recipes of a format."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.optimization.ranges import N_BINS, Observed, range_of
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.recipe import RangeRule

__all__ = ["Calibration", "check_samples", "observe"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """The histogram of every activation, of all samples and of two disjoint halves.

    Args:
        tensors: By tensor, the even samples' and the odd samples'; the odd ones' are missing
            where there is one sample.
    """

    tensors: Mapping[str, tuple[Observed, ...]]
    _ranges: dict[RangeRule, dict[str, tuple[float, float]]] = field(
        default_factory=dict["RangeRule", "dict[str, tuple[float, float]]"], init=False
    )

    def ranges(self, rule: RangeRule) -> Mapping[str, tuple[float, float]]:
        """Lowest and highest by tensor."""
        if rule not in self._ranges:
            self._ranges[rule] = {
                name: range_of(_together(halves), rule) for name, halves in self.tensors.items()
            }
        return self._ranges[rule]

    def halves_apart(self, rule: RangeRule) -> float | None:
        """The largest difference of an end of a range between the halves, as its share."""
        apart = [_apart(halves, rule) for halves in self.tensors.values() if len(halves) > 1]
        return max(apart, default=None)


def _together(halves: tuple[Observed, ...]) -> Observed:
    counts = functools.reduce(np.add, [half.counts for half in halves])
    return Observed(low=halves[0].low, high=halves[0].high, counts=counts)


def _apart(halves: tuple[Observed, ...], rule: RangeRule) -> float:
    (low, high), (other_low, other_high) = (range_of(_trimmed(h), rule) for h in halves[:2])
    width = max(high, other_high) - min(low, other_low)
    return 0.0 if width <= 0 else max(abs(low - other_low), abs(high - other_high)) / width


def _trimmed(half: Observed) -> Observed:
    """The same with the ends that this half saw, in bins of the same width."""
    filled = np.flatnonzero(half.counts)
    if not filled.size or half.high <= half.low:
        return half
    edges = np.linspace(half.low, half.high, N_BINS + 1)
    low, high = float(edges[filled[0]]), float(edges[filled[-1] + 1])
    places = np.clip(
        ((half.centers - low) / (high - low) * N_BINS).astype(np.intp), 0, N_BINS - 1
    )
    counts = np.bincount(places, half.counts, N_BINS).astype(np.int64)
    return Observed(low=low, high=high, counts=counts)


def check_samples(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Refuse samples that no range can be learned from.

    Args:
        tensors: ``(n, ...)`` by input.

    Raises:
        DataError: None, numbers that are not finite, or more than one sample and all alike.
    """
    n_samples = len(next(iter(tensors.values())))
    if not n_samples:
        raise DataError("calibration: expected samples, got none; give --samples")
    for name, array in tensors.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            row = int(np.argwhere(~np.isfinite(array))[0][0])
            raise DataError(
                f"calibration: expected finite numbers, sample {row} of '{name}' holds NaN or "
                "infinite ones; clean the samples, or leave it out"
            )
    if n_samples > 1 and all((array == array[:1]).all() for array in tensors.values()):
        raise DataError(
            f"calibration: expected samples that differ, all {n_samples} are the same; ranges of "
            "one input would clip every other: give samples as the device will see them"
        )


def observe(
    taps: Callable[[Mapping[str, NDArray[Any]]], Mapping[str, NDArray[Any]]],
    batches: Sequence[Mapping[str, NDArray[Any]]] | Callable[[], Iterable[Any]],
) -> Calibration:
    """Run the samples twice: for the ends of every tensor, then for what is between them.

    Args:
        taps: Gives every float activation of a batch, ``(n, ...)`` by tensor.
        batches: Input tensors, some samples at a time, the same ones in the same order again.

    Raises:
        DataError: An activation is NaN or infinite.
    """
    given = batches if callable(batches) else lambda: batches
    ends: dict[str, tuple[float, float]] = {}
    n_samples = 0
    for tensors in given():
        n_samples += len(next(iter(tensors.values())))
        for name, array in taps(tensors).items():
            low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
            if not np.isfinite(low + high):
                raise DataError(
                    f"calibration: the activation '{name}' becomes NaN or infinite; look for "
                    "values out of range in the samples"
                )
            known = ends.get(name, (low, high))
            ends[name] = min(low, known[0]), max(high, known[1])
    counts = {name: np.zeros((2, N_BINS), np.int64) for name in ends}
    first = 0
    for tensors in given():
        for name, array in taps(tensors).items():
            for half in range(2):
                rows = np.atleast_1d(array)[(half - first) % 2 :: 2]
                if rows.size and _has_width(*ends[name]):
                    wide = rows.astype(np.float64)  # for whose bins float32 can be too coarse
                    counts[name][half] += np.histogram(wide, N_BINS, ends[name])[0]
        first += len(next(iter(tensors.values())))
    n_halves = 2 if n_samples > 1 else 1
    return Calibration(
        tensors={
            name: tuple(
                Observed(low=low, high=high, counts=counts[name][half])
                for half in range(n_halves)
            )
            for name, (low, high) in ends.items()
        }
    )


def _has_width(low: float, high: float) -> bool:
    return high - low > 1e-9 * max(abs(low), abs(high))
