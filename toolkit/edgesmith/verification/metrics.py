"""The task metric on the test split, with its 95 % interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.verification.ranking import Z_95, auc_with_interval
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Score, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "MAX_RESAMPLED",
    "N_RESAMPLES",
    "OF_CLASSES",
    "OF_VALUES",
    "check_labels",
    "class_sums",
    "resolve_metric",
    "score",
]

N_RESAMPLES = 1000
MAX_RESAMPLED = 1 << 22  # numbers drawn at a time: 32 MB

_BY_TASK = {
    Task.CLASSIFICATION: ("accuracy", "balanced_accuracy", "f1_macro", "f1"),
    Task.REGRESSION: ("r2", "rmse", "mae"),
    Task.ANOMALY: ("auc",),
}


def resolve_metric(metric: str, task: Task) -> str:
    """The metric that ``auto`` stands for, or the given one if the task has it.

    Raises:
        ConfigError: The metric is not one of the task.
    """
    known = _BY_TASK.get(task, ())
    if metric == "auto" and known:
        return known[0]
    if metric not in known:
        cure = f"take one of {', '.join(known)}" if known else "no metric is defined for it"
        raise ConfigError(f"metric: '{metric}' is not one of the task '{task}'; {cure}")
    return metric


def check_labels(metric: str, labels: Sequence[str] | None) -> None:
    """Refuse a metric of two classes where there are more or less, before anything is trained.

    Raises:
        ConfigError: Says how many there are.
    """
    if metric == "f1" and len(labels or ()) != 2:
        raise ConfigError(
            f"metric: 'f1' is of two classes, the data has {len(labels or ())}; take f1_macro"
        )


def score(
    metric: str, expected: NDArray[Any], predicted: NDArray[Any], *, rng: np.random.Generator
) -> Score:
    """Score predictions against what is true.

    The interval of ``accuracy`` is Wilson's, and that of ``auc`` Newcombe's, its counterpart; that
    of any other metric holds the middle 95 % of its values on 1000 samples drawn with replacement
    (the percentile bootstrap).

    Args:
        metric: ``accuracy``, ``balanced_accuracy``, ``f1_macro``, ``f1``, ``r2``, ``rmse``,
            ``mae`` or ``auc``.
        expected: Class indices, ``(n,)``, or values, ``(n,)`` or ``(n, k)``; for ``auc`` 1 for an
            anomaly and 0 for none, ``(n,)``.
        predicted: Likewise; for ``auc`` the scores, ``(n,)``.
        rng: Draws the samples.

    Raises:
        DataError: No samples, or too few for the metric.
    """
    n_samples = len(expected)
    if expected.shape != predicted.shape:
        raise ValueError(
            f"shapes differ: {expected.shape} expected, {predicted.shape} predicted"
        )
    n_least = 2 if metric == "r2" else 1
    if n_samples < n_least:
        raise DataError(f"{metric} needs at least {n_least} test samples, got {n_samples}")
    if metric == "accuracy":
        n_right = int(np.sum(expected == predicted))
        value, (low, high) = n_right / n_samples, _wilson(n_right, n_samples)
    elif metric == "auc":
        value, low, high = auc_with_interval(expected, predicted)
    elif metric in OF_CLASSES:
        value, low, high = _by_classes(OF_CLASSES[metric], expected, predicted, rng)
    elif metric in OF_VALUES:
        value, low, high = _by_errors(OF_VALUES[metric], expected, predicted, rng)
    else:
        raise ValueError(f"no metric '{metric}'")
    return Score(metric=metric, value=value, low=low, high=high, n_samples=n_samples)


def _wilson(n_right: int, n_samples: int) -> tuple[float, float]:
    """Wilson (1927), Probable inference, J. Am. Stat. Assoc. 22: the score interval."""
    share, z2 = n_right / n_samples, Z_95**2
    center = (share + z2 / (2 * n_samples)) / (1 + z2 / n_samples)
    spread = math.sqrt(share * (1 - share) / n_samples + z2 / (4 * n_samples**2))
    half = Z_95 / (1 + z2 / n_samples) * spread
    low = 0.0 if n_right == 0 else center - half
    high = 1.0 if n_right == n_samples else center + half
    return low, high


def _by_classes(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    expected: NDArray[Any],
    predicted: NDArray[Any],
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """A statistic of the confusion counts and its interval.

    The statistic does not see the samples but how many fell into each cell, and a draw with
    replacement is a multinomial draw of these.
    """
    pairs = np.stack([expected, predicted], axis=1).astype(np.intp)
    cells, counts = np.unique(pairs, axis=0, return_counts=True)
    n_samples, n_classes = len(expected), int(pairs.max()) + 1

    def evaluate(draws: NDArray[Any]) -> NDArray[np.float64]:
        return statistic(class_sums(draws, cells, n_classes))

    value = float(evaluate(counts[None])[0])
    resampled: list[NDArray[np.float64]] = []
    step = max(1, MAX_RESAMPLED // (len(cells) + 3 * n_classes))
    for start in range(0, N_RESAMPLES, step):
        n_draws = min(step, N_RESAMPLES - start)
        draws = rng.multinomial(n_samples, counts / n_samples, size=n_draws)
        resampled.append(evaluate(draws))
    return value, *_middle(np.concatenate(resampled))


def class_sums(draws: NDArray[Any], pairs: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """``(draw, class, 3)``: right ones, those of the class, those said to be of it.

    Args:
        draws: How many samples each pair has, ``(draw, pair)``.
        pairs: The true class and the one said, ``(pair, 2)``.
        n_classes: How many there are.
    """
    sums = np.zeros((len(draws), n_classes, 3))
    for column, (true, said) in zip(draws.T, pairs, strict=True):
        sums[:, true, 1] += column
        sums[:, said, 2] += column
        if true == said:
            sums[:, true, 0] += column
    return sums


def _mean_recall(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the classes that occur; see scikit-learn's ``balanced_accuracy_score``."""
    right, true = sums[..., 0], sums[..., 1]
    recall = np.divide(right, true, out=np.zeros_like(right), where=true > 0)
    return recall.sum(axis=1) / (true > 0).sum(axis=1)


