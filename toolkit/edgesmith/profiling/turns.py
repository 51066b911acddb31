"""Calls that are timed in turn, in blocks, and figures of what the blocks say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.latency import (
    Estimate,
    drawn_rounds,
    estimate_of,
    resampled_percentiles,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edgesmith.profiling.pieces import Call

__all__ = ["block_medians", "blocks_within", "estimate", "round_seconds", "rounds_within"]

_N_RESAMPLES = 2_000
_FEW = 3  # rounds: with fewer none goes before them, those of the block before did
_MAX_ROUNDS = 60


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
        n_rounds: Timed; from 3 on one more goes before them.
        lead_ns: Above 0 each call is timed in a row instead, after as many calls as fit into
            this time.
        clock_ns: Read right before and right after.

    Returns:
        In ns, ``(call,)``.
    """
    if lead_ns > 0:
        return np.array([_in_a_row(call, n_rounds, lead_ns, clock_ns) for call in calls])
    n_before = 1 if n_rounds >= _FEW else 0
    taken = np.empty((n_before + n_rounds, len(calls)))
    for row in taken:
        for place, call in enumerate(calls):
            begin_ns = clock_ns()
            call()
            row[place] = clock_ns() - begin_ns
    return np.median(taken[n_before:], axis=0)


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


def round_seconds(
    calls: Sequence[Call], *, clock_ns: Callable[[], int] = time.perf_counter_ns
) -> float:
    """What one round of the calls takes, in s; it makes one to find out."""
    begin_ns = clock_ns()
    for call in calls:
        call()
    return max(clock_ns() - begin_ns, 1) / 1e9


def rounds_within(round_s: float, seconds: float) -> int:
    """How many rounds that take so long fit into a time, from 1 to 60."""
    return int(np.clip(seconds / round_s, 1, _MAX_ROUNDS))


def blocks_within(round_s: float, seconds: float, n_blocks: int) -> int:
    """How many blocks of a few rounds fit into a time: 2 of a slow model, or as many as asked.

    Args:
        round_s: One round of everything, in s.
        seconds: Of all blocks.
        n_blocks: At most, from 1.
    """
    return int(np.clip(seconds / (round_s * (_FEW + 1)), min(2, n_blocks), n_blocks))


def estimate(blocks: NDArray[np.float64], rng: np.random.Generator) -> Estimate:
    """The median over processes of the median of their blocks, with its 95 % interval.

    The bootstrap is hierarchical, as in ``edgesmith_runtime.latency``: it draws processes, then
    blocks within each. Blocks of one process alone say nothing of others: without a second
    process the interval has no width.

    Args:
        blocks: ``(process, block)``, in ns.
        rng: Draws the resamples.
    """
    value = float(np.median(np.median(blocks, axis=1)))
    if len(blocks) == 1:
        return Estimate(value=value, low=value, high=value)
    picks = drawn_rounds(len(blocks), _N_RESAMPLES, rng)
    return estimate_of(value, resampled_percentiles(list(blocks), 50, picks, rng))
