from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.training.pruning import pruned
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

layers = keras.layers
IMAGES = np.random.default_rng(0).normal(size=(3, 8, 8, 4)).astype(np.float32)


def _image() -> Any:
    return keras.Input((8, 8, 4), name="x")


def _flattened(x: Any) -> Any:
    x = layers.Conv2D(8, 3, use_bias=False, name="pruned")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.MaxPooling2D()(layers.ReLU()(x))
    return layers.Dense(3, name="last")(layers.Flatten()(x))


def _depthwise(x: Any) -> Any:
    x = layers.Conv2D(8, 3, activation="relu", name="pruned")(x)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.GlobalAveragePooling2D()(layers.BatchNormalization(name="norm")(x))
    return layers.Dense(3, name="last")(x)


def _separable(x: Any) -> Any:
    x = layers.SeparableConv2D(8, 3, activation="relu", name="pruned")(x)
    x = layers.SeparableConv2D(3, 3, depth_multiplier=2, name="last")(x)
    return layers.GlobalMaxPooling2D()(x)


def _transposed(x: Any) -> Any:
    x = layers.Conv2DTranspose(8, 2, strides=2, activation="tanh", name="pruned")(x)
    return layers.Conv2DTranspose(3, 2, name="last")(x)


def _branching(x: Any) -> Any:
    x = layers.Conv2D(8, 3, activation="relu", name="pruned")(x)
    left, right = layers.Conv2D(3, 3, name="last")(x), layers.Conv2D(3, 3)(x)
    return layers.Concatenate()([left, right])


def _nested(x: Any) -> Any:
    inside = keras.Sequential(
        [keras.Input((8, 8, 4)), layers.Conv2D(8, 3, activation="relu", name="pruned")]
    )
    return layers.Conv2D(3, 3, name="last")(inside(x))


def _model(build: Callable[[Any], Any]) -> keras.Model:
    keras.utils.set_random_seed(0)
    x = _image()
    model = keras.Model(x, build(x))
    for variable in model.variables:
        if "bias" in variable.path or "norm" in variable.path:
            variable.assign(np.random.default_rng(1).uniform(0.5, 1, variable.shape))
    return model


def _layer(model: keras.Model, name: str) -> Any:
    found = [layer for layer in model._flatten_layers() if layer.name == name]
    return found[0]


def _silence(model: keras.Model, channels: list[int]) -> None:
    """Make some channels of the layer 'pruned' always 0, through the normalization too."""
    named = {v.path.split("/", 1)[-1]: v for v in _layer(model, "pruned").variables}
    named |= {v.path.split("/", 1)[-1]: v for v in model.variables if "norm/" in v.path}
    is_transposed = isinstance(_layer(model, "pruned"), layers.Conv2DTranspose)
    for name, variable in named.items():
        values = variable.numpy()
        if name.endswith("kernel") and "depthwise" not in name:
            values[(..., channels, slice(None)) if is_transposed else (..., channels)] = 0
        if name.endswith(("bias", "beta", "moving_mean")):
            values[channels] = 0
        variable.assign(values)
    for variable in model.variables:
        if "depthwise/bias" in variable.path:
            variable.assign(np.zeros(variable.shape))


@pytest.mark.parametrize(
    "build", [_flattened, _depthwise, _separable, _transposed, _branching, _nested]
)
def test_channels_that_say_nothing_go_and_the_answers_stay(
    build: Callable[[Any], Any],
) -> None:
    model = _model(build)
    _silence(model, [0, 3, 4, 6])

    smaller = pruned(model, 0.5)

    assert smaller.count_params() < model.count_params()
    assert _layer(smaller, "pruned").filters == 4
    np.testing.assert_allclose(smaller(IMAGES), model(IMAGES), atol=1e-5)


