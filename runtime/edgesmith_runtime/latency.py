"""Time a call, and say how sure the figure is.

A figure is never stored: it is derived from the samples, all of which are kept. Intervals are
percentile bootstrap intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13) of 95 %, from a generator that the caller seeds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.host import Host, this_host

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "Estimate",
    "Measurement",
    "drawn_rounds",
    "estimate_of",
    "even_percentile",
    "even_quantile",
    "measure",
    "median_interval",
    "ratio_interval",
    "resampled_percentiles",
    "weighted_quantile",
]

MIN_SAMPLES_BEYOND = 10
N_RESAMPLES = 4_000
INTERVAL_QUANTILES = (0.025, 0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval: a latency in ns, or a ratio of two latencies."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The latencies of one call, repeated on one host in one process.

    Args:
        latencies_ns: Every timed call in order, nothing left out.
        n_warmup: Calls made before the first timed one.
        host: The machine it was measured on.
    """

    latencies_ns: tuple[int, ...]
    n_warmup: int
    host: Host

    def __post_init__(self) -> None:
        if not self.latencies_ns:
            raise ValueError("latencies_ns: expected at least one timed call, got none")
        if self.n_warmup < 0:
            raise ValueError(f"n_warmup: expected at least 0, got {self.n_warmup}")

    @property
    def median_ns(self) -> float:
        """The latency that half of the calls stay below."""
        return float(np.median(self.latencies_ns))

    def percentile_ns(self, percent: float) -> float | None:
        """The latency that ``percent`` of the calls stay below.

        Args:
            percent: Between 0 and 100, both excluded.

        Returns:
            Linear interpolation between the nearest samples; None where the sample does not
            support it. It does with 10 samples beyond the percentile on its thinner side: p90
            takes 100 calls, p99 takes 1000.
        """
        if not 0 < percent < 100:
            raise ValueError(f"percent: expected above 0 and below 100, got {percent}")
        n_beyond = min(percent, 100 - percent) * len(self.latencies_ns) / 100
        # The product of a decimal fraction can fall short of a whole number by rounding alone.
        if n_beyond < MIN_SAMPLES_BEYOND - 1e-9:
            return None
        return float(np.percentile(self.latencies_ns, percent))


