from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith.verification.ranking import Z_95, auc_with_interval, aucs
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _deviation(area: float, n_strange: int, n_normal: int) -> float:
    """Hanley and McNeil 1982, equation 2."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area) + (n_strange - 1) * (q1 - area**2) + (n_normal - 1) * (q2 - area**2)
    )
    return math.sqrt(variance / (n_strange * n_normal))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 5)), min_size=2, max_size=40).filter(
        lambda pairs: len({kind for kind, _ in pairs}) == 2
    )
)
def test_the_auc_is_that_of_scikit_learn_with_ties(pairs: list[tuple[int, int]]) -> None:
    anomalous, scores = np.array(pairs).T

    value, low, high = auc_with_interval(anomalous, scores / 3)

    assert value == pytest.approx(sklearn.metrics.roc_auc_score(anomalous, scores), abs=1e-12)
    assert 0 <= low <= value <= high <= 1


def test_the_ends_are_196_of_their_own_deviations_off() -> None:
    anomalous, scores = _scores(40, 40, seed=1)

    value, low, high = auc_with_interval(anomalous, scores)

    # With as many of each kind Newcombe's variance is that of Hanley and McNeil.
    assert value - low == pytest.approx(Z_95 * _deviation(low, 40, 40), rel=1e-9)
    assert high - value == pytest.approx(Z_95 * _deviation(high, 40, 40), rel=1e-9)
    assert pytest.approx(scipy.stats.norm.ppf(0.975)) == Z_95


def test_a_perfect_ranking_is_not_certain() -> None:
    scores = np.arange(40.0)
    anomalous = (scores >= 20).astype(np.int64)

    value, low, high = auc_with_interval(anomalous, scores)
    worst = auc_with_interval(1 - anomalous, scores)

    assert (value, high) == (1.0, 1.0)
    assert 0.8 < low < 0.95
    assert worst == (0.0, 0.0, pytest.approx(1 - low))


def test_19_of_20_intervals_hold_the_true_auc() -> None:
    true = float(scipy.stats.norm.cdf(2 / math.sqrt(2)))  # normal scores, two deviations apart
    n_held = 0
    for seed in range(400):
        _, low, high = auc_with_interval(*_scores(30, 50, seed=seed))
        n_held += low <= true <= high

    assert 0.925 <= n_held / 400 <= 0.99


def _scores(n_strange: int, n_normal: int, *, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    rng = np.random.default_rng(seed)
    anomalous = np.repeat([1, 0], [n_strange, n_normal])
    return anomalous, rng.normal(size=len(anomalous)) + 2 * anomalous


def test_a_sample_drawn_twice_counts_twice() -> None:
    anomalous, scores = _scores(6, 9, seed=0)
    scores = np.round(scores)
    draws = np.random.default_rng(1).integers(0, 3, (5, 15))

    found = aucs(anomalous, scores, draws)

    for draw, area in zip(draws, found, strict=True):
        rows = np.repeat(np.arange(15), draw)
        expected = sklearn.metrics.roc_auc_score(anomalous[rows], scores[rows])
        assert area == pytest.approx(expected, abs=1e-12)


def test_one_kind_alone_has_no_auc() -> None:
    with pytest.raises(
        DataError, match=r"^auc needs normal and abnormal test samples, got 3 and 0$"
    ):
        auc_with_interval(np.zeros(3), np.arange(3.0))
