"""Calls that are timed in turn, in blocks, and figures of what the blocks say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edgesmith.profiling.pieces import Call

__all__ = ["block_medians", "estimate", "rounds_within"]

_N_RESAMPLES = 2_000
_QUANTILES = (0.025, 0.975)
_MIN_ROUNDS, _MAX_ROUNDS = 3, 60


def block_medians(
    calls: Sequence[Call],
    n_rounds: int,
    *,
    lead_ns: int = 0,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> NDArray[np.float64]:
    """The median time of each call over rounds in which all have their turn.

    In turn, each finds the caches about as a run of the whole model leaves them for it.

    Args:
        calls: In the order of a round.
        n_rounds: Timed; one more goes before them.
        lead_ns: Above 0 each call is timed in a row instead, after as many calls as fit into
            this time.
        clock_ns: Read right before and right after.

    Returns:
        In ns, ``(call,)``.
    """
    if lead_ns > 0:
        return np.array([_in_a_row(call, n_rounds, lead_ns, clock_ns) for call in calls])
    taken = np.empty((n_rounds + 1, len(calls)))
    for row in taken:
        for place, call in enumerate(calls):
            begin_ns = clock_ns()
            call()
            row[place] = clock_ns() - begin_ns
    return np.median(taken[1:], axis=0)


def _in_a_row(
    call: Call, n_rounds: int, lead_ns: int, clock_ns: Callable[[], int]
) -> np.float64:
    ends_ns = clock_ns() + lead_ns
    while clock_ns() < ends_ns:
        call()
    taken = np.empty(n_rounds)
    for place in range(n_rounds):
        begin_ns = clock_ns()
        call()
        taken[place] = clock_ns() - begin_ns
    return np.median(taken)


def rounds_within(
    calls: Sequence[Call],
    seconds: float,
    *,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> int:
    """How many rounds of the calls fit into a time, from 3 to 60; it makes one to find out."""
    begin_ns = clock_ns()
    for call in calls:
        call()
    round_ns = max(clock_ns() - begin_ns, 1)
    return int(np.clip(seconds * 1e9 / round_ns, _MIN_ROUNDS, _MAX_ROUNDS))


def estimate(blocks: NDArray[np.float64], rng: np.random.Generator) -> Estimate:
    """The median of what the blocks say, with a bootstrap interval over the blocks.

    Args:
        blocks: ``(block,)``, in ns.
        rng: Draws the resamples.
    """
    picks = rng.integers(len(blocks), size=(_N_RESAMPLES, len(blocks)))
    low, high = np.quantile(np.median(blocks[picks], axis=1), _QUANTILES)
    return Estimate(value=float(np.median(blocks)), low=float(low), high=float(high))