def _mean_f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the classes that occur or are predicted; see scikit-learn's ``f1_score``."""
    right, both = sums[..., 0], sums[..., 1] + sums[..., 2]
    f1 = np.divide(2 * right, both, out=np.zeros_like(right), where=both > 0)
    return f1.sum(axis=1) / (both > 0).sum(axis=1)


def _f1_of_second(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of class 1 of two, 0 where it neither occurs nor is predicted; scikit-learn's binary ``f1_score``."""
    if sums.shape[1] < 2:
        return np.zeros(len(sums))
    right, both = sums[:, 1, 0], sums[:, 1, 1] + sums[:, 1, 2]
    return np.divide(2 * right, both, out=np.zeros_like(right), where=both > 0)


def _by_errors(
    statistic: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    expected: NDArray[Any],
    predicted: NDArray[Any],
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """A statistic of values ``(draw, n, k)`` and predictions, and its interval."""
    n_samples = len(expected)
    true = expected.astype(np.float64).reshape(n_samples, -1)
    said = predicted.astype(np.float64).reshape(n_samples, -1)
    value = float(statistic(true[None], said[None])[0])
    resampled: list[NDArray[np.float64]] = []
    step = max(1, MAX_RESAMPLED // true.size)
    for start in range(0, N_RESAMPLES, step):
        rows = rng.integers(n_samples, size=(min(step, N_RESAMPLES - start), n_samples))
        resampled.append(statistic(true[rows], said[rows]))
    return value, *_middle(np.concatenate(resampled))


def _r2(true: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the values of a sample; a constant one counts 1 if met, else 0."""
    left = np.sum((true - said) ** 2, axis=1)
    total = np.sum((true - true.mean(axis=1, keepdims=True)) ** 2, axis=1)
    share = np.divide(left, total, out=np.ones_like(left), where=total > 0)
    return np.mean(np.where((total == 0) & (left == 0), 1.0, 1.0 - share), axis=1)


def _rmse(true: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.mean(np.sqrt(np.mean((true - said) ** 2, axis=1)), axis=1)


def _mae(true: NDArray[np.float64], said: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.mean(np.abs(true - said), axis=(1, 2))


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


# Statistics of sums over classes, ``(draw, class, 3)``: right ones, those of the class, those said
# to be of it; and of values ``(draw, n, k)`` with what was said.
OF_CLASSES = {
    "balanced_accuracy": _mean_recall,
    "f1_macro": _mean_f1,
    "f1": _f1_of_second,
}
OF_VALUES = {"r2": _r2, "rmse": _rmse, "mae": _mae}
