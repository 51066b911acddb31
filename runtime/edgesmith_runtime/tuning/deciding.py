"""Who wins a contest: the fastest beyond noise, and of those as fast the one that takes least."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from edgesmith_runtime.tuned import Setup
    from edgesmith_runtime.tuning.contest import Contest, Schedule

__all__ = ["decide"]

_CLEAR = 0.9  # of the default's time: a lead that an interval of few rounds is believed for
_FEWEST_ROUNDS = 2


def decide(contest: Contest, schedule: Schedule, rng: np.random.Generator) -> tuple[Setup, str]:
    """The setup that runs the bundle from now on, and why.

    Of the setups whose interval against the fastest has 1 in it, it is the one with the fewest
    threads, then that of the default's artifact and engine. The default keeps its place unless
    the interval of the other against it lies below 1; where the time was up before enough
    rounds, below 0.9.

    Args:
        contest: What was measured.
        schedule: How many rounds are enough.
        rng: Draws the resamples.
    """
    default = contest.default
    n_rounds = len(contest.rounds[default])
    if n_rounds < _FEWEST_ROUNDS and contest.left() != [default]:
        return default, f"the default is kept: the time was up after round {n_rounds}"
    medians = contest.medians()
    fastest = min(medians, key=medians.__getitem__)
    as_fast = [
        setup
        for setup in contest.left()
        if setup == fastest or contest.ratio(setup, fastest, rng).low <= 1.0
    ]
    best = min(as_fast, key=lambda setup: _cost(setup, default))
    if best == default:
        return (
            default,
            f"the default is kept: nothing is faster beyond noise in {n_rounds} rounds",
        )
    ratio = contest.ratio(best, default, rng)
    limit = 1.0 if n_rounds >= schedule.min_rounds else _CLEAR
    if ratio.high >= limit:
        return default, (
            f"the default is kept: {best} takes {ratio.value:.2f} of its time, 95 % interval "
            f"{ratio.low:.2f} to {ratio.high:.2f} in {n_rounds} rounds, which is not below {limit:g}"
        )
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
