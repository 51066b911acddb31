"""Small real models and what becomes of them, shared by the rooms after training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.recipe import Recipe
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact


def _image_model(seed: int) -> keras.Model:
    import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(
                moving_mean_initializer="random_normal", moving_variance_initializer="ones"
            ),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax", name="digit"),
        ]
    )


@pytest.fixture(scope="session")
def image_model() -> keras.Model:
    """Images ``(8, 8, 1)`` to the probabilities of three classes."""
    return _image_model(0)


@pytest.fixture(scope="session")
def images() -> NDArray[np.float32]:
    """Seven images, ``(7, 8, 8, 1)``."""
    return np.random.default_rng(1).normal(size=(7, 8, 8, 1)).astype(np.float32)


@pytest.fixture(scope="session")
def reference(image_model: keras.Model) -> Reference:
    from edgesmith.reference import trace

    return trace(image_model)


@pytest.fixture(scope="session")
def line_model() -> keras.Model:
    """``2 x1 + 3 x2 + 5``, as tutorials write it: with variables that Keras does not see."""
    import keras
    import tensorflow as tf

    class Line(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.slope = tf.Variable(tf.constant([[2.0], [3.0]]), name="slope")
            self.offset = tf.Variable(tf.constant(5.0), name="offset")

        def call(self, x: tf.Tensor) -> tf.Tensor:
            return x @ self.slope + self.offset

    return Line()


@pytest.fixture(scope="session")
def artifact_of() -> Callable[..., Artifact]:
    """Convert in this process, where TensorFlow is loaded already."""
    from edgesmith.config import ConversionConfig
    from edgesmith.conversion import convert_here
    from edgesmith.recipe import Recipe

    def make(
        reference: Reference,
        fmt: Format,
        *,
        labels: Mapping[str, tuple[str, ...]] | None = None,
        opset: int = 18,
    ) -> Artifact:
        recipe = Recipe(name=f"float32_{fmt}", format=fmt)
        config = ConversionConfig(opset=opset)
        return convert_here(reference, recipe, labels=labels or {}, config=config)

    return make


@pytest.fixture(scope="session")
def other_artifacts(artifact_of: Callable[..., Artifact]) -> dict[Format, Artifact]:
    """Of a model with the same signature as ``image_model`` and other weights."""
    from edgesmith.reference import trace

    reference = trace(_image_model(1))
    return {fmt: artifact_of(reference, fmt) for fmt in Format}


@pytest.fixture(scope="session")
def artifacts(reference: Reference, scratch: Path) -> dict[Format, Artifact]:
    """Of ``image_model``, converted in child processes as a build does."""
    from edgesmith.config.delivery import ConversionConfig
    from edgesmith.conversion import convert

    return {
        fmt: convert(
            reference,
            Recipe(name=f"float32_{fmt}", format=fmt),
            labels={"digit": ("zero", "one", "two")},
            config=ConversionConfig(),
            directory=scratch,
        )
        for fmt in Format
    }


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")
