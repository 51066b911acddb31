"""Intervals of ratios whose sides were not measured in turn, and of any percentile.

As in ``latency`` the bootstrap is hierarchical: it draws rounds, then calls within each drawn
round. Here each side draws rounds of its own, because nothing pairs them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["percentile_ratio", "value_ratio", "widened"]

N_RESAMPLES = 1_000
INTERVAL_QUANTILES = (0.025, 0.975)
MEDIAN = 50.0


def percentile_ratio(
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    percent: float,
    rng: np.random.Generator,
) -> Estimate:
    """How many times a percentile of ``below`` fits into that of ``above``.

    The median is that of the medians of the rounds, as everywhere in a comparison; any other
    percentile is over the calls of all rounds.

    Args:
        above: Latencies in ns by round; any number of rounds from 1.
        below: The same of the other side.
        percent: Above 0 and below 100.
        rng: Draws the resamples.
    """
    numerator, denominator = (
        [np.sort(np.asarray(one, dtype=np.float64)) for one in side] for side in (above, below)
    )
    return _estimate(
        _percentile(numerator, percent) / _percentile(denominator, percent),
        _resampled(numerator, percent, rng) / _resampled(denominator, percent, rng),
    )


def value_ratio(
    above: Sequence[float], below: Sequence[float], rng: np.random.Generator
) -> Estimate:
    """The ratio of two medians over rounds that have one value each, such as a load time.

    With one round on each side there is nothing to draw: the interval is the ratio itself.

    Args:
        above: A value by round, above 0.
        below: The same of the other side.
        rng: Draws the resamples.
    """
    drawn_above, drawn_below = (
        np.median(rng.choice(np.asarray(side), size=(N_RESAMPLES, len(side))), axis=1)
        for side in (above, below)
    )
    return _estimate(float(np.median(above) / np.median(below)), drawn_above / drawn_below)


def widened(ratio: Estimate, floor: Estimate | None) -> Estimate:
    """A ratio whose interval reaches at least as far to both sides as the noise floor.

    The floor is the ratio of a subject to itself. Where it is 1.04, equal things were found to
    differ by 4 %, and the interval of any other ratio shall not claim to know better: it goes
    from ``value / 1.04`` at most to ``value * 1.04`` at least. An interval that is wider already
    stays as it is.

    Args:
        ratio: With the interval of its own samples.
        floor: None where nothing was measured twice.
    """
    if floor is None:
        return ratio
    off = math.exp(abs(math.log(floor.value)))
    return Estimate(
        value=ratio.value,
        low=min(ratio.low, ratio.value / off),
        high=max(ratio.high, ratio.value * off),
    )


def _percentile(rounds: Sequence[NDArray[np.float64]], percent: float) -> float:
    if percent == MEDIAN:
        return float(np.median([np.median(one) for one in rounds]))
    return float(np.percentile(np.concatenate(rounds), percent))


def _resampled(
    rounds: Sequence[NDArray[np.float64]], percent: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The percentile of every resample, ``(resample,)``."""
    picks = rng.integers(len(rounds), size=(N_RESAMPLES, len(rounds)))
    if percent == MEDIAN or len(rounds) == 1:
        values = np.empty(picks.shape)
        for index, one in enumerate(rounds):
            chosen = picks == index
            n_chosen = int(np.count_nonzero(chosen))
            values[chosen] = _drawn_percentiles(one, percent, n_chosen, rng)
        return np.median(values, axis=1)
    values = np.empty(N_RESAMPLES)
    for resample in range(N_RESAMPLES):
        chosen = [rounds[int(index)] for index in picks[resample]]
        calls = [one[rng.integers(len(one), size=len(one))] for one in chosen]
        values[resample] = np.percentile(np.concatenate(calls), percent)
    return values


def _drawn_percentiles(
    ordered: NDArray[np.float64], percent: float, n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A percentile of bootstrap resamples of one round, without making the resamples.

    Order statistics of uniform numbers are Beta distributed, as in ``latency``, which has the
    source: the k-th of n is Beta(k, n - k + 1), and the next takes Beta(1, n - k) of the rest.
    """
    n = len(ordered)
    place = percent / 100 * (n - 1)
    k = min(int(place) + 1, n)
    lower = rng.beta(k, n - k + 1, size=n_resamples)
    low = ordered[_ranks(lower, n)]
    share = place - int(place)
    if share == 0 or k == n:
        return low
    upper = lower + (1 - lower) * rng.beta(1, n - k, size=n_resamples)
    return low + share * (ordered[_ranks(upper, n)] - low)


def _ranks(uniforms: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    return np.minimum((uniforms * n).astype(np.int64), n - 1)


def _estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    low, high = np.quantile(resampled, INTERVAL_QUANTILES)
    return Estimate(value=value, low=float(low), high=float(high))
