# pyright: basic
"""Distance from the training mean in units of its spread: a one-class score without a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from sklearn.covariance import ledoit_wolf

from edgesmith.training.architectures.ends import arguments, flat, input_layers
from edgesmith.training.architectures.options import check_share
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["fit_mahalanobis", "mahalanobis"]

AUTO = "auto"
MOST_FEATURES = 4096  # of which the matrix has 64 MiB
MOST_DEVIATIONS = 1e17  # the squares of 4,096 of them have a sum in the range of float32
WHITENED = "whitened"


def mahalanobis(
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    shrinkage: float | str = AUTO,
) -> keras.Model:
    """``sqrt((x - mean)' inverse(covariance) (x - mean))``, mean and covariance of the training split.

    Mahalanobis, On the generalised distance in statistics, 1936. It is computed as the length of
    ``(x - mean) W`` with ``W W' = inverse(covariance)``. The features are standardised, and their
    correlations shrunk towards none: ``(1 - s) R + s I``, which can be inverted with any number of
    samples. The weights are found in closed form, see ``fit_mahalanobis``. What lies further off
    than 1e17 deviations counts as 1e17: far off, where its square has no number.

    Args:
        inputs: float32 tensors of fixed shape, flattened side by side.
        output: What the model gives: the distance.
        task: An anomaly detection.
        shrinkage: ``s``, from 0 and below 1; ``auto`` takes that with the least expected error
            (Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance
            matrices, 2004).

    Raises:
        ConfigError: An option has a value that it cannot have, or there are more than 4,096
            features.
    """
    del task
    if shrinkage != AUTO:
        check_share("shrinkage", shrinkage)
    layers = input_layers(inputs)
    features = flat(inputs, layers)
    n_features = int(features.shape[-1])
    if n_features > MOST_FEATURES:
        raise ConfigError(
            f"training.architecture: mahalanobis takes at most {MOST_FEATURES} features, got "
            f"{n_features}; take fewer of them, or autoencoder"
        )
    whitened = keras.layers.Dense(n_features, trainable=False, name=WHITENED)(features)
    # Layers that Keras has and saves: the magnitudes, as far as their squares are finite, and
    # their length, which is the product of a vector with its direction.
    negative = keras.layers.Rescaling(-1.0, name="negative")(whitened)
    magnitudes = keras.layers.Maximum(name="magnitudes")([whitened, negative])
    whitened = keras.layers.ReLU(max_value=MOST_DEVIATIONS, name="bounded")(magnitudes)
    direction = keras.layers.UnitNormalization(name="direction")(whitened)
    score = keras.layers.Dot(axes=-1, dtype="float32", name=output.name)([whitened, direction])
    return keras.Model(arguments(layers), score, name="mahalanobis")


def fit_mahalanobis(
    model: keras.Model, tensors: Mapping[str, NDArray[Any]], options: Mapping[str, Any]
) -> None:
    """Give a fresh model of ``mahalanobis`` its weights.

    Args:
        model: It is changed.
        tensors: Of the training split, ``(n, ...)`` by input in the model's order.
        options: Those of the architecture.

    Raises:
        ConfigError: There is one sample alone, or the covariance cannot be inverted.
    """
    columns = [array.reshape(len(array), -1) for array in tensors.values()]
    features = np.concatenate(columns, axis=1).astype(np.float64)
    if len(features) < 2:
        raise ConfigError(
            "training.architecture: mahalanobis needs two training samples or more"
        )
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = (
        1.0  # a constant: whatever differs from it is told in its own unit
    )
    standard = (features - mean) / deviation
    correlations = _shrunk(standard, options.get("shrinkage", AUTO))
    try:
        lower = np.linalg.cholesky(correlations)
    except np.linalg.LinAlgError as error:
        raise ConfigError(
            "training.options.shrinkage: the features depend on each other, and without shrinkage "
            f"their covariance has no inverse; take {AUTO}, or a number above 0"
        ) from error
    kernel = np.linalg.inv(lower).T / deviation[:, None]
    model.get_layer(WHITENED).set_weights([kernel, -mean @ kernel])


def _shrunk(standard: NDArray[np.float64], shrinkage: float | str) -> NDArray[np.float64]:
    """Correlations shrunk towards the identity, ``(feature, feature)``.

    A constant feature has a variance of 0 there, which stands for no knowledge: it becomes 1.
    """
    found = standard.T @ standard / len(standard)
    np.fill_diagonal(found, np.where(np.diag(found) > 0, np.diag(found), 1.0))
    if shrinkage == AUTO:
        _, shrinkage = ledoit_wolf(standard, assume_centered=True)
    share = float(shrinkage)
    return (1 - share) * found + share * np.eye(len(found))
