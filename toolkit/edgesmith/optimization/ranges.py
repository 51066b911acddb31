"""From what calibration saw of a tensor to the range that 8 bits shall cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

import numpy as np

from edgesmith.recipe import RangeRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["N_BINS", "Observed", "range_of"]

N_BINS = 2048
N_STEPS = 255  # of 8 bits
PERCENTILE = 99.99
MIN_SHARE = 0.05  # of the seen range: the narrowest that entropy and mse try
N_TRIED = 96


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """The numbers that a tensor had on the calibration samples, as a histogram.

    Args:
        low: Lowest.
        high: Highest.
        counts: ``(N_BINS,)`` from low to high, in equal bins.
    """

    low: float
    high: float
    counts: NDArray[np.int64]

    @property
    def centers(self) -> NDArray[np.float64]:
        """``(N_BINS,)`` the middle of each bin."""
        edges = np.linspace(self.low, self.high, N_BINS + 1)
        return (edges[1:] + edges[:-1]) / 2


def range_of(observed: Observed, rule: RangeRule) -> tuple[float, float]:
    """Lowest and highest number that are kept apart; what is beyond is clipped.

    0 is always within: padding and what ReLU cuts off are exact then.

    Args:
        observed: What calibration saw.
        rule: ``minmax`` keeps all; ``percentile`` cuts 0.01 % off; ``entropy`` takes the range
            whose rounded distribution is the nearest in the sense of Kullback and Leibler
            (Migacz, 8-bit inference with TensorRT, GTC 2017); ``mse`` the one with the least
            mean square error of rounding and clipping together.
    """
    if observed.high <= observed.low or not observed.counts.any():  # as good as constant
        low, high = observed.low, observed.high
    else:
        match rule:
            case RangeRule.MINMAX:
                low, high = observed.low, observed.high
            case RangeRule.PERCENTILE:
                low, high = _percentile(observed)
            case RangeRule.ENTROPY:
                low, high = _entropy(observed)
            case RangeRule.MSE:
                low, high = _mse(observed)
            case _:
                assert_never(rule)
    return min(low, 0.0), max(high, 0.0)


def _percentile(observed: Observed) -> tuple[float, float]:
    shares = np.cumsum(observed.counts) / max(1, int(observed.counts.sum()))
    beyond = 1 - PERCENTILE / 100
    edges = np.linspace(observed.low, observed.high, N_BINS + 1)
    first = int(np.searchsorted(shares, beyond, side="right"))
    last = int(np.searchsorted(shares, 1 - beyond, side="left"))
    return float(edges[first]), float(edges[min(last, N_BINS - 1) + 1])


def _tried(observed: Observed) -> list[tuple[float, float]]:
    """Ranges to try, the seen one first: both ends drawn in alike, then each on its own."""
    shares = np.linspace(1.0, MIN_SHARE, N_TRIED)
    both = [(observed.low * share, observed.high * share) for share in shares]
    if observed.low >= 0 or observed.high <= 0:
        return [(float(low), float(high)) for low, high in both]
    coarse = shares[::4]
    each = [
        (observed.low * low, observed.high * high)
        for low in coarse
        for high in coarse
        if low != high
    ]
    return [(float(low), float(high)) for low, high in (*both, *each)]


def _mse(observed: Observed) -> tuple[float, float]:
    centers, counts = observed.centers, observed.counts
    seen = counts > 0
    centers, weights = centers[seen], counts[seen].astype(np.float64)
    return min(
        _tried(observed),
        key=lambda ends: float(weights @ (_rounded(centers, *ends) - centers) ** 2),
    )


def _rounded(numbers: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    low, high = min(low, 0.0), max(high, 0.0)
    step = (high - low) / N_STEPS
    zero = np.round(-low / step)
    return (np.clip(np.round(numbers / step) + zero, 0, N_STEPS) - zero) * step


def _entropy(observed: Observed) -> tuple[float, float]:
    counts = observed.counts.astype(np.float64)
    return min(_tried(observed), key=lambda ends: _divergence(observed, counts, *ends))


def _divergence(
    observed: Observed, counts: NDArray[np.float64], low: float, high: float
) -> float:
    """Of the seen distribution, what is beyond put on the ends, from its rounded form."""
    centers = observed.centers
    kept = np.clip(centers, low, high)
    step = (max(high, 0.0) - min(low, 0.0)) / N_STEPS
    cells = np.round((kept - min(low, 0.0)) / step).astype(np.intp)
    inside = (centers >= low) & (centers <= high)
    clipped = np.where(inside, counts, 0.0)
    places = np.flatnonzero(inside)
    if not places.size:
        return float("inf")
    clipped[places[0]] += counts[: places[0]].sum()
    clipped[places[-1]] += counts[places[-1] + 1 :].sum()
    in_cell = np.bincount(cells, np.where(inside, counts, 0.0), N_STEPS + 1)
    n_filled = np.bincount(cells, (inside & (counts > 0)).astype(np.float64), N_STEPS + 1)
    spread = np.where(
        inside & (counts > 0), in_cell[cells] / np.maximum(n_filled[cells], 1), 0.0
    )
    true, said = clipped / clipped.sum(), spread / max(spread.sum(), 1e-300)
    met = true > 0
    return float(np.sum(true[met] * np.log(true[met] / np.maximum(said[met], 1e-12))))
