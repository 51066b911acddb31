from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.config import TrainingConfig
from edgesmith.training import fit
from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import keras

    from edgesmith.core import Prepared, Progress

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))


def _mobilenet(*shape: int, **options: Any) -> keras.Model:
    inputs = (TensorSpec("image", "float32", ("batch", *shape)),)
    return architectures["mobilenet"](inputs, CLASSES, Task.CLASSIFICATION, **options)


@pytest.mark.parametrize("shape", [(8, 8, 1), (33, 47, 3), (100, 64, 3)])
def test_images_give_probabilities(shape: tuple[int, ...]) -> None:
    scores = _mobilenet(*shape, width=4, dropout=0.1)(np.ones((2, *shape), np.float32)).numpy()

    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


def test_images_give_values() -> None:
    inputs = (TensorSpec("image", "float32", ("batch", 8, 8, 1)),)

    model = architectures["mobilenet"](
        inputs, Output(name="value", shape=(1,)), Task.REGRESSION, width=2
    )

    assert model(np.ones((2, 8, 8, 1), np.float32)).shape == (2, 1)


def test_a_block_that_keeps_its_shape_adds_its_input_and_one_that_halves_does_not() -> None:
    model = _mobilenet(32, 32, 3, width=4, stages=2, blocks=2)

    sums = [layer.name for layer in model.layers if type(layer).__name__ == "Add"]
    assert sums == ["stage_1_block_1_sum", "stage_1_block_2_sum", "stage_2_block_2_sum"]
    assert model.get_layer("stage_2_block_1_depth").output.shape == (None, 16, 16, 16)
    assert model.get_layer("mean").output.shape == (None, 16)


def test_it_learns(
    prepare: Callable[..., Prepared], progress: Progress, tmp_path: Path
) -> None:
    targets = np.arange(48) % 2
    images = np.random.default_rng(0).normal(size=(48, 8, 8, 1)).astype(np.float32)
    images[targets == 1, :4] += 2.0
    config = TrainingConfig(
        architecture="mobilenet",
        options={"width": 4, "stages": 2, "blocks": 1},
        epochs=8,
        learning_rate=0.01,
    )

    fitted = fit(
        prepare((images, targets)), config, seed=0, directory=tmp_path, progress=progress
    )

    assert fitted.curve.train_loss[-1] < 0.6 * fitted.curve.train_loss[0]


@pytest.mark.parametrize("option", ["width", "stages", "blocks", "expansion"])
def test_a_wrong_count_is_named(option: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _mobilenet(8, 8, 1, **{option: 0})

    assert str(caught.value) == (
        f"training.options.{option}: expected a whole number from 1, got 0"
    )


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^training.architecture: mobilenet takes one float32"
    ):
        _mobilenet(28)