def test_the_weakest_go_and_the_rest_keeps_its_order() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(4), layers.Dense(1)])
    kernel = np.array([[1, 0.1, -5, 0.2], [1, 0.2, 0, 3]], np.float32)
    last = np.array([[1], [2], [3], [4]], np.float32)
    model.set_weights([kernel, np.arange(4.0), last, np.zeros(1)])

    weights = pruned(model, 0.5).get_weights()

    np.testing.assert_array_equal(weights[0], kernel[:, [2, 3]])
    np.testing.assert_array_equal(weights[1], [2, 3])
    np.testing.assert_array_equal(weights[2], [[3], [4]])


def test_a_channel_is_as_strong_as_its_normalization_makes_it() -> None:
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(2, use_bias=False),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )
    gamma, variance = np.array([1.0, -1.0]), np.array([100.0, 1.0])
    kernel = np.array([[3.0, 2.0]], np.float32)
    model.layers[0].set_weights([kernel])
    model.layers[1].set_weights([gamma, np.zeros(2), np.zeros(2), variance])

    np.testing.assert_array_equal(pruned(model, 0.5).get_weights()[0], [[2.0]])


def test_the_share_is_rounded_down_and_one_channel_stays() -> None:
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(5), layers.Dense(2), layers.Dense(1)]
    )

    widths = [layer.units for layer in pruned(model, 0.7).layers]

    assert widths == [2, 1, 1]


def test_residual_sums_keep_their_channels() -> None:
    x = _image()
    inner = layers.Conv2D(8, 3, padding="same", activation="relu", name="inner")(x)
    outer = layers.Conv2D(4, 3, padding="same", name="outer")(inner)
    model = keras.Model(x, layers.Add()([outer, x]))

    smaller = pruned(model, 0.25)

    assert smaller.get_layer("inner").filters == 6
    assert smaller.get_layer("outer").filters == 4
    assert smaller.get_layer("outer").kernel.shape == (3, 3, 6, 4)


def test_the_given_model_stays_whole() -> None:
    model = _model(_flattened)
    before = model.get_weights()

    pruned(model, 0.5)

    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_where_nothing_can_go_hears_why_by_layer() -> None:
    x = _image()
    left = layers.Conv2D(4, 1, name="left")(x)
    grouped = layers.Conv2D(4, 1, groups=2, name="grouped")(layers.Add(name="sum")([left, x]))
    mixed = layers.Conv2D(4, 1, activation="softmax", name="mixed")(grouped)
    twice = layers.Conv2D(4, 1, name="twice")
    few = layers.Conv2D(1, 1, name="few")(twice(twice(mixed)))
    model = keras.Model(x, layers.Conv2D(4, 1, name="last")(few), name="net")

    with pytest.raises(ConfigError) as caught:
        pruned(model, 0.5)

    assert str(caught.value) == (
        "pruning: no layer of 'net' can lose channels: 'left' (Conv2D) feeds 'sum' (Add); "
        "'grouped' (Conv2D) has groups; 'mixed' (Conv2D) feeds 'twice' (Conv2D), which is used "
        "more than once; 'twice' (Conv2D) feeds 'twice' (Conv2D), which is used more than once; "
        "'twice' (Conv2D) is used more than once; 'few' (Conv2D) loses none of its 1 channels at "
        "sparsity 0.5; 'last' (Conv2D) gives what the model gives; leave pruning out for this model"
    )


def test_an_activation_over_all_channels_keeps_them() -> None:
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(4, activation="softmax", name="mixed"),
            layers.Dense(1, name="last"),
        ]
    )

    with pytest.raises(ConfigError, match="has an activation over all of its channels"):
        pruned(model, 0.5)


def test_channels_into_a_model_inside_stay() -> None:
    inside = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inside")])
    x = keras.Input((2,))
    model = keras.Model(x, inside(layers.Dense(4, name="before")(x)))

    with pytest.raises(ConfigError, match=r"'before' \(Dense\) goes into a model inside this"):
        pruned(model, 0.5)


def test_a_model_without_kernels_hears_so() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.BatchNormalization()], name="net")

    with pytest.raises(ConfigError) as caught:
        pruned(model, 0.5)

    assert str(caught.value) == (
        "pruning: no layer of 'net' can lose channels: there is no convolution and no dense "
        "layer; leave pruning out for this model"
    )
