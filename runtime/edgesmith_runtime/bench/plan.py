"""How much to measure: rounds, calls, threads and limits of one comparison."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a comparison spends; all of it is decided before the first call is timed.

    The number of timed calls at a batch size is what fits into ``max_seconds`` by a pilot of a
    few calls in the same process, within ``min_calls`` and ``max_calls``.

    Args:
        n_rounds: Fresh processes by subject. An interval of fewer than five is too narrow.
        n_threads: For every subject; None takes what affinity mask and quota allow.
        batches: Batch sizes to measure; the first call of a process has the first of them.
        max_seconds: Aim of one timed series, in seconds.
        min_calls: Lower limit of timed calls, which a slow subject takes longer for.
        max_calls: Upper limit of timed calls.
        deadline_s: A process that runs longer is ended and its subjects reported as failed.
        seed: Order of the subjects in a round, and the resamples of the intervals.
    """

    n_rounds: int = 5
    n_threads: int | None = None
    batches: tuple[int, ...] = (1, 32)
    max_seconds: float = 0.5
    min_calls: int = 30
    max_calls: int = 2000
    deadline_s: float = 300.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_rounds", "min_calls"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.n_threads is not None and self.n_threads < 1:
            raise ValueError(f"n_threads: expected at least 1 or None, got {self.n_threads}")
        if self.max_calls < self.min_calls:
            raise ValueError(
                f"max_calls: expected at least min_calls = {self.min_calls}, got {self.max_calls}"
            )
        if (
            not self.batches
            or min(self.batches) < 1
            or len(set(self.batches)) < len(self.batches)
        ):
            raise ValueError(f"batches: expected different sizes from 1, got {self.batches}")
        for name in ("max_seconds", "deadline_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
