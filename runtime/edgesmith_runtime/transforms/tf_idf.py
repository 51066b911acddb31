"""The step that weighs tokens by how rare they are: indices to one tensor of tf-idf."""

from __future__ import annotations

import math
from dataclasses import field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.indices import MAX_FIRST
from edgesmith_runtime.transforms.rows import as_rows, numbers_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TfIdf"]


@record(kw_only=True)
class TfIdf:
    """How often each token is in a text, weighed by how few texts have it, to length 1.

    ``tf * idf / norm`` with ``tf`` the count, or ``1 + ln(count)`` if ``sublinear``; ``norm`` the
    square root of the sum of squares over the text. It equals scikit-learn's ``TfidfTransformer``
    to float32; what it calls ``idf_`` are the weights, ``ln((1 + n) / (1 + n_with)) + 1`` over
    ``n`` training texts of which ``n_with`` have the token. (Salton and Buckley, Term-weighting
    approaches in automatic text retrieval, 1988.) The sums are in float64.

    Args:
        weights: The idf of each index, from ``first`` on.
        first: The index of the first weight, 0 to 2^31. Other indices, those of unknown tokens, are left
            out, and do not count in the length.
        sublinear: The logarithm of the count instead of the count.
        normalize: Divide by the length; a text without a known token stays all zeros.
    """

    weights: tuple[float, ...]
    first: int = 1
    sublinear: bool = True
    normalize: bool = True
    _array: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.weights or not all(map(math.isfinite, self.weights)):
            raise ValueError("weights: expected one finite number or more")
        if not 0 <= self.first <= MAX_FIRST:
            raise ValueError(f"first: expected 0 to {MAX_FIRST}, got {self.first}")
        object.__setattr__(self, "_array", np.array(self.weights))

    def __call__(self, indices: Any) -> NDArray[np.float32]:
        """float32 ``(batch, len(weights))``.

        Args:
            indices: Rows of whole numbers, or an array ``(batch, length)``.

        Raises:
            TransformError: Another value.
        """
        rows = as_rows(numbers_in(indices))
        n_weights = len(self.weights)
        made = np.zeros((len(rows), n_weights), np.float32)
        flat = np.array([*chain.from_iterable(rows)], np.int64)
        flat -= self.first
        is_known = (flat >= 0) & (flat < n_weights)
        if len(rows) > 1:  # a key a token: its sample, then its place
            starts = np.arange(0, len(rows) * n_weights, n_weights)
            flat += np.repeat(starts, [len(row) for row in rows])
        keys, counts = _counted(flat[is_known])
        samples, places = np.divmod(keys, n_weights)
        values = 1.0 + np.log(counts) if self.sublinear else counts
        values *= self._array[places]
        if self.normalize:
            # bincount adds in the order of the keys: the same sum whatever the batch
            squares = np.bincount(samples, values * values, len(rows))
            values /= np.sqrt(squares)[samples]
        made.ravel()[keys] = values
        return made


def _counted(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each key once, in order, and how often it is there; changes the array that is given."""
    keys.sort()
    is_new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
    starts = is_new.nonzero()[0]
    counts = np.empty(len(starts))
    counts[:-1] = starts[1:] - starts[:-1]
    counts[-1:] = len(keys) - starts[-1:]
    return keys[starts], counts
