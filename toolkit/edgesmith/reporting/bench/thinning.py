"""Fewer points than samples, for plots alone: figures are always of all samples."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["TimeBins", "quantile_curve", "time_bins"]

N_QUANTILES = 101
N_TAIL = 12  # more towards the slowest call, where the evenly spaced ones leave a gap
TAIL_FROM = 0.02
BAND = (5, 95)


def quantile_curve(latencies_ns: Sequence[int]) -> tuple[list[float], list[float]]:
    """Shares of the calls from 0 to 1, and the latency in ns that each share stays below.

    Every sample of a small set; of a large one about a hundred, the fastest and slowest among
    them.
    """
    n = len(latencies_ns)
    even = np.linspace(0, 1, min(n, N_QUANTILES))
    n_tail = N_TAIL if n > N_QUANTILES else 0
    tail = 1 - np.geomspace(TAIL_FROM, max(1 / n, 1e-6), n_tail)
    shares = np.unique(np.concatenate([even, tail]))
    return shares.tolist(), np.quantile(latencies_ns, shares).tolist()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBins:
    """A run over time, in bins of equal duration that at least one call began in.

    Args:
        at_s: Middle of each bin, from the start of the run.
        median_ns: Latency of the calls in it.
        low_ns: That 5 % of them stay below.
        high_ns: That 95 % of them stay below.
        calls_per_bin: Median over the bins.
    """

    at_s: list[float]
    median_ns: list[float]
    low_ns: list[float]
    high_ns: list[float]
    calls_per_bin: int


def time_bins(
    begins_ns: NDArray[np.int64], latencies_ns: NDArray[np.int64], *, n_bins: int
) -> TimeBins:
    """Cut a run into bins.

    Args:
        begins_ns: When each call began, ascending, from 0.
        latencies_ns: Of the same calls.
        n_bins: At most so many.
    """
    edges = np.linspace(0, float(begins_ns[-1]) + 1, n_bins + 1)
    cuts = np.unique(np.searchsorted(begins_ns, edges))
    pieces = [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
    spread = [np.percentile(latencies_ns[one], (BAND[0], 50, BAND[1])) for one in pieces]
    return TimeBins(
        at_s=[float(begins_ns[one].mean()) / 1e9 for one in pieces],
        median_ns=[float(one[1]) for one in spread],
        low_ns=[float(one[0]) for one in spread],
        high_ns=[float(one[2]) for one in spread],
        calls_per_bin=int(np.median([one.stop - one.start for one in pieces])),
    )
