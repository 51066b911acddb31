# pyright: basic
"""What training makes small: a loss a sample, and the weight of its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config.training import TrainingConfig

__all__ = ["SampleLoss", "balanced_weights", "loss_of_pairs", "sample_loss", "sample_weights"]

SampleLoss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""``(targets, outputs) -> (batch,)`` float32."""


def sample_loss(config: TrainingConfig, task: Task) -> SampleLoss:
    """The loss of each sample of a batch, ``(targets, outputs) -> (batch,)``.

    Classification: targets are ``(batch,)`` class indices and outputs ``(batch, classes)``
    probabilities. Regression: both are ``(batch, ...)`` values, averaged over a sample. Anomaly
    detection: targets are 0, as normal samples have it, and outputs ``(batch, 1)`` scores; auto
    takes the scores themselves.

    Raises:
        ConfigError: The loss is not for this task.
    """
    is_classification = task is Task.CLASSIFICATION
    this = "an anomaly detection" if task is Task.ANOMALY else f"a {task}"
    if is_classification != (config.loss == "crossentropy") and config.loss != "auto":
        fitting = (
            "crossentropy"
            if is_classification
            else "mean_squared_error, mean_absolute_error, huber"
        )
        raise ConfigError(
            f"training.loss: expected auto or one of {fitting} for {this}, got '{config.loss}'"
        )
    if not is_classification and config.label_smoothing:
        raise ConfigError(f"training.label_smoothing: is for a classification, this is {this}")
    if not is_classification and config.class_weights != "none":
        raise ConfigError(f"training.class_weights: is for a classification, this is {this}")
    if is_classification:
        return _crossentropy(config.label_smoothing)
    usual = "mean_absolute_error" if task is Task.ANOMALY else "mean_squared_error"
    return _by_value(usual if config.loss == "auto" else config.loss)


def _crossentropy(label_smoothing: float) -> SampleLoss:
    def crossentropy(targets: tf.Tensor, outputs: tf.Tensor) -> Any:
        wanted = keras.ops.one_hot(targets, outputs.shape[-1])
        return keras.losses.categorical_crossentropy(
            wanted, outputs, label_smoothing=label_smoothing
        )

    return crossentropy


def _by_value(name: str) -> SampleLoss:
    function = getattr(keras.losses, name)

    def value_loss(targets: tf.Tensor, outputs: tf.Tensor) -> Any:
        flat = (tf.shape(outputs)[0], -1)
        return function(tf.reshape(targets, flat), tf.reshape(outputs, flat))

    return value_loss


def loss_of_pairs(loss: SampleLoss) -> SampleLoss:
    """The loss of mixed samples: targets are twice as many as outputs, the first of each pair first."""

    def of_pairs(targets: tf.Tensor, outputs: tf.Tensor) -> Any:
        return loss(targets, tf.concat([outputs, outputs], axis=0))

    return of_pairs


def sample_weights(
    config: TrainingConfig, targets: NDArray[Any], weights_from: NDArray[Any]
) -> NDArray[np.float32]:
    """The weight of each sample in the mean loss, ``(n,)``.

    Args:
        config: Says whether classes are balanced; else every weight is 1.
        targets: Of the samples.
        weights_from: Training targets, whose class counts decide.
    """
    if config.class_weights == "none":
        return np.ones(len(targets), np.float32)
    n_classes = int(max(targets.max(), weights_from.max())) + 1
    return balanced_weights(weights_from, n_classes)[targets]


def balanced_weights(targets: NDArray[Any], n_classes: int) -> NDArray[np.float32]:
    """``n_samples / (n_classes_present * count)`` by class, scikit-learn's "balanced" (King and Zeng 2001).

    Args:
        targets: Class indices of the training split, ``(n,)``.
        n_classes: Length of the result; a class without samples weighs 0.
    """
    counts = np.bincount(targets, minlength=n_classes)
    present = np.count_nonzero(counts)
    weights = np.divide(
        len(targets), present * counts, out=np.zeros(n_classes), where=counts > 0
    )
    return weights.astype(np.float32)
