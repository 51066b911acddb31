# pyright: basic
"""What follows a convolution without a bias: a batch norm that keeps up, and a ReLU."""

from __future__ import annotations

import keras

__all__ = ["normalised", "rectified"]

BATCH_NORM_MOMENTUM = 0.9  # Keras' 0.99 lags behind in a training of few updates


def normalised(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A batch norm, named ``name_norm``."""
    return keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(
        features
    )


def rectified(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A ReLU, named ``name_relu``."""
    return keras.layers.ReLU(name=f"{name}_relu")(features)
