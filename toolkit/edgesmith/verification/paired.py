"""Two models on the same samples: how much worse one is, and whether that is chance."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.evidence import Drop
from edgesmith.verification.metrics import (
    MAX_RESAMPLED,
    N_RESAMPLES,
    OF_CLASSES,
    OF_VALUES,
    class_sums,
)
from edgesmith.verification.ranking import aucs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "RULE_OF_THREE",
    "agreement_drop",
    "detection_drop",
    "fidelity_drop",
    "metric_drop",
]

RULE_OF_THREE = 3.0

_SMALLER_IS_BETTER = ("rmse", "mae")
_OF_DETECTION = "auc_or_agreement"


def metric_drop(
    metric: str,
    expected: NDArray[Any],
    original: NDArray[Any],
    given: NDArray[Any],
    *,
    rng: np.random.Generator,
) -> Drop:
    """How much worse than the original's the answers of an artifact are.

    The interval holds the middle 95 % of the difference on 1000 samples drawn with replacement,
    the same ones for both (the paired percentile bootstrap). Where no decision of n was lost, up
    to 3 / n may be (the rule of three, Hanley and Lippman-Hand, JAMA 249, 1983).

    Args:
        metric: ``accuracy``, ``balanced_accuracy``, ``f1_macro``, ``f1``, ``r2``, ``rmse`` or ``mae``; of
            the last two the drop is the share of the original's error that was added.
        expected: True class indices, ``(n,)``, or values, ``(n,)`` or ``(n, k)``.
        original: What the original answers, likewise.
        given: What the artifact answers, likewise.
        rng: Draws the samples.
    """
    if metric in OF_VALUES:
        return _of_values(metric, expected, original, given, rng)
    return _of_classes(metric, expected, original, given, rng)


def agreement_drop(
    original: NDArray[Any], given: NDArray[Any], *, rng: np.random.Generator
) -> Drop:
    """The share of samples that are decided otherwise, where the truth is not known."""
    drop = _of_classes("accuracy", original, original, given, rng)  # agreement of 1 is the most
    return Drop(
        metric="agreement",
        value=drop.value,
        low=max(drop.low, 0.0),
        high=drop.high,
        p_value=None,
        n_samples=drop.n_samples,
    )


def detection_drop(
    anomalous: NDArray[Any],
    original: NDArray[Any],
    given: NDArray[Any],
    *,
    decided: NDArray[Any],
    decided_now: NDArray[Any],
    rng: np.random.Generator,
) -> Drop:
    """The AUC that was lost, or the share of samples that are decided otherwise, if that is more.

    Scores that keep their order but not their size keep the AUC, and no longer fit the threshold.
    The interval is the paired percentile bootstrap of ``metric_drop``; normal and abnormal samples
    are drawn apart, as many of each as there are. Of one kind alone the decisions say it all.

    Args:
        anomalous: ``(n,)``, 1 for an anomaly and 0 for none.
        original: The original's scores, ``(n,)``.
        given: The artifact's, likewise.
        decided: ``(n,)``, 1 where the original sees an anomaly, else 0.
        decided_now: Likewise of the artifact.
        rng: Draws the samples.
    """
    otherwise = agreement_drop(decided, decided_now, rng=rng)
    n_samples = len(anomalous)
    if len(np.unique(anomalous)) < 2:
        return dataclasses.replace(otherwise, metric=_OF_DETECTION)
    step = max(1, MAX_RESAMPLED // n_samples)
    parts: list[NDArray[np.float64]] = []
    for start in range(0, N_RESAMPLES, step):
        draws = np.zeros((min(step, N_RESAMPLES - start), n_samples))
        for kind in (0, 1):
            of_kind = np.flatnonzero(anomalous == kind)
            equal = np.full(len(of_kind), 1 / len(of_kind))
            draws[:, of_kind] = rng.multinomial(len(of_kind), equal, size=len(draws))
        parts.append(aucs(anomalous, original, draws) - aucs(anomalous, given, draws))
    low, high = np.percentile(np.concatenate(parts), (2.5, 97.5))
    once = np.ones((1, n_samples))
    lost = aucs(anomalous, original, once)[0] - aucs(anomalous, given, once)[0]
    return Drop(
        metric=_OF_DETECTION,
        value=max(float(lost), otherwise.value),
        low=max(float(low), otherwise.low),
        high=max(float(high), otherwise.high),
        p_value=None,
        n_samples=n_samples,
    )


def fidelity_drop(
    original: NDArray[Any], given: NDArray[Any], *, rng: np.random.Generator
) -> Drop:
    """The share of an output's variance that is not reproduced, of a task without decisions.

    Args:
        original: What the original gives, ``(n, ...)``.
        given: What the artifact gives, likewise.
        rng: Draws the samples.
    """
    n_samples = len(original)
    true = original.reshape(n_samples, -1).astype(np.float64)
    errors = np.square(given.reshape(n_samples, -1) - true).sum(axis=1)
    spread = np.square(true - true.mean(axis=0)).sum(axis=1)
    if not spread.sum():  # one sample, or a constant: its size stands in for its spread
        spread = np.square(true).sum(axis=1)
    step = max(1, MAX_RESAMPLED // n_samples)
    parts: list[NDArray[np.float64]] = []
    for start in range(0, N_RESAMPLES, step):
        rows = rng.integers(n_samples, size=(min(step, N_RESAMPLES - start), n_samples))
        parts.append(errors[rows].sum(axis=1) / np.maximum(spread[rows].sum(axis=1), 1e-300))
    low, high = np.percentile(np.concatenate(parts), (2.5, 97.5))
    return Drop(
        metric="fidelity",
        value=float(errors.sum() / max(float(spread.sum()), 1e-300)),
        low=float(low),
        high=float(high),
        p_value=None,
        n_samples=n_samples,
    )


def _of_classes(
    metric: str,
    expected: NDArray[Any],
    original: NDArray[Any],
    given: NDArray[Any],
    rng: np.random.Generator,
) -> Drop:
    """The metric sees counts alone, so a draw of samples is a multinomial draw of these."""
    triples = np.stack([expected, original, given], axis=1).astype(np.intp)
    cells, counts = np.unique(triples, axis=0, return_counts=True)
    n_samples, n_classes = len(expected), int(triples.max()) + 1

    def drops(draws: NDArray[Any]) -> NDArray[np.float64]:
        before, after = (
            _statistic(metric, class_sums(draws, cells[:, [0, column]], n_classes))
            for column in (1, 2)
        )
        return before - after

    step = max(1, MAX_RESAMPLED // (len(cells) + 6 * n_classes))
    parts: list[NDArray[np.float64]] = []
    for start in range(0, N_RESAMPLES, step):
        n_draws = min(step, N_RESAMPLES - start)
        parts.append(drops(rng.multinomial(n_samples, counts / n_samples, size=n_draws)))
    low, high = np.percentile(np.concatenate(parts), (2.5, 97.5))
    was_right, is_right = expected == original, expected == given
    n_lost, n_gained = int(np.sum(was_right & ~is_right)), int(np.sum(~was_right & is_right))
    unseen = RULE_OF_THREE / n_samples
    if n_lost == 0:
        high = max(high, unseen - n_gained / n_samples)
        low = min(low, -unseen) if n_gained == 0 else low
    return Drop(
        metric=metric,
        value=float(drops(counts[None])[0]),
        low=float(low),
        high=float(high),
        p_value=_mcnemar(n_lost, n_lost + n_gained),
        n_samples=n_samples,
    )


def _statistic(metric: str, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    if metric == "accuracy":
        return sums[..., 0].sum(axis=1) / sums[..., 1].sum(axis=1)
    return OF_CLASSES[metric](sums)


def _mcnemar(lost: int, n_changed: int) -> float:
    """McNemar (1947), Psychometrika 12, in its exact form: a fair coin for each that changed."""
    if not n_changed:
        return 1.0
    fewer = min(lost, n_changed - lost)
    log_half = n_changed * math.log(2)
    below = sum(
        math.exp(
            math.lgamma(n_changed + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n_changed - k + 1)
            - log_half
        )
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * below)


def _of_values(
    metric: str,
    expected: NDArray[Any],
    original: NDArray[Any],
    given: NDArray[Any],
    rng: np.random.Generator,
) -> Drop:
    n_samples = len(expected)
    true, before, after = (
        array.astype(np.float64).reshape(n_samples, -1) for array in (expected, original, given)
    )

    def drops(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        statistic = OF_VALUES[metric]
        was, now = statistic(true[rows], before[rows]), statistic(true[rows], after[rows])
        if metric not in _SMALLER_IS_BETTER:
            return was - now
        return np.divide(now - was, was, out=np.where(now > was, np.inf, 0.0), where=was > 0)

    step = max(1, MAX_RESAMPLED // true.size)
    parts = [
        drops(rng.integers(n_samples, size=(min(step, N_RESAMPLES - start), n_samples)))
        for start in range(0, N_RESAMPLES, step)
    ]
    # Nearest: between two infinite numbers there is none.
    low, high = np.percentile(np.concatenate(parts), (2.5, 97.5), method="nearest")
    return Drop(
        metric=metric,
        value=float(drops(np.arange(n_samples)[None])[0]),
        low=float(low),
        high=float(high),
        p_value=None,
        n_samples=n_samples,
    )
