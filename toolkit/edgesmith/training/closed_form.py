# pyright: basic
"""Architectures whose weights follow from the data at once, without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith.core import Curve, Split
from edgesmith.training.architectures.ends import arguments
from edgesmith.training.architectures.mahalanobis import fit_mahalanobis
from edgesmith.training.batches import EVALUATION_BATCH
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from edgesmith.config.training import TrainingConfig
    from edgesmith.core import Prepared

__all__ = ["CLOSED_FORMS", "settle"]

CLOSED_FORMS: dict[str, Callable[..., None]] = {"mahalanobis": fit_mahalanobis}
"""By architecture: ``(model, tensors of the training split, options)``, which sets the weights."""

STOP_REASON = "fitted in closed form: the weights follow from the data at once"
_OF_NO_LOOP = ("architecture", "options")


def settle(model: keras.Model, prepared: Prepared, config: TrainingConfig) -> Curve:
    """Give a model the weights that follow from the training split.

    Args:
        model: Fresh, of one of ``CLOSED_FORMS``; it is changed.
        prepared: The data set; all training tensors are held at a time.
        config: Architecture and options.

    Returns:
        A curve of one point: the mean score of the training and of the validation samples.

    Raises:
        ConfigError: A key is set that only a loop has a use for, or the data has no such weights.
    """
    for key in sorted(config.model_fields_set - set(_OF_NO_LOOP)):
        raise ConfigError(
            f"training.{key}: '{config.architecture}' is fitted in closed form, without a loop; "
            "remove the key"
        )
    if prepared.augment is not None:
        raise ConfigError(
            f"augmentation: '{config.architecture}' is fitted in closed form and would never see "
            "an augmented sample; remove the section"
        )
    tensors = prepared.tensors(Split.TRAIN, slice(None))
    CLOSED_FORMS[config.architecture](model, tensors, config.options)
    validation = (Split.VALIDATION,) if Split.VALIDATION in prepared.splits else ()
    return Curve(
        train_loss=(_mean_score(model, prepared, Split.TRAIN),),
        validation_loss=tuple(_mean_score(model, prepared, split) for split in validation),
        best_epoch=1,
        stop_reason=STOP_REASON,
    )


def _mean_score(model: keras.Model, prepared: Prepared, split: Split) -> float:
    n_samples = len(prepared.splits[split])
    total = 0.0
    for start in range(0, n_samples, EVALUATION_BATCH):
        tensors = prepared.tensors(split, slice(start, start + EVALUATION_BATCH))
        total += float(np.sum(model(arguments(tensors), training=False), dtype=np.float64))
    return total / n_samples
