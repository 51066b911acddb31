"""Who wins a contest: of those faster beyond noise the fastest, and of equals the cheapest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.tuning.contest import LEAD

if TYPE_CHECKING:
    import numpy as np

    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.contest import Contest, Schedule

__all__ = ["decide"]

_CLEAR = 0.9  # a lead that an interval of few rounds is believed for
_FEWEST_ROUNDS = 2


def decide(contest: Contest, schedule: Schedule, rng: np.random.Generator) -> tuple[Setup, str]:
    """The setup that runs the bundle from now on, and why.

    Only those count whose interval against the default lies below 0.97; where the time was up
    before enough rounds, below 0.9. Of those whose interval against the fastest of them has 1
    in it, it is the one with the fewest threads, then that of the default's artifact and engine.

    Args:
        contest: What was measured.
        schedule: How many rounds are enough.
        rng: Draws the resamples.
    """
    default = contest.default
    n_rounds = len(contest.rounds[default])
    is_cut = contest.left() != [default] or bool(contest.short)
    if n_rounds < _FEWEST_ROUNDS and is_cut:
        return default, f"the default is kept: the time was up after round {n_rounds}"
    medians = contest.medians()
    ratios = {setup: contest.ratio(setup, default, rng) for setup in contest.left()}
    limit = LEAD if n_rounds >= schedule.min_rounds else _CLEAR
    faster = [setup for setup in ratios if setup != default and ratios[setup].high < limit]
    fastest = min(faster or medians, key=medians.__getitem__)
    ratio = ratios[fastest]
    if fastest == default:
        return (
            default,
            f"the default is kept: nothing is faster beyond noise in {n_rounds} rounds",
        )
    if not faster:
        return default, (
            f"the default is kept: {fastest} takes {ratio.value:.2f} of its time, 95 % interval "
            f"{ratio.low:.2f} to {ratio.high:.2f} in {n_rounds} rounds, which is not below {limit:g}"
        )
    as_fast = [
        setup
        for setup in faster
        if setup == fastest or contest.ratio(setup, fastest, rng).low <= 1.0
    ]
    best = min(as_fast, key=lambda setup: _cost(setup, default))
    ratio = ratios[best]
    ties = f"; as fast, and not cheaper: {len(as_fast) - 1}" if len(as_fast) > 1 else ""
    return best, (
        f"takes {ratio.value:.2f} of the time of the default, 95 % interval {ratio.low:.2f} to "
        f"{ratio.high:.2f} in {n_rounds} rounds{ties}"
    )


def _cost(setup: Setup, default: Setup) -> tuple[int, bool, bool, bool]:
    settings = setup.settings
    return (
        settings.n_threads,
        setup.file != default.file,
        settings.engine != default.settings.engine,
        settings.layout != default.settings.layout,
    )
