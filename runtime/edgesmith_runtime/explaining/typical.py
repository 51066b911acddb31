"""The typical calls of an app, and of a bench: those in the middle, with stages that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.recorded import Recording

__all__ = ["MIN_CALLS", "Typical", "near", "pauses_ns", "typical_calls"]

# Half the width, as a share of all calls, of what counts as being at a percentile: the mean of
# the stages of these calls adds up to the mean of their totals, which percentiles of stages do not.
_WIDTH = {50: 0.1, 90: 0.05}
MIN_CALLS = 10
_FEW = 5  # calls whose processor time says enough of all at that percentile

# A call that begins as long after the one before as it takes, or longer, has found other work in
# the caches, a slower clock, or sleeping threads. Below so much an app only goes through its loop.
_PAUSE_NS = 20_000
_AT_ONCE_SHARE = 0.5  # of such a pause, below which calls follow each other
_TURN_NS = 1_000_000  # at least, that others run in once they have the processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Typical:
    """A typical call of an app.

    Args:
        n_calls: That it was taken from.
        is_raw: Whether they are from raw inputs.
        batch: Samples that its caller gave.
        stages_ns: Mean of the typical calls, by stage.
        waiting_ns: Of the time in its thread that without a processor; None where not known.
        n_in_flight: Runs of the model going on, with it.
        n_sharing: Callers that shared the run.
        copied_bytes: Of arrays that had to be copied.
        pause_ns: From the end of the last call before it.
        after_pause_ns: How much longer calls after a pause take in this recording, by stage, than
            those back to back; None where there are not enough of both.
    """

    n_calls: int
    is_raw: bool
    batch: int
    stages_ns: Mapping[str, float]
    waiting_ns: float | None
    n_in_flight: float
    n_sharing: float
    copied_bytes: float
    pause_ns: float
    after_pause_ns: Mapping[str, float] | None

    @property
    def total_ns(self) -> float:
        """From the asking to the answer."""
        return sum(self.stages_ns.values())

    @property
    def is_after_pause(self) -> bool:
        """Whether nothing was under way for a while before it."""
        return self.pause_ns >= _least_pause_ns(self.total_ns)


def _least_pause_ns(total_ns: float) -> float:
    return max(_PAUSE_NS, total_ns)


def near(total_ns: NDArray[np.int64], percent: int) -> NDArray[np.intp]:
    """Places of the calls at a percentile of the latency, 50 or 90; one at least."""
    order = np.argsort(total_ns, kind="stable")
    low, high = (
        round((percent / 100 + side * _WIDTH[percent]) * len(order)) for side in (-1, 1)
    )
    place = (len(order) - 1) * percent // 100
    return order[min(low, place) : max(high, place + 1)]


def pauses_ns(recording: Recording) -> NDArray[np.int64]:
    """How long no call was under way before each was asked for.

    -1 where that is not known, as calls before it were not recorded: of the first of all, and of
    the first of a burst.
    """
    ends = recording.begins_ns + recording.total_ns
    last_end = np.maximum.accumulate(ends)[:-1]
    pauses = np.maximum(recording.begins_ns[1:] - last_end, 0)
    pauses[np.diff(recording.bursts) != 0] = -1
    return np.concatenate([[-1], pauses])[: len(ends)].astype(np.int64)


def typical_calls(
    recording: Recording, chosen: NDArray[np.bool_], *, percent: int = 50
) -> Typical:
    """A typical call of those that are chosen, which are alike in kind and size.

    Args:
        recording: Of the app.
        chosen: One entry a call; at least one is true.
        percent: Of the calls that are quicker: 50, or 90 for a slow one.
    """
    places = np.flatnonzero(chosen)
    total_ns = recording.total_ns
    band = places[near(total_ns[places], percent)]
    own = recording.n_rows // np.maximum(recording.n_sharing, 1)
    pauses = pauses_ns(recording)
    seen = pauses[band][pauses[band] >= 0]
    return Typical(
        n_calls=len(places),
        is_raw=bool(recording.is_raw[band[0]]),
        batch=int(own[band[0]]),
        stages_ns={name: float(ns[band].mean()) for name, ns in recording.stages_ns.items()},
        waiting_ns=_waiting_ns(recording, places, band),
        n_in_flight=float(recording.n_in_flight[band].mean()),
        n_sharing=float(recording.n_sharing[band].mean()),
        copied_bytes=float(recording.copied_bytes[band].mean()),
        pause_ns=float(np.median(seen)) if len(seen) else 0.0,
        after_pause_ns=_after_pause(recording, places, pauses),
    )


def _waiting_ns(
    recording: Recording, places: NDArray[np.intp], band: NDArray[np.intp]
) -> float | None:
    """By those of them whose processor time was looked at, or else by the middle half of all such.

    Of those, the mean, as the stages have it: where a call either waits for a turn of the
    interpreter or does not, there is no middle. Of slow runs too few may have been looked at. The tensors are alike, and so is the work: what
    such a run takes beyond the usual one, it waits.
    """
    served_ns = recording.total_ns - recording.stages_ns["wait"]
    mean_ns = float(served_ns[band].mean())
    known = band[recording.cpu_ns[band] >= 0]
    if len(known) < _FEW:
        beyond_ns = mean_ns - float(np.median(served_ns[places]))
        if not recording.is_raw[band[0]] and beyond_ns > _TURN_NS:
            return beyond_ns
        known = places[recording.cpu_ns[places] >= 0]
        if not len(known):
            return None
        waited = np.maximum(served_ns[known] - recording.cpu_ns[known], 0)
        shares = np.sort(waited / np.maximum(served_ns[known], 1))
        half = shares[len(shares) // 4 : max(len(shares) * 3 // 4, len(shares) // 4 + 1)]
        return float(half.mean()) * mean_ns
    waited = np.maximum(served_ns[known] - recording.cpu_ns[known], 0)
    return float(waited.sum() / max(served_ns[known].sum(), 1)) * mean_ns


def _after_pause(
    recording: Recording, places: NDArray[np.intp], pauses: NDArray[np.int64]
) -> dict[str, float] | None:
    least_ns = _least_pause_ns(float(np.median(recording.total_ns[places])))
    after = places[pauses[places] >= least_ns]
    at_once = places[(pauses[places] >= 0) & (pauses[places] < _AT_ONCE_SHARE * least_ns)]
    if min(len(after), len(at_once)) < MIN_CALLS:
        return None
    return {
        name: max(float(np.median(ns[after]) - np.median(ns[at_once])), 0.0)
        for name, ns in recording.stages_ns.items()
        if name != "wait"
    }
