"""A step, what it is held against, and how far the two are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.transforms import OPS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Case", "worst"]

Params = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One step with one reference.

    Args:
        op: Its name.
        against: The reference, in words.
        real: Gives a batch of real data, or None where that is not at hand.
        random: A batch of random data.
        expected: What the reference gives for a batch.
        params: Of the step; fitted on the batch where they are a function.
        bound: That the worst error must not exceed, as a share of the reference's range; 0 is
            equal.
        joins: The batch is a tuple of several.
    """

    op: str
    against: str
    real: Callable[[], Any]
    random: Callable[[np.random.Generator], Any]
    expected: Callable[[Any], Any]
    params: Params | Callable[[Any], Params]
    bound: float = 0.0
    joins: bool = False


def worst(case: Case, batch: Any) -> dict[str, float]:
    """The largest error on a batch, as it is and as a share of the range of the reference.

    Raises:
        ValueError: Shapes, or places of NaN, are not the same.
    """
    params = case.params(batch) if callable(case.params) else case.params
    op = OPS[case.op](**params)
    got = op(*batch) if case.joins else op(batch)
    ours, theirs = _samples(got), _samples(case.expected(batch))
    if len(ours) != len(theirs):
        raise ValueError(f"{case.op}: {len(theirs)} samples expected, got {len(ours)}")
    if any(array.dtype == object for array in theirs):
        same = all(a.tolist() == b.tolist() for a, b in zip(ours, theirs, strict=True))
        return {"absolute": float(not same), "relative": float(not same)}
    absolute = 0.0
    for mine, other in zip(ours, theirs, strict=True):
        if mine.shape != other.shape:
            raise ValueError(f"{case.op}: {other.shape} expected, got {mine.shape}")
        holes = np.isnan(other.astype(np.float64))
        if not np.array_equal(np.isnan(mine.astype(np.float64)), holes):
            raise ValueError(f"{case.op}: NaN at other places")
        apart = np.abs(mine.astype(np.float64) - other.astype(np.float64))[~holes]
        absolute = max(absolute, float(apart.max(initial=0.0)))
    known = np.concatenate([one.astype(np.float64).ravel() for one in theirs])
    known = known[~np.isnan(known)]
    extent = float(known.max() - known.min()) or float(np.abs(known).max()) or 1.0
    return {"absolute": absolute, "relative": absolute / extent}


def _samples(batch: Any) -> list[np.ndarray]:
    return [_array(sample) for sample in batch]


def _array(sample: Any) -> np.ndarray:
    if isinstance(sample, np.ndarray):
        return sample
    if isinstance(sample, list):
        is_text = any(isinstance(item, bytes | str) or item is None for item in sample)
        return np.array(sample, object if is_text else None)
    if isinstance(sample, bytes | str) or sample is None:
        return np.array([sample], object)
    return np.asarray(sample)
