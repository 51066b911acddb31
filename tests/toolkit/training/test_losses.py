from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from edgesmith.config import TrainingConfig
from edgesmith.training.losses import (
    balanced_weights,
    loss_of_pairs,
    sample_loss,
    sample_weights,
)
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Task


def _config(**keys: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"architecture": "linear", **keys})


def test_crossentropy_is_the_negative_log_of_the_right_class() -> None:
    outputs = tf.constant([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])

    losses = sample_loss(_config(), Task.CLASSIFICATION)(tf.constant([0, 2]), outputs)

    np.testing.assert_allclose(losses, -np.log([0.7, 0.5]), rtol=1e-5)


def test_label_smoothing_spreads_a_share_over_all_classes() -> None:
    outputs = tf.constant([[0.8, 0.2]])
    config = _config(label_smoothing=0.1)

    losses = sample_loss(config, Task.CLASSIFICATION)(tf.constant([0]), outputs)

    expected = -(0.95 * np.log(0.8) + 0.05 * np.log(0.2))
    np.testing.assert_allclose(losses, [expected], rtol=1e-5)


def test_the_loss_of_pairs_by_their_shares_is_that_of_the_mixed_target() -> None:
    outputs = tf.constant([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    loss = loss_of_pairs(sample_loss(_config(), Task.CLASSIFICATION))

    losses = loss(tf.constant([0, 2, 1, 2]), outputs).numpy()

    mixed = np.array([[0.3, 0.7, 0], [0, 0, 1]])
    expected = -(mixed * np.log(outputs)).sum(axis=1)
    np.testing.assert_allclose(0.3 * losses[:2] + 0.7 * losses[2:], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("auto", [0.25, 9.0]),
        ("mean_squared_error", [0.25, 9.0]),
        ("mean_absolute_error", [0.5, 3.0]),
        ("huber", [0.125, 2.5]),
    ],
)
def test_regression_losses_are_by_sample(loss: str, expected: list[float]) -> None:
    targets, outputs = tf.constant([[1.0], [0.0]]), tf.constant([[1.5], [3.0]])

    losses = sample_loss(_config(loss=loss), Task.REGRESSION)(targets, outputs)

    np.testing.assert_allclose(losses, expected, rtol=1e-6)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    targets = np.random.default_rng(1).choice(4, size=200, p=[0.6, 0.3, 0.08, 0.02])

    weights = balanced_weights(targets, 4)

    reference = compute_class_weight("balanced", classes=np.arange(4), y=targets)
    np.testing.assert_allclose(weights, reference, rtol=1e-6)


def test_a_sample_weighs_what_its_class_does_in_training() -> None:
    training_targets = np.array([0, 0, 0, 1])

    weights = sample_weights(
        _config(class_weights="balanced"), np.array([1, 0]), training_targets
    )

    np.testing.assert_allclose(weights, [2.0, 2 / 3], rtol=1e-6)


def test_the_loss_of_an_anomaly_detection_is_the_score() -> None:
    loss = sample_loss(_config(), Task.ANOMALY)
    scores = tf.constant([[0.5], [3.0]])

    losses = loss(tf.constant([0, 0], tf.int64), scores)

    assert losses.numpy().tolist() == [0.5, 3.0]


def test_samples_weigh_the_same_unless_asked() -> None:
    weights = sample_weights(_config(), np.array([1, 0]), np.array([0, 0, 1]))

    assert weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("keys", "task", "message"),
    [
        (
            {"loss": "huber"},
            Task.CLASSIFICATION,
            "training.loss: expected auto or one of crossentropy for a classification, got 'huber'",
        ),
        (
            {"loss": "crossentropy"},
            Task.REGRESSION,
            "training.loss: expected auto or one of mean_squared_error, mean_absolute_error, huber "
            "for a regression, got 'crossentropy'",
        ),
        (
            {"label_smoothing": 0.1},
            Task.REGRESSION,
            "training.label_smoothing: is for a classification, this is a regression",
        ),
        (
            {"class_weights": "balanced"},
            Task.REGRESSION,
            "training.class_weights: is for a classification, this is a regression",
        ),
        (
            {"loss": "crossentropy"},
            Task.ANOMALY,
            "training.loss: expected auto or one of mean_squared_error, mean_absolute_error, huber "
            "for an anomaly detection, got 'crossentropy'",
        ),
    ],
)
def test_what_a_task_has_no_use_for_is_refused(
    keys: dict[str, object], task: Task, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        sample_loss(_config(**keys), task)

    assert str(caught.value) == message
