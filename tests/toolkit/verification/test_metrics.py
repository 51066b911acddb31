from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from edgesmith.verification.metrics import check_labels, resolve_metric, score
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Score, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

REFERENCES: dict[str, Callable[..., float]] = {
    "accuracy": sklearn.metrics.accuracy_score,
    "balanced_accuracy": sklearn.metrics.balanced_accuracy_score,
    "f1_macro": lambda true, said: sklearn.metrics.f1_score(true, said, average="macro"),
    "r2": sklearn.metrics.r2_score,
    "rmse": sklearn.metrics.root_mean_squared_error,
    "mae": sklearn.metrics.mean_absolute_error,
}
OF_CLASSES = ["accuracy", "balanced_accuracy", "f1_macro"]
OF_VALUES = ["r2", "rmse", "mae"]


def _score(
    metric: str, expected: NDArray[Any], predicted: NDArray[Any], seed: int = 0
) -> Score:
    return score(metric, expected, predicted, rng=np.random.default_rng(seed))


def _classes(n_samples: int = 200) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.default_rng(3)
    true = rng.choice(4, size=n_samples, p=[0.6, 0.2, 0.15, 0.05])
    said = np.where(rng.random(n_samples) < 0.8, true, rng.integers(0, 5, n_samples))
    return true, said


def _values(shape: tuple[int, ...] = (200,)) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(4)
    true = rng.normal(size=shape)
    return true, true + 0.3 * rng.normal(size=shape)


@pytest.mark.parametrize("metric", OF_CLASSES)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
def test_a_classification_metric_is_that_of_scikit_learn(metric: str) -> None:
    true, said = _classes()

    result = _score(metric, true, said)

    assert result.value == pytest.approx(REFERENCES[metric](true, said), abs=1e-12)
    assert (result.metric, result.n_samples) == (metric, 200)


@pytest.mark.parametrize("metric", OF_VALUES)
@pytest.mark.parametrize("shape", [(200,), (200, 3)])
def test_a_regression_metric_is_that_of_scikit_learn(
    metric: str, shape: tuple[int, ...]
) -> None:
    true, said = _values(shape)

    assert _score(metric, true, said).value == pytest.approx(
        REFERENCES[metric](true, said), rel=1e-12
    )


@pytest.mark.parametrize(
    ("n_right", "n_samples", "low", "high"),
    [  # Wilson's interval worked out by hand; the first is in Newcombe (1998), table I
        (81, 263, 0.2553, 0.3662),
        (8, 10, 0.4902, 0.9433),
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_the_interval_of_an_accuracy_is_wilsons(
    n_right: int, n_samples: int, low: float, high: float
) -> None:
    true = np.zeros(n_samples, np.int64)
    said = np.where(np.arange(n_samples) < n_right, 0, 1)

    result = _score("accuracy", true, said)

    assert (round(result.low, 4), round(result.high, 4)) == (low, high)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1_macro", *OF_VALUES])
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
def test_the_interval_is_that_of_scipys_bootstrap(metric: str) -> None:
    true, said = _classes() if metric in OF_CLASSES else _values()

    result = _score(metric, true, said)

    reference = scipy.stats.bootstrap(
        (true, said),
        REFERENCES[metric],
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=np.random.default_rng(9),
    )
    low, high = reference.confidence_interval
    width = high - low
    assert result.low == pytest.approx(low, abs=0.15 * width)
    assert result.high == pytest.approx(high, abs=0.15 * width)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "r2"])
def test_the_same_generator_gives_the_same_interval(metric: str) -> None:
    true, said = _classes() if metric in OF_CLASSES else _values()

    assert _score(metric, true, said) == _score(metric, true, said)
    assert _score(metric, true, said).low != _score(metric, true, said, seed=1).low


def test_a_constant_target_that_is_met_has_an_r2_of_one() -> None:
    constant = np.full(5, 2.0)

    assert _score("r2", constant, constant).value == 1.0
    assert _score("r2", constant, constant + 1).value == 0.0


def test_the_auc_is_a_score_of_scores() -> None:
    true = np.array([0, 0, 1, 1])

    result = _score("auc", true, np.array([0.1, 0.4, 0.35, 0.8]))

    assert (result.metric, result.value, result.n_samples) == ("auc", 0.75, 4)
    assert 0 < result.low < 0.75 < result.high < 1


@pytest.mark.parametrize(("metric", "n_samples"), [("accuracy", 0), ("mae", 0), ("r2", 1)])
def test_too_few_samples_are_refused(metric: str, n_samples: int) -> None:
    empty = np.zeros(n_samples)

    with pytest.raises(
        DataError, match=f"^{metric} needs at least . test samples, got {n_samples}"
    ):
        _score(metric, empty, empty)


def test_predictions_of_another_shape_are_the_callers_bug() -> None:
    with pytest.raises(ValueError, match=r"shapes differ: \(3,\) expected, \(3, 1\) predicted"):
        _score("mae", np.zeros(3), np.zeros((3, 1)))


def test_an_unknown_metric_is_the_callers_bug() -> None:
    with pytest.raises(ValueError, match="no metric 'log_loss'"):
        _score("log_loss", np.zeros(3), np.zeros(3))


@pytest.mark.parametrize(
    ("metric", "task", "resolved"),
    [
        ("auto", Task.CLASSIFICATION, "accuracy"),
        ("auto", Task.REGRESSION, "r2"),
        ("f1_macro", Task.CLASSIFICATION, "f1_macro"),
        ("mae", Task.REGRESSION, "mae"),
        ("auto", Task.ANOMALY, "auc"),
    ],
)
def test_a_metric_is_resolved_by_task(metric: str, task: Task, resolved: str) -> None:
    assert resolve_metric(metric, task) == resolved


@pytest.mark.parametrize(
    ("metric", "task", "message"),
    [
        (
            "accuracy",
            Task.REGRESSION,
            "metric: 'accuracy' is not one of the task 'regression'; take one of r2, rmse, mae",
        ),
        (
            "accuracy",
            Task.ANOMALY,
            "metric: 'accuracy' is not one of the task 'anomaly'; take one of auc",
        ),
        ("auto", Task.TENSOR, "metric: 'auto' is not one of the task 'tensor'; no metric is"),
    ],
)
def test_a_metric_of_another_task_is_refused(metric: str, task: Task, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_metric(metric, task)


@pytest.mark.parametrize(
    ("true", "said"),
    [
        ([0, 1, 1, 0, 1, 0, 0], [0, 1, 0, 0, 1, 1, 0]),
        ([1, 1, 1], [1, 1, 1]),
        ([1, 1, 0], [0, 0, 0]),
        ([0, 0, 0], [0, 0, 0]),
    ],
)
def test_f1_is_that_of_the_second_class(true: list[int], said: list[int]) -> None:
    result = _score("f1", np.array(true), np.array(said))

    f1_score: Any = sklearn.metrics.f1_score
    expected = f1_score(true, said, zero_division=0)
    assert result.value == pytest.approx(expected, abs=1e-12)
    assert 0 <= result.low <= result.value <= result.high <= 1


def test_f1_of_other_than_two_classes_is_refused_before_training() -> None:
    check_labels("f1", ("ham", "spam"))
    check_labels("accuracy", ("a", "b", "c"))

    with pytest.raises(ConfigError) as caught:
        check_labels("f1", ("a", "b", "c"))

    assert str(caught.value) == "metric: 'f1' is of two classes, the data has 3; take f1_macro"
