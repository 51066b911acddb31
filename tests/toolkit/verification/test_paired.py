from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith.verification.paired import (
    agreement_drop,
    detection_drop,
    fidelity_drop,
    metric_drop,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.evidence import Drop

OF_CLASSES = ["accuracy", "balanced_accuracy", "f1_macro"]
OF_VALUES = ["r2", "rmse", "mae"]


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _classes(n_samples: int = 300) -> tuple[NDArray[np.int64], ...]:
    rng = np.random.default_rng(3)
    true = rng.choice(4, size=n_samples, p=[0.6, 0.2, 0.15, 0.05])
    before = np.where(rng.random(n_samples) < 0.9, true, rng.integers(0, 4, n_samples))
    after = np.where(rng.random(n_samples) < 0.9, before, rng.integers(0, 4, n_samples))
    return true, before, after


def _values(shape: tuple[int, ...] = (300,)) -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng(4)
    true = rng.normal(size=shape)
    before = true + 0.3 * rng.normal(size=shape)
    return true, before, before + 0.2 * rng.normal(size=shape)


def _drop(metric: str, *, seed: int = 0) -> Drop:
    given = _classes() if metric in OF_CLASSES else _values()
    return metric_drop(metric, *given, rng=np.random.default_rng(seed))


def test_the_drop_of_accuracy_is_the_difference() -> None:
    true = np.array([0, 1, 2, 0, 1])
    before = np.array([0, 1, 2, 0, 2])  # 4 of 5
    after = np.array([0, 1, 0, 2, 1])  # 3 of 5

    drop = metric_drop("accuracy", true, before, after, rng=_rng())

    assert drop.value == pytest.approx(0.2)
    assert (drop.metric, drop.n_samples) == ("accuracy", 5)


def test_what_is_better_than_the_original_has_a_drop_below_zero() -> None:
    true, before, _ = _classes()

    assert metric_drop("accuracy", true, before, true, rng=_rng()).value < 0


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("accuracy", sklearn.metrics.accuracy_score),
        ("balanced_accuracy", sklearn.metrics.balanced_accuracy_score),
        (
            "f1_macro",
            lambda true, said: sklearn.metrics.f1_score(true, said, average="macro"),
        ),
    ],
)
def test_a_drop_of_decisions_is_that_of_scikit_learn(metric: str, reference: Any) -> None:
    true, before, after = _classes()

    drop = metric_drop(metric, true, before, after, rng=_rng())

    expected = reference(true, before) - reference(true, after)
    assert drop.value == pytest.approx(expected, abs=1e-12)


def test_f1_does_not_count_a_class_that_nobody_means() -> None:
    true = np.array([0, 0, 1, 1, 0, 1])
    before = np.array([0, 0, 1, 1, 0, 1])
    after = np.array([0, 2, 1, 1, 0, 1])  # class 2 is this one's alone

    drop = metric_drop("f1_macro", true, before, after, rng=_rng())

    # By hand: 1 before; after (4/5 + 1 + 0) / 3.
    assert drop.value == pytest.approx(1 - (4 / 5 + 1 + 0) / 3)


@pytest.mark.parametrize("shape", [(300,), (300, 3)])
def test_a_drop_of_r2_is_the_difference(shape: tuple[int, ...]) -> None:
    true, before, after = _values(shape)

    drop = metric_drop("r2", true, before, after, rng=_rng())

    r2 = sklearn.metrics.r2_score
    assert drop.value == pytest.approx(r2(true, before) - r2(true, after), rel=1e-9)
    assert drop.p_value is None


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("rmse", sklearn.metrics.root_mean_squared_error),
        ("mae", sklearn.metrics.mean_absolute_error),
    ],
)
def test_a_drop_of_an_error_is_the_share_that_was_added(metric: str, reference: Any) -> None:
    true, before, after = _values()

    drop = metric_drop(metric, true, before, after, rng=_rng())

    expected = reference(true, after) / reference(true, before) - 1
    assert drop.value == pytest.approx(expected, rel=1e-9)
    assert expected > 0


