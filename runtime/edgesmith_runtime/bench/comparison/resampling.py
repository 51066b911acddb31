"""Intervals of ratios whose sides were not measured in turn, and of any percentile.

As in ``latency`` the bootstrap is hierarchical: it draws rounds, then calls within each drawn
round. Here each side draws rounds of its own, because nothing pairs them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.latency import (
    Estimate,
    drawn_rounds,
    estimate_of,
    even_quantile,
    resampled_percentiles,
    weighted_quantile,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["percentile_ratio", "value_ratio", "widened"]

N_RESAMPLES = 1_000
MEDIAN = 50.0


def percentile_ratio(
    above: Sequence[Sequence[int]],
    below: Sequence[Sequence[int]],
    percent: float,
    rng: np.random.Generator,
) -> Estimate:
    """How many times a percentile of ``below`` fits into that of ``above``.

    The median is that of the medians of the rounds, as everywhere in a comparison; any other
    percentile is over the calls of all rounds, every round counting the same.

    Args:
        above: Latencies in ns by round; any number of rounds from 1.
        below: The same of the other side.
        percent: Above 0 and below 100.
        rng: Draws the resamples.
    """
    numerator, denominator = (
        [np.asarray(one, dtype=np.float64) for one in side] for side in (above, below)
    )
    return estimate_of(
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
    return estimate_of(float(np.median(above) / np.median(below)), drawn_above / drawn_below)


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
    return even_quantile(rounds, percent)


def _resampled(
    rounds: Sequence[NDArray[np.float64]], percent: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The percentile of every resample, ``(resample,)``."""
    picks = drawn_rounds(len(rounds), N_RESAMPLES, rng)
    if percent == MEDIAN or len(rounds) == 1:
        return resampled_percentiles(rounds, percent, picks, rng)
    # All calls are sorted once: a resample is how often each of them was drawn, not a new order.
    order = np.argsort(np.concatenate(rounds), kind="stable")
    ordered = np.concatenate(rounds)[order]
    values = np.empty(N_RESAMPLES)
    for resample in range(N_RESAMPLES):
        n_drawn = np.bincount(picks[resample], minlength=len(rounds)).tolist()
        weights = np.concatenate(
            [_weights(len(one), n, rng) for one, n in zip(rounds, n_drawn, strict=True)]
        )[order]
        drawn = weights > 0
        values[resample] = weighted_quantile(ordered[drawn], weights[drawn], percent)
    return values


def _weights(n_calls: int, n_times: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Of the calls of a round that was drawn so many times, ``(call,)``: 1 in all each time."""
    indices: NDArray[np.int64] = rng.integers(n_calls, size=n_times * n_calls)
    return np.bincount(indices, minlength=n_calls) / n_calls
