from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    import keras

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))
CONVERTIBLE = {
    "InputLayer",
    "Reshape",
    "Conv2D",
    "DepthwiseConv2D",
    "BatchNormalization",
    "ReLU",
    "GlobalAveragePooling2D",
    "Dropout",
    "Dense",
}


def _net(*shape: int, dtype: str = "float32", **options: Any) -> keras.Model:
    inputs = (TensorSpec("features", dtype, ("batch", *shape)),)
    return architectures["ds_cnn"](inputs, CLASSES, Task.CLASSIFICATION, **options)


@pytest.mark.parametrize("shape", [(4, 4), (49, 10), (98, 40)])
def test_frames_of_bands_give_probabilities(shape: tuple[int, ...]) -> None:
    model = _net(*shape, width=4)

    scores = model(np.ones((2, *shape), np.float32)).numpy()

    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


def test_every_layer_is_one_that_converters_know_by_a_name_of_its_own() -> None:
    model = _net(49, 10)

    assert {type(layer).__name__ for layer in model.layers} <= CONVERTIBLE
    assert not any(
        layer.name[-1].isdigit() and "block" not in layer.name for layer in model.layers
    )


def test_it_has_the_weights_of_the_paper() -> None:
    """Zhang et al., table 5, DS-CNN S: 10x4 then four 3x3 blocks of 64; batch norm beside it."""
    model = _net(49, 10)

    kernels = sum(int(np.prod(w.shape)) for w in model.weights if w.name.endswith("kernel"))
    assert kernels == 40 * 64 + 4 * (9 * 64 + 64 * 64) + 64 * 3


def test_blocks_and_dropout_are_options() -> None:
    names = [layer.name for layer in _net(49, 10, blocks=2, dropout=0.0).layers]

    assert "block_2_point" in names
    assert "block_3_point" not in names
    assert "dropout" not in names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "training.options.width: expected a whole number from 1, got 0"),
        ({"blocks": 1.5}, "training.options.blocks: expected a whole number from 1, got 1.5"),
        ({"dropout": 1}, "training.options.dropout: expected a number from 0, below 1, got 1"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _net(49, 10, **options)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("shape", "dtype", "got"),
    [
        ((9,), "float32", "'features' float32 (batch, 9)"),
        ((49, 10), "uint8", "'features' uint8 (batch, 49, 10)"),
        ((3, 10), "float32", "'features' float32 (batch, 3, 10)"),
        ((49, 10, 2), "float32", "'features' float32 (batch, 49, 10, 2)"),
    ],
)
def test_anything_but_frames_of_bands_is_refused(
    shape: tuple[int, ...], dtype: str, got: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _net(*shape, dtype=dtype)

    assert str(caught.value) == (
        "training.architecture: ds_cnn takes one float32 tensor (batch, frames, bands) with "
        f"4 frames and 4 bands or more, got {got}; set [audio], or take mlp"
    )


def test_a_waveform_is_told_which_key_makes_frames_of_it() -> None:
    with pytest.raises(ConfigError) as caught:
        _net(4000, 1)

    assert str(caught.value).endswith(
        "got 'features' float32 (batch, 4000, 1); set audio.features to log_mel, mfcc or pcen, "
        "or take conv1d for a waveform"
    )