def test_twice_the_error_is_a_drop_of_one() -> None:
    true = np.zeros(50)
    off = np.full(50, 0.25)

    drop = metric_drop("rmse", true, off, 2 * off, rng=_rng())

    assert (drop.value, drop.low, drop.high) == pytest.approx((1, 1, 1))


def test_any_error_beside_none_is_infinitely_much() -> None:
    true = np.zeros(50)

    drop = metric_drop("mae", true, true, true + 1, rng=_rng())

    assert (drop.value, drop.high) == (np.inf, np.inf)


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 20))
def test_the_p_value_is_that_of_a_fair_coin(lost: int, won: int, kept: int) -> None:
    true = np.zeros(lost + won + kept + 1, int)
    before, after = true.copy(), true.copy()
    after[:lost] = 1
    before[lost : lost + won] = 1

    drop = metric_drop("accuracy", true, before, after, rng=_rng())

    expected = scipy.stats.binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert drop.p_value == pytest.approx(expected, rel=1e-9)


def test_many_changes_have_a_p_value_too() -> None:
    true = np.zeros(6000, int)
    before, after = true.copy(), true.copy()
    after[:2100], before[2100:4000] = 1, 1

    drop = metric_drop("accuracy", true, before, after, rng=_rng())

    assert drop.p_value == pytest.approx(scipy.stats.binomtest(2100, 4000).pvalue, rel=1e-6)


@pytest.mark.parametrize("metric", OF_CLASSES + OF_VALUES)
def test_equal_answers_have_no_drop(metric: str) -> None:
    true, before, _ = _classes() if metric in OF_CLASSES else _values()

    drop = metric_drop(metric, true, before, before, rng=_rng())

    unseen = 3 / len(true) if metric in OF_CLASSES else 0  # the rule of three
    assert (drop.value, drop.low, drop.high) == (0, -unseen, unseen)
    assert drop.p_value == (1 if metric in OF_CLASSES else None)


@pytest.mark.parametrize("metric", OF_CLASSES + OF_VALUES)
def test_the_interval_holds_the_value(metric: str) -> None:
    drop = _drop(metric)

    assert drop.low < drop.value < drop.high


@pytest.mark.parametrize("metric", OF_CLASSES + OF_VALUES)
def test_a_seed_gives_the_same_interval(metric: str) -> None:
    assert _drop(metric) == _drop(metric)
    assert (_drop(metric).low, _drop(metric).high) != (
        _drop(metric, seed=1).low,
        _drop(metric, seed=1).high,
    )


def test_the_interval_of_accuracy_is_the_paired_one_of_scipy() -> None:
    true, before, after = _classes()
    difference = (true == before).astype(float) - (true == after)

    drop = _drop("accuracy")

    expected = scipy.stats.bootstrap(
        (difference,), np.mean, n_resamples=4000, method="percentile", rng=_rng()
    ).confidence_interval
    assert drop.low == pytest.approx(expected.low, abs=0.008)
    assert drop.high == pytest.approx(expected.high, abs=0.008)


def test_the_interval_of_rmse_is_the_paired_one_of_scipy() -> None:
    true, before, after = _values()

    def share(before_squares: Any, after_squares: Any, axis: int) -> Any:
        return np.sqrt(after_squares.mean(axis) / before_squares.mean(axis)) - 1

    expected = scipy.stats.bootstrap(
        ((true - before) ** 2, (true - after) ** 2),
        share,
        paired=True,
        n_resamples=4000,
        method="percentile",
        rng=_rng(),
    ).confidence_interval
    drop = _drop("rmse")
    assert drop.low == pytest.approx(expected.low, abs=0.02)
    assert drop.high == pytest.approx(expected.high, abs=0.02)


def test_agreement_is_the_share_that_is_decided_otherwise() -> None:
    before = np.array([0, 1, 2, 0, 1, 1, 1, 0])
    after = np.array([0, 1, 0, 0, 1, 1, 2, 0])

    drop = agreement_drop(before, after, rng=_rng())

    assert drop.metric == "agreement"
    assert drop.value == pytest.approx(2 / 8)
    assert drop.low <= drop.value <= drop.high
    assert drop.p_value is None


