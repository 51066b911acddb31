"""Where a classifier goes wrong: counts by class, the classes it misses, the pairs it mixes up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ClassFigures", "Mixup", "by_class", "confusion_counts", "mixups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How one class did; a share of nothing is None."""

    name: str
    n_samples: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixup:
    """Samples of one class that were taken for another."""

    actual: str
    predicted: str
    n_samples: int


def confusion_counts(
    expected: NDArray[Any], predicted: NDArray[Any], n_classes: int
) -> NDArray[np.int64]:
    """Samples by class, ``(actual, predicted)``.

    Args:
        expected: Class indices, ``(n,)``.
        predicted: Likewise.
        n_classes: All indices are below it.
    """
    pairs = expected.astype(np.int64) * n_classes + predicted.astype(np.int64)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def by_class(counts: NDArray[np.int64], names: Sequence[str]) -> list[ClassFigures]:
    """Recall and precision of every class, the weakest recall first."""
    figures = [
        ClassFigures(
            name=name,
            n_samples=int(counts[index].sum()),
            recall=_share(counts[index, index], counts[index].sum()),
            precision=_share(counts[index, index], counts[:, index].sum()),
        )
        for index, name in enumerate(names)
    ]
    return sorted(figures, key=lambda one: 2.0 if one.recall is None else one.recall)


def mixups(counts: NDArray[np.int64], names: Sequence[str], n_most: int) -> list[Mixup]:
    """The pairs of classes that are mixed up most, the most frequent first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:n_most]
    pairs = [divmod(int(index), len(names)) for index in order]
    return [
        Mixup(actual=names[row], predicted=names[column], n_samples=int(wrong[row, column]))
        for row, column in pairs
        if wrong[row, column]
    ]


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