def measure(
    call: Callable[[], object],
    *,
    n_warmup: int,
    n_calls: int,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> Measurement:
    """Time ``call``, each call on its own.

    Args:
        call: What to time; prepare its arguments before.
        n_warmup: Calls to make first, which are not timed.
        n_calls: Calls to time, at least 1.
        clock_ns: Read twice a timed call: right before and right after.
    """
    if n_calls < 1:
        raise ValueError(f"n_calls: expected at least 1, got {n_calls}")
    for _ in range(n_warmup):
        call()
    latencies_ns: list[int] = []
    for _ in range(n_calls):
        start_ns = clock_ns()
        call()
        latencies_ns.append(clock_ns() - start_ns)
    return Measurement(latencies_ns=tuple(latencies_ns), n_warmup=n_warmup, host=this_host())


def median_interval(rounds: Sequence[Measurement], rng: np.random.Generator) -> Estimate:
    """The median latency over rounds, in ns: the median of the medians of the rounds.

    The bootstrap is hierarchical: it draws rounds, then calls within each drawn round, so what
    differs from process to process counts as well as what differs from call to call.

    Args:
        rounds: The same call in several processes; one is enough, and then only the calls vary.
        rng: Draws the resamples.
    """
    picks = drawn_rounds(len(rounds), N_RESAMPLES, rng)
    return estimate_of(_median_over(rounds), _resampled_medians(rounds, picks, rng))


def ratio_interval(
    numerator: Sequence[Measurement],
    denominator: Sequence[Measurement],
    rng: np.random.Generator,
) -> Estimate:
    """How many times the latency of ``denominator`` fits into that of ``numerator``.

    The value is the ratio of the two medians over rounds. The bootstrap is hierarchical as in
    ``median_interval``, and draws the same rounds for both sides: what was measured in turn
    shared the state of the machine.

    Args:
        numerator: One measurement a round.
        denominator: One measurement of each of the same rounds.
        rng: Draws the resamples.
    """
    if len(numerator) != len(denominator):
        raise ValueError(
            f"expected the same rounds on both sides, got {len(numerator)} and {len(denominator)}"
        )
    picks = drawn_rounds(len(numerator), N_RESAMPLES, rng)
    above = _resampled_medians(numerator, picks, rng)
    below = _resampled_medians(denominator, picks, rng)
    return estimate_of(_median_over(numerator) / _median_over(denominator), above / below)


def drawn_rounds(
    n_rounds: int, n_resamples: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of rounds with replacement, ``(resample, round)``: the first step of a bootstrap.

    Args:
        n_rounds: From 1.
        n_resamples: How often as many are drawn.
        rng: Draws.
    """
    if n_rounds < 1:
        raise ValueError("expected at least one round, got none")
    return rng.integers(n_rounds, size=(n_resamples, n_rounds))


def resampled_percentiles(
    rounds: Sequence[Sequence[int] | NDArray[np.float64]],
    percent: float,
    picks: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The median over rounds of a percentile of every resample, ``(resample,)``.

    Args:
        rounds: Latencies by round.
        percent: From 0 to 100.
        picks: As ``drawn_rounds`` gives them; each draws calls of its own.
        rng: Draws the calls.
    """
    values = np.empty(picks.shape)
    for index, latencies in enumerate(rounds):
        chosen = picks == index
        ordered = np.sort(np.asarray(latencies, dtype=np.float64))
        values[chosen] = _drawn_percentiles(
            ordered, percent, int(np.count_nonzero(chosen)), rng
        )
    return np.median(values, axis=1)


def even_percentile(
    rounds: Sequence[Sequence[int] | NDArray[np.float64]], percent: float
) -> float | None:
    """The latency that ``percent`` of the calls stay below, every round counting the same.

    A round whose calls are quick has more of them than a slow one in the same time; if each call
    counted, a process that happened to be slow would count less.

    Args:
        rounds: Latencies by round; at least one round, and in each at least one call.
        percent: Between 0 and 100, both excluded.

    Returns:
        ``even_quantile``; None where the sample does not support it, as
        ``Measurement.percentile_ns`` has it. What it takes are calls of equal weight; unequal
        ones are worth as many as ``sum(weight)**2 / sum(weight**2)`` (Kish, Survey Sampling,
        1965, section 11.7).
    """
    n_calls = len(rounds) ** 2 / sum(1 / len(one) for one in rounds)
    n_beyond = min(percent, 100 - percent) * n_calls / 100
    if n_beyond < MIN_SAMPLES_BEYOND - 1e-6:
        return None
    return even_quantile(rounds, percent)


def even_quantile(
    rounds: Sequence[Sequence[int] | NDArray[np.float64]], percent: float
) -> float:
    """``even_percentile`` of any sample, however small.

    Of rounds of one length it is the percentile of all calls, with linear interpolation between
    the nearest samples.
    """
    calls = np.concatenate([np.asarray(one, dtype=np.float64) for one in rounds])
    weights = np.concatenate([np.ones(len(one)) / len(one) for one in rounds])
    order = np.argsort(calls, kind="stable")
    return weighted_quantile(calls[order], weights[order], percent)


def weighted_quantile(
    ordered: NDArray[np.float64], weights: NDArray[np.float64], percent: float
) -> float:
    """A percentile of samples that count differently.

    Each sample stands in the middle of its weight, the first at 0 % and the last at 100 %, and
    between two of them it is linear. With equal weights that is ``numpy.percentile``.

    Args:
        ordered: Samples from the smallest to the largest, ``(n,)``.
        weights: Above 0, ``(n,)``.
        percent: From 0 to 100.
    """
    middles = np.cumsum(weights) - weights / 2
    place = middles[0] + percent / 100 * (middles[-1] - middles[0])
    found: NDArray[np.float64] = np.interp([place], middles, ordered)
    return float(found[0])


def estimate_of(value: float, resampled: NDArray[np.float64]) -> Estimate:
    """A figure with its 95 % interval: that of its resamples, ``(resample,)``."""
    low, high = np.quantile(resampled, INTERVAL_QUANTILES)
    return Estimate(value=value, low=float(low), high=float(high))


def _median_over(rounds: Sequence[Measurement]) -> float:
    return float(np.median([measurement.median_ns for measurement in rounds]))


def _resampled_medians(
    rounds: Sequence[Measurement], picks: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    return resampled_percentiles([one.latencies_ns for one in rounds], 50, picks, rng)


def _drawn_percentiles(
    ordered: NDArray[np.float64], percent: float, n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A percentile of bootstrap resamples of one round, without making the resamples.

    The k-th smallest of n draws with replacement is the sample at the rank that the k-th
    smallest of n uniform numbers points at, and that number is Beta(k, n - k + 1); given it,
    the share of the rest that the next one takes is Beta(1, n - k)
    (David and Nagaraja, Order Statistics, 2003, sections 2.1 and 2.5).
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
