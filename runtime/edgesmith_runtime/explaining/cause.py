"""The places where an app can lose time, and what helps in each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Cause", "Reason", "cure"]


class Reason(StrEnum):
    """Why a call takes longer in the app; REST is what none of the others explains."""

    QUEUEING = "queueing"
    COPIES = "copies"
    THREADS = "threads"
    IDLE = "idle wake-up"
    PREPROCESSING = "preprocessing"
    HOST = "host differs"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A part of the time that an app loses.

    Args:
        reason: What kind.
        lost_ns: Of a typical call; below 0 where the app is quicker in what is left over.
        evidence: The figures that it was found by, as a clause.
    """

    reason: Reason
    lost_ns: float
    evidence: str


_CURES = {
    Reason.QUEUEING: (
        "fewer calls at once, a Batcher where they come together, or more processes"
    ),
    Reason.COPIES: (
        "give contiguous arrays of the signature's dtype; np.ascontiguousarray where they are "
        "made, once, takes the copy out of the call"
    ),
    Reason.THREADS: (
        "load with as many n_threads as the bench had, and keep other busy threads and processes "
        "off these processors"
    ),
    Reason.IDLE: (
        "nothing in the model is slower: call more often, or expect the bench's figure after idle "
        "time"
    ),
    Reason.PREPROCESSING: (
        "make the raw inputs smaller before, or give them in the form that the bench had"
    ),
    Reason.HOST: "run the bench on the host of the app",
    Reason.REST: "run the bench again and record right after it, on the same host",
}


def cure(reason: Reason) -> str:
    """What to do about it, as a clause."""
    return _CURES[reason]
