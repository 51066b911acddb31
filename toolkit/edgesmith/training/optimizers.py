# pyright: basic
"""The update rule, and the learning rate of every update."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, assert_never

import keras

if TYPE_CHECKING:
    from edgesmith.config.training import TrainingConfig

__all__ = ["learning_rate", "make_optimizer"]

# Decay is against overfitting weights; offsets and normalisation scales have nothing to overfit
# with, and decaying them costs accuracy (He et al. 2019, arXiv:1812.01187, section 3.1).
UNDECAYED = ("bias", "gamma", "beta")


def make_optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """The optimizer that the configuration names; its learning rate is set before each update."""
    match config.optimizer:
        case "sgd":
            return keras.optimizers.SGD(config.learning_rate, momentum=float(config.momentum))
        case "adam":
            return keras.optimizers.Adam(config.learning_rate)
        case "adamw":
            optimizer = keras.optimizers.AdamW(
                config.learning_rate, weight_decay=config.weight_decay
            )
            optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
            return optimizer
        case _:
            assert_never(config.optimizer)


def learning_rate(config: TrainingConfig, update: int, updates_per_epoch: int) -> float:
    """The learning rate of one update.

    It rises linearly over the warm-up to ``config.learning_rate``, which the first update after
    it has, and then follows the schedule: a half cosine to 0 at the last epoch's end (Loshchilov
    and Hutter 2017, arXiv:1608.03983), or a factor of ``decay`` every ``decay_epochs``, at once
    (step) or evenly (exponential).

    Args:
        config: Schedule and its numbers.
        update: Counted from 0 over the whole training.
        updates_per_epoch: Batches in an epoch.
    """
    warmup = config.warmup_epochs * updates_per_epoch
    if update < warmup:
        return config.learning_rate * (update + 1) / (warmup + 1)
    after = update - warmup
    decays = after / (config.decay_epochs * updates_per_epoch)
    match config.schedule:
        case "constant":
            factor = 1.0
        case "cosine":
            whole = config.epochs * updates_per_epoch - warmup
            factor = 0.5 * (1 + math.cos(math.pi * after / whole))
        case "step":
            factor = config.decay ** math.floor(decays)
        case "exponential":
            factor = config.decay**decays
        case _:
            assert_never(config.schedule)
    return config.learning_rate * factor
