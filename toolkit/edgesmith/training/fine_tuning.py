# pyright: basic
"""A few more epochs for a trained model: on rounded numbers, or after the loss of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, assert_never

import numpy as np

from edgesmith.core import Split
from edgesmith.training.architectures.ends import arguments
from edgesmith.training.copying import copied
from edgesmith.training.determinism import reproducible
from edgesmith.training.layer_graph import layer_graph
from edgesmith.training.loop import Training
from edgesmith.training.pruning import pruned
from edgesmith.training.rounded_model import RoundedModel
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    import keras

    from edgesmith.config.training import TrainingConfig
    from edgesmith.core import Prepared, Progress

__all__ = ["Pruning", "QuantizationAware", "fine_tune"]

CALIBRATION_BATCHES = 16
PROBED_SAMPLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizationAware:
    """Fine-tuning on weights and activations rounded to 8 bits, as the quantized model has them.

    Args:
        epochs: Passes over the training split.
        learning_rate_share: Of the configured learning rate.
        float_layers: Names of Keras layers that the quantized model leaves in float.
        per_channel: Weights have a scale for each output channel, else one for all.

    Raises:
        ConfigError: No epoch, or a share that is not above 0.
    """

    epochs: int = 3
    learning_rate_share: float = 0.1
    float_layers: tuple[str, ...] = ()
    per_channel: bool = True

    def __post_init__(self) -> None:
        _check("quantization-aware", self.epochs, self.learning_rate_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """Removal of the weakest channels, and fine-tuning of what is left.

    Args:
        sparsity: Share of the channels that each layer loses where the graph allows it, above 0
            and below 1; at least one stays.
        epochs: Passes over the training split.
        learning_rate_share: Of the configured learning rate.

    Raises:
        ConfigError: No epoch, or a share out of its bounds.
    """

    sparsity: float = 0.5
    epochs: int = 3
    learning_rate_share: float = 0.1

    def __post_init__(self) -> None:
        _check("pruning", self.epochs, self.learning_rate_share)
        if not 0 < self.sparsity < 1:
            raise ConfigError(
                f"pruning: sparsity: expected more than 0 and less than 1, got {self.sparsity}"
            )


Tuning: TypeAlias = QuantizationAware | Pruning


def _check(where: str, epochs: int, share: float) -> None:
    if epochs < 1:
        raise ConfigError(f"{where}: epochs: expected 1 or more, got {epochs}")
    if not 0 < share < float("inf"):
        raise ConfigError(f"{where}: learning_rate_share: expected more than 0, got {share}")


def fine_tune(
    model: keras.Model,
    prepared: Prepared,
    config: TrainingConfig,
    tuning: QuantizationAware | Pruning,
    *,
    seed: int,
    progress: Progress,
) -> keras.Model:
    """Another model with the same layers, which bears quantization better or has fewer channels.

    The same arguments give the same weights, to the bit. The loss, the optimizer and the batches
    are those of the training. The weights are those of the epoch with the lowest validation loss,
    of rounded numbers where these are learned on; without a validation split those of the last.

    Args:
        model: Functional or sequential, trained; it is not changed.
        prepared: What it was trained on.
        config: How it was trained.
        tuning: What is done to it.
        seed: Of order, augmentation and dropout.
        progress: Told of every update, and of each epoch in words.

    Raises:
        ConfigError: The model's layers cannot be seen, copied, rounded or pruned; the message
            says which.
        EdgesmithError: The loss became NaN or infinite.
    """
    with reproducible(seed):
        layer_graph(model)
        tuned = copied(model)
        _check_copy(model, tuned, prepared)
        match tuning:
            case QuantizationAware():
                learner = RoundedModel(
                    tuned,
                    float_layers=frozenset(tuning.float_layers),
                    per_channel=tuning.per_channel,
                )
            case Pruning():
                learner = tuned = pruned(tuned, tuning.sparsity)
            case _:
                assert_never(tuning)
        cure = f"lower learning_rate_share, which is {tuning.learning_rate_share:g}"
        shorter = _config(config, tuning, prepared)
        training = Training(learner, prepared, shorter, seed=seed, cure=cure)
        if isinstance(learner, RoundedModel):
            learner.calibrate(training.first_inputs(CALIBRATION_BATCHES))
        updates = training.updates(progress)
        for _ in progress.track(updates, "Fine-tuning", total=training.n_updates_left):
            pass
        training.finish()
    return tuned


def _config(config: TrainingConfig, tuning: Tuning, prepared: Prepared) -> TrainingConfig:
    """The same loop for a few epochs, none of which is left out.

    A patience of all epochs never ends early, and has the best weights kept.
    """
    has_validation = Split.VALIDATION in prepared.splits
    return config.model_copy(
        update={
            "epochs": tuning.epochs,
            "learning_rate": config.learning_rate * tuning.learning_rate_share,
            "warmup_epochs": 0.0,
            "patience": tuning.epochs if has_validation else 0,
            "min_delta": 0.0,
            "tolerance": 0.0,
        }
    )


def _check_copy(model: keras.Model, copy: keras.Model, prepared: Prepared) -> None:
    if not copy.trainable_variables:
        raise ConfigError(
            f"fine-tuning: the model '{model.name}' has no trainable weights; "
            "set trainable = True on the layers that shall learn"
        )
    n_samples = min(PROBED_SAMPLES, len(prepared.splits[Split.TRAIN]))
    inputs = arguments(prepared.tensors(Split.TRAIN, slice(0, n_samples)))
    expected, got = (np.asarray(one(inputs, training=False)) for one in (model, copy))
    if not np.allclose(expected, got, rtol=1e-4, atol=1e-6, equal_nan=True):
        raise ConfigError(
            f"fine-tuning: the model '{model.name}' answers otherwise when it is copied: a layer "
            "keeps something that is neither in its get_config() nor among its weights"
        )
