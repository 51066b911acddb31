"""How a sustained run went over time: whether the model became slower or faster, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.resampling import percentile_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.bench.phases import Series
    from edgesmith_runtime.latency import Estimate

__all__ = ["Course", "course_of"]

MAX_WINDOWS = 12
MIN_WINDOWS = 6
WINDOWS_A_SIDE = 3
CALLS_A_WINDOW = 10
MIN_CHANGE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A sustained run from its first to its last window.

    Args:
        first_ns: Median latency of the first window.
        last_ns: Median latency of the last window.
        change: Latency after the change to that before; None where no change was found.
        after_s: When the change was, from the start of the run; None where none was found.
    """

    first_ns: float
    last_ns: float
    change: Estimate | None = None
    after_s: float | None = None

    def __str__(self) -> str:
        if self.change is None or self.after_s is None:
            return f"no change above {MIN_CHANGE:.0%}"
        word = "slower" if self.change.value > 1 else "faster"
        by = f"{abs(self.change.value - 1):.0%}"
        ends = sorted(abs(end - 1) for end in (self.change.low, self.change.high))
        after = f"{self.after_s:.0f} s" if self.after_s >= 10 else f"{self.after_s:.1f} s"
        return f"{word} by {by} [{ends[0]:.0%}, {ends[1]:.0%}] after {after}"


def course_of(series: Series, rng: np.random.Generator) -> Course | None:
    """Look for the moment at which the latency changed for good.

    The calls are cut into 12 windows in time, of equally many calls; fewer where there are not
    10 calls for each. Of the moments between two windows, with 3 at least on either side, the
    one is taken that leaves the medians of the windows closest to the median of their side. It
    counts as a change if the whole interval of the ratio of the two sides, windows drawn as
    rounds are, lies beyond 3 %: less than that is usual from minute to minute.

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
    windows = np.array_split(latencies, n_windows)
    medians = np.array([np.median(window) for window in windows])
    first_ns, last_ns = float(medians[0]), float(medians[-1])
    cut = min(
        range(WINDOWS_A_SIDE, n_windows - WINDOWS_A_SIDE + 1),
        key=lambda at: _spread(medians[:at]) + _spread(medians[at:]),
    )
    before, after = ([one.tolist() for one in side] for side in (windows[:cut], windows[cut:]))
    change = percentile_ratio(after, before, 50, rng)
    if change.low <= 1 + MIN_CHANGE and change.high >= 1 - MIN_CHANGE:
        return Course(first_ns=first_ns, last_ns=last_ns)
    n_before = sum(len(window) for window in before)
    return Course(
        first_ns=first_ns,
        last_ns=last_ns,
        change=change,
        after_s=float(_begins(series, latencies)[n_before]) / 1e9,
    )


def _begins(series: Series, latencies: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each call began; where that was not kept, as if no time passed between two calls."""
    if len(series.begins_ns) == len(latencies):
        return np.asarray(series.begins_ns)
    return np.cumsum(latencies) - latencies


def _spread(medians: NDArray[np.float64]) -> float:
    return float(np.abs(medians - np.median(medians)).sum())
