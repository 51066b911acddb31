"""How well scores rank anomalies above normal samples: the area under the ROC curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Z_95", "auc_with_interval", "aucs"]

Z_95 = 1.959963984540054  # the 97.5 % point of the standard normal distribution
_N_HALVINGS = 60  # of an interval within 0 to 1: below the precision of float64


def auc_with_interval(
    anomalous: NDArray[Any], scores: NDArray[Any]
) -> tuple[float, float, float]:
    """The AUC with its 95 % interval: ``(value, low, high)``.

    It is the share of pairs of an anomaly and a normal sample in which the anomaly has the larger
    score, a tie counting half (Hanley and McNeil, Radiology 143, 1982); scikit-learn's
    ``roc_auc_score``. The interval is Newcombe's method 5 (Statistics in Medicine 25, 2006, part 2):
    like Wilson's, it takes the variance at its own ends, so it has a width where every pair is
    right.

    Args:
        anomalous: ``(n,)``, 1 for an anomaly and 0 for none.
        scores: ``(n,)``, the larger the stranger.

    Raises:
        DataError: There is no anomaly, or nothing else.
    """
    n_anomalies = int(np.sum(anomalous == 1))
    n_normal = len(anomalous) - n_anomalies
    if not n_anomalies or not n_normal:
        raise DataError(
            f"auc needs normal and abnormal test samples, got {n_normal} and {n_anomalies}"
        )
    value = float(aucs(anomalous, scores, np.ones((1, len(scores))))[0])
    low = 0.0 if value == 0 else _end(value, 0.0, n_anomalies, n_normal)
    high = 1.0 if value == 1 else _end(value, 1.0, n_anomalies, n_normal)
    return value, low, high


def aucs(
    anomalous: NDArray[Any], scores: NDArray[Any], draws: NDArray[Any]
) -> NDArray[np.float64]:
    """The AUC of each of several draws of the samples, ``(draw,)``.

    Args:
        anomalous: ``(n,)``, 1 for an anomaly and 0 for none.
        scores: ``(n,)``, the larger the stranger.
        draws: ``(draw, n)``: how often each sample was drawn; of both kinds at least one.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))  # of equal scores
    drawn = draws[:, order].astype(np.float64)
    is_strange = anomalous[order] == 1
    strange = np.add.reduceat(drawn * is_strange, starts, axis=1)
    normal = np.add.reduceat(drawn * ~is_strange, starts, axis=1)
    below = np.cumsum(normal, axis=1) - normal / 2
    pairs = strange.sum(axis=1) * normal.sum(axis=1)
    return (strange * below).sum(axis=1) / pairs


def _end(value: float, outermost: float, n_anomalies: int, n_normal: int) -> float:
    """The place between the value and one end of 0 to 1 that is 1.96 of its own deviations off."""
    inside, outside = value, outermost
    for _ in range(_N_HALVINGS):
        middle = (inside + outside) / 2
        if abs(middle - value) < Z_95 * _deviation(middle, n_anomalies, n_normal):
            inside = middle
        else:
            outside = middle
    return outside


def _deviation(area: float, n_anomalies: int, n_normal: int) -> float:
    """Of an AUC, as Hanley and McNeil have it for classes of equal size."""
    others = (n_anomalies + n_normal) / 2 - 1
    factor = 1 + others * ((1 - area) / (2 - area) + area / (1 + area))
    return math.sqrt(area * (1 - area) * factor / (n_anomalies * n_normal))
