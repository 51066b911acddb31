"""How a sustained run went over time: whether the model became slower or faster, and when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.comparison.resampling import percentile_ratio
from edgesmith_runtime.latency import Estimate, estimate_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.bench.phases import Series

__all__ = ["Course", "course_of"]

MAX_WINDOWS = 30
MIN_WINDOWS = 6
WINDOWS_A_SIDE = 2
CALLS_A_WINDOW = 10
MIN_CHANGE = 0.03
MIN_EXPLAINED = 0.5
N_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A sustained run from its first to its last window.

    Args:
        first_ns: Median latency of the first window.
        last_ns: Median latency of the last window.
        change: Latency after the change to that before, of a drift that at the end to that at
            the start; None where no change was found.
        after_s: When the change was, from the start of the run; None where none was found, and
            of a drift, which has no moment.
    """

    first_ns: float
    last_ns: float
    change: Estimate | None = None
    after_s: float | None = None

    def __str__(self) -> str:
        if self.change is None:
            return f"no change above {MIN_CHANGE:.0%} found"
        word = "slower" if self.change.value > 1 else "faster"
        by = f"{abs(self.change.value - 1):.0%}"
        ends = sorted(abs(end - 1) for end in (self.change.low, self.change.high))
        return f"{word} by {by} [{ends[0]:.0%}, {ends[1]:.0%}] {self._when}"

    @property
    def _when(self) -> str:
        if self.after_s is None:
            return "bit by bit"
        return (
            f"after {self.after_s:.0f} s"
            if self.after_s >= 10
            else f"after {self.after_s:.1f} s"
        )


@dataclass(frozen=True, slots=True)
class _Windows:
    """Pieces of a run that are equally long in time, without those in which no call began.

    Args:
        places: Of each among all, from 0.
        calls: Latencies of the calls that began in it, in ns.
        begins_ns: When the first of these began.
        n_all: How many fit into the run.
    """

    places: NDArray[np.float64]
    calls: list[list[int]]
    begins_ns: list[int]
    n_all: int

    @property
    def medians(self) -> NDArray[np.float64]:
        return np.array([np.median(one) for one in self.calls])


@dataclass(frozen=True, slots=True)
class _Change:
    """One way to tell a run in two numbers, and by how far the windows are off it."""

    spread: float
    ratio: Estimate
    after_s: float | None


def course_of(series: Series, rng: np.random.Generator) -> Course | None:
    """Look for a change for good, at a moment or bit by bit.

    The run is cut into 30 windows that are equally long, fewer where there are not 10 calls for
    each on average; so a model that becomes five times slower has as many windows as before,
    with a fifth of the calls. The windows' medians, in logarithms, are told in two ways: by two
    levels, with the cut between two windows that leaves the least spread and 2 windows at least
    on either side, and by a straight line over time. Spread is the sum of the distances.

    The way with less spread goes first. It counts if it explains half of the spread around one
    level for all, and if the whole interval of its ratio, windows drawn as rounds are, lies
    beyond 3 %: less than that is usual from minute to minute. What went back before the end,
    and what filled less than two windows, is no change for good.

    Args:
        series: Of one process.
        rng: Draws the resamples.

    Returns:
        None with fewer than 60 calls, which tell nothing of time.
    """
    latencies = np.asarray(series.measurement.latencies_ns)
    n_windows = min(MAX_WINDOWS, len(latencies) // CALLS_A_WINDOW)
    if n_windows < MIN_WINDOWS:
        return None
    windows = _windows(latencies, _begins(series, latencies), n_windows)
    first_ns, last_ns = float(windows.medians[0]), float(windows.medians[-1])
    levels = np.log(windows.medians)
    limit = (1 - MIN_EXPLAINED) * _spread(levels)
    ways = [_drift(windows, levels, rng)]
    if len(levels) >= 2 * WINDOWS_A_SIDE:
        ways.append(_step(windows, levels, rng))
    for way in sorted(ways, key=lambda one: one.spread):
        is_beyond = way.ratio.low > 1 + MIN_CHANGE or way.ratio.high < 1 - MIN_CHANGE
        if is_beyond and way.spread <= limit:
            return Course(
                first_ns=first_ns, last_ns=last_ns, change=way.ratio, after_s=way.after_s
            )
    return Course(first_ns=first_ns, last_ns=last_ns)


def _begins(series: Series, latencies: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each call began; where that was not kept, as if no time passed between two calls."""
    if len(series.begins_ns) == len(latencies):
        return np.asarray(series.begins_ns)
    return np.cumsum(latencies) - latencies


def _windows(
    latencies: NDArray[np.int64], begins_ns: NDArray[np.int64], n_windows: int
) -> _Windows:
    end_ns = int(begins_ns[-1] + latencies[-1])
    edges_ns = np.arange(n_windows + 1) * end_ns / n_windows
    cuts = np.searchsorted(begins_ns, edges_ns)
    spans = [
        (place, int(start), int(stop))
        for place, (start, stop) in enumerate(pairwise(cuts))
        if stop > start
    ]
    return _Windows(
        places=np.array([place for place, _, _ in spans], dtype=np.float64),
        calls=[latencies[start:stop].tolist() for _, start, stop in spans],
        begins_ns=[int(begins_ns[start]) for _, start, _ in spans],
        n_all=n_windows,
    )


def _step(windows: _Windows, levels: NDArray[np.float64], rng: np.random.Generator) -> _Change:
    spreads = {
        cut: _spread(levels[:cut]) + _spread(levels[cut:])
        for cut in range(WINDOWS_A_SIDE, len(levels) - WINDOWS_A_SIDE + 1)
    }
    cut = min(spreads, key=lambda at: spreads[at])
    ratio = percentile_ratio(windows.calls[cut:], windows.calls[:cut], 50, rng)
    return _Change(spreads[cut], ratio, windows.begins_ns[cut] / 1e9)


def _drift(windows: _Windows, levels: NDArray[np.float64], rng: np.random.Generator) -> _Change:
    """The least squares line; its slope over the whole run is the change."""
    slope = float(_slopes(windows.places[None], levels[None])[0])
    picks = rng.integers(len(levels), size=(N_RESAMPLES, len(levels)))
    drawn = _slopes(windows.places[picks], levels[picks])
    ratio = estimate_of(float(np.exp(slope * windows.n_all)), np.exp(drawn * windows.n_all))
    return _Change(_spread(levels - slope * windows.places), ratio, None)


def _slopes(places: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the line through each row, ``(row, window)``; 0 where a row is of one window alone."""
    off = places - places.mean(axis=1, keepdims=True)
    squares = (off**2).sum(axis=1)
    return (off * levels).sum(axis=1) / np.where(squares > 0, squares, 1.0)


def _spread(levels: NDArray[np.float64]) -> float:
    return float(np.abs(levels - np.median(levels)).sum())
