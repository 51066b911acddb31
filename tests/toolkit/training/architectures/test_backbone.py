"""A net of keras.applications takes weights, keeps them while frozen, and learns in two builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.config import TrainingConfig
from edgesmith.training import fit
from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec
from edgesmith_runtime.transforms.channels import ReorderChannels
from edgesmith_runtime.transforms.numeric import Scale

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.core import Prepared, Progress

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))
SMALL: dict[str, Any] = {"net": "MobileNet", "alpha": 0.25}


def _backbone(**options: Any) -> keras.Model:
    inputs = (TensorSpec("x", "float32", ("batch", 32, 32, 3)),)
    return architectures["backbone"](inputs, CLASSES, Task.CLASSIFICATION, **options)


def _published() -> keras.Model:
    """The net with weights under which an image is still seen after its 27 layers."""
    keras.utils.set_random_seed(5)
    make: Any = keras.applications.MobileNet
    model = make(
        input_shape=(32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg"
    )
    for layer in model.layers:
        if layer.__class__ is keras.layers.BatchNormalization:
            layer.gamma.assign(keras.ops.full_like(layer.gamma, 4.5))
    return model


@pytest.fixture
def weights(tmp_path: Path) -> str:
    path = tmp_path / "small.weights.h5"
    _published().save_weights(path)
    return str(path)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(24, 32, 32, 3)).astype(np.float32)


def _config(**options: Any) -> TrainingConfig:
    return TrainingConfig(
        architecture="backbone", options={**SMALL, **options}, epochs=2, batch_size=12
    )


def test_without_weights_all_of_it_learns(images: np.ndarray) -> None:
    model = _backbone(**SMALL)

    np.testing.assert_allclose(model(images[:2]).numpy().sum(axis=1), 1, rtol=1e-5)
    assert any("conv_dw_1" in variable.path for variable in model.trainable_variables)


def test_given_weights_are_those_of_the_net(weights: str, images: np.ndarray) -> None:
    model = _backbone(**SMALL, weights=weights, frozen=True)

    features = keras.Model(model.input, model.get_layer("dropout").input)
    expected = _published()(images, training=False).numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(features(images, training=True), expected, rtol=1e-4, atol=1e-4)


def test_a_frozen_net_learns_in_its_head_alone(weights: str) -> None:
    model = _backbone(**SMALL, weights=weights, frozen=True)

    assert [variable.path for variable in model.trainable_variables] == [
        "scores/kernel",
        "scores/bias",
    ]


def test_a_fine_tuned_net_keeps_its_batch_norms(weights: str) -> None:
    model = _backbone(**SMALL, weights=weights)

    learning = {variable.path.split("/")[0] for variable in model.trainable_variables}
    assert {"conv1", "conv_dw_1", "conv_pw_13", "scores"} <= learning
    assert not any("bn" in name for name in learning)


def test_a_second_build_goes_on_where_the_first_one_ended(
    weights: str,
    images: np.ndarray,
    prepare: Callable[..., Prepared],
    progress: Progress,
    tmp_path: Path,
) -> None:
    prepared = prepare((images, np.arange(24) % 3))
    first = fit(
        prepared,
        _config(weights=weights, frozen=True),
        seed=0,
        directory=tmp_path / "first",
        progress=progress,
    ).model
    first.save(tmp_path / "original.keras")

    started = _backbone(**SMALL, weights=str(tmp_path / "original.keras"))
    second = fit(
        prepared,
        _config(weights=str(tmp_path / "original.keras")),
        seed=0,
        directory=tmp_path / "second",
        progress=progress,
    ).model

    np.testing.assert_array_equal(started(images), first(images))
    before = _published().get_layer("conv_pw_13").get_weights()[0]
    np.testing.assert_array_equal(first.get_layer("conv_pw_13").get_weights()[0], before)
    assert not np.array_equal(second.get_layer("conv_pw_13").get_weights()[0], before)


CENTRED = (Scale((127.5,), (127.5,)),)
TORCH = (Scale((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),)
CAFFE = (ReorderChannels((2, 1, 0)), Scale((103.939, 116.779, 123.68), (1.0,)))


@pytest.mark.parametrize(
    ("module", "steps"),
    [
        *((name, CENTRED) for name in ("mobilenet", "mobilenet_v2", "xception", "resnet_v2")),
        *((name, CENTRED) for name in ("inception_v3", "inception_resnet_v2", "nasnet")),
        ("densenet", TORCH),
        *((name, CAFFE) for name in ("resnet", "vgg16", "vgg19")),
        *((name, ()) for name in ("efficientnet", "efficientnet_v2", "mobilenet_v3")),
        ("convnext", ()),
    ],
)
def test_the_documented_normalization_is_that_of_the_application(
    module: str, steps: tuple[Any, ...]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)

    prepared: Any = pixels
    for step in steps:
        prepared = step(prepared)

    expected = getattr(keras.applications, module).preprocess_input(pixels.copy())
    np.testing.assert_allclose(prepared, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "net: missing; expected one of keras.applications, e.g. MobileNetV2"),
        (
            {"net": "MobileNetV4"},
            "net: keras.applications has no 'MobileNetV4'; did you mean 'MobileNetV2'?",
        ),
        (
            {**SMALL, "frozen": True},
            "frozen: a net of random weights would stay so; give weights",
        ),
        ({"net": "DenseNet121", "alpha": 0.5}, "alpha: DenseNet121 has one width only"),
        (
            {**SMALL, "weights": "weights.npz"},
            "weights: expected a .h5 or .keras file, got 'weights.npz'",
        ),
        ({**SMALL, "weights": "none.h5"}, "weights: there is no file 'none.h5'"),
        ({**SMALL, "dropout": 1.0}, "dropout: expected a number from 0, below 1, got 1.0"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _backbone(**options)

    assert str(caught.value) == f"training.options.{message}"


def test_weights_of_another_net_are_refused(weights: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _backbone(net="MobileNet", alpha=0.5, weights=weights)

    assert str(caught.value).startswith(
        "training.options.weights: 'small.weights.h5' does not hold the weights of MobileNet with "
        "these options: "
    )