@pytest.mark.parametrize("shape", [(40, 3), (40,), (40, 4, 4, 2)])
def test_fidelity_of_identical_outputs_is_zero(shape: tuple[int, ...]) -> None:
    outputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    drop = fidelity_drop(outputs, outputs.copy(), rng=_rng())

    assert (drop.value, drop.low, drop.high) == (0, 0, 0)
    assert (drop.metric, drop.p_value, drop.n_samples) == ("fidelity", None, 40)


def test_fidelity_is_the_share_of_the_variance_that_is_not_reproduced() -> None:
    true, _, given = _values((300, 3))

    drop = fidelity_drop(true, given, rng=_rng())

    residual, variance = np.square(given - true).sum(), true.var(axis=0).sum() * 300
    assert drop.value == pytest.approx(residual / variance)
    assert drop.low < drop.value < drop.high


def test_a_constant_output_is_held_against_its_size() -> None:
    drop = fidelity_drop(np.full((10, 1), 2.0), np.full((10, 1), 2.2), rng=_rng())

    assert drop.value == pytest.approx(0.01)


def test_fidelity_is_the_same_for_a_seed() -> None:
    true, _, given = _values((60, 3))

    assert fidelity_drop(true, given, rng=_rng()) == fidelity_drop(true, given, rng=_rng())


def _detections(
    n_samples: int = 400,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(5)
    anomalous = (rng.random(n_samples) < 0.4).astype(np.int64)
    before = rng.normal(size=n_samples) + 2 * anomalous
    return anomalous, before, before + 0.8 * rng.normal(size=n_samples)


def _detection_drop(
    anomalous: NDArray[Any],
    before: NDArray[Any],
    after: NDArray[Any],
    *,
    threshold: float,
) -> Drop:
    decided, decided_now = (
        (scores >= threshold).astype(np.int64) for scores in (before, after)
    )
    return detection_drop(
        anomalous, before, after, decided=decided, decided_now=decided_now, rng=_rng()
    )


def test_the_drop_of_a_detection_is_the_auc_that_was_lost() -> None:
    anomalous, before, after = _detections()

    drop = _detection_drop(anomalous, before, after, threshold=100.0)  # nothing is decided

    area = sklearn.metrics.roc_auc_score
    assert drop.value == pytest.approx(area(anomalous, before) - area(anomalous, after))
    strange, normal = np.flatnonzero(anomalous == 1), np.flatnonzero(anomalous == 0)
    wins, wins_now = (
        (scores[strange, None] > scores[normal]).astype(np.float64)
        for scores in (before, after)
    )
    rng = np.random.default_rng(9)
    resampled = [
        (wins - wins_now)[
            rng.integers(len(strange), size=len(strange))[:, None],
            rng.integers(len(normal), size=len(normal)),
        ].mean()
        for _ in range(1000)
    ]
    low, high = np.percentile(resampled, (2.5, 97.5))
    assert drop.low == pytest.approx(low, abs=0.15 * (high - low))
    assert drop.high == pytest.approx(high, abs=0.15 * (high - low))


def test_scores_of_another_size_keep_the_auc_and_lose_the_decisions() -> None:
    anomalous, before, _ = _detections()

    drop = _detection_drop(anomalous, before, before / 4, threshold=1.0)

    changed = np.mean((before >= 1.0) != (before / 4 >= 1.0))
    assert drop.value == pytest.approx(changed)
    assert drop.metric == "auc_or_agreement"


def test_a_detection_that_lost_nothing_may_lose_three_in_n() -> None:
    anomalous, before, _ = _detections()

    drop = _detection_drop(anomalous, before, before, threshold=1.0)

    assert (drop.value, drop.low, drop.high) == (0.0, 0.0, pytest.approx(3 / 400))


def test_normal_samples_alone_are_judged_by_decisions() -> None:
    _, before, after = _detections()

    drop = _detection_drop(np.zeros(400, np.int64), before, after, threshold=1.0)

    assert drop.value == pytest.approx(np.mean((before >= 1.0) != (after >= 1.0)))
