from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnxruntime as ort
import pytest
from onnxruntime.quantization import CalibrationDataReader, quantize_static

from edgesmith.config import ConversionConfig
from edgesmith.conversion import convert_here
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith.training.rounded_model import RoundedModel
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

layers = keras.layers
NONE: frozenset[str] = frozenset()
IMAGES = np.random.default_rng(0).normal(size=(64, 8, 8, 3)).astype(np.float32)


def _unsettled(model: keras.Model) -> keras.Model:
    """With normalizations as after a training."""
    rng = np.random.default_rng(1)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            for variable in layer.variables:
                variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def _chain() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8, 8, 3), name="x")])
    for index, conv in enumerate(
        (
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.DepthwiseConv2D(3, padding="same", use_bias=False),
            layers.Conv2D(6, 1, use_bias=False),
        )
    ):
        model.add(conv)
        model.add(layers.BatchNormalization(name=f"norm_{index}"))
        model.add(layers.ReLU())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(3, activation="softmax"))
    return _unsettled(model)


def _varied() -> keras.Model:
    keras.utils.set_random_seed(0)
    x = keras.Input((8, 8, 3), name="x")
    inner = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2),
            layers.BatchNormalization(scale=False),
        ]
    )
    y = layers.BatchNormalization()(layers.Conv2D(6, 3, padding="same")(x))
    y = layers.Activation("relu")(layers.Add()([inner(x), y]))
    y = layers.Conv2DTranspose(4, 2, strides=2, activation="tanh")(y)
    y = layers.Flatten()(layers.AveragePooling2D(2)(y))
    y = layers.BatchNormalization(center=False)(layers.Dense(8)(y))
    return _unsettled(keras.Model(x, layers.Dense(3)(y)))


@pytest.mark.parametrize("per_channel", [True, False])
def test_a_chain_answers_as_an_int8_engine_in_numpy(
    int8_answers: Callable[..., Any], *, per_channel: bool
) -> None:
    model = _chain()
    rounded = RoundedModel(model, float_layers=NONE, per_channel=per_channel)
    rounded.calibrate([IMAGES[:32], IMAGES[32:]])

    answers = rounded(IMAGES, training=False)

    expected = int8_answers(model, IMAGES, IMAGES, per_channel=per_channel)
    off = np.abs(np.asarray(model(IMAGES)) - expected).max()
    # A value on the edge of two steps may fall to either, as sums differ in their last bit.
    assert np.abs(np.asarray(answers) - expected).max() < 0.15 * off


class _Images(CalibrationDataReader):
    def __init__(self) -> None:
        self._batches = iter([{"x": IMAGES}])

    def get_next(self) -> Any:
        return next(self._batches, None)


@pytest.mark.slow
def test_it_answers_as_onnxruntime_does_when_quantized(tmp_path: Path) -> None:
    model, rng = _varied(), np.random.default_rng(1)
    for variable in model.variables:
        if "gamma" in variable.path:  # channels of scales that 8 bits cannot hold side by side
            variable.assign(2.0 ** rng.uniform(-5, 5, variable.shape))
    rounded = RoundedModel(model, float_layers=NONE, per_channel=True)
    rounded.calibrate([IMAGES])
    recipe = Recipe(name="float32_onnx", format=Format.ONNX)
    reference = trace(model, samples=IMAGES)
    artifact = convert_here(reference, recipe, labels={}, config=ConversionConfig())
    (tmp_path / "float.onnx").write_bytes(artifact.content)
    quantize_static(
        tmp_path / "float.onnx", tmp_path / "int8.onnx", _Images(), per_channel=True
    )

    answers = rounded(IMAGES, training=False)

    (expected,) = ort.InferenceSession(tmp_path / "int8.onnx").run(None, {"x": IMAGES})
    off = np.abs(np.asarray(model(IMAGES)) - expected).mean()
    # Not the same numbers: onnxruntime has biases in 32 bits and rounds inside some operations.
    assert np.abs(np.asarray(answers) - expected).mean() < 0.3 * off


def test_8_bits_are_enough_where_all_channels_have_one_scale() -> None:
    model = _varied()
    rounded = RoundedModel(model, float_layers=NONE, per_channel=True)
    rounded.calibrate([IMAGES])

    answers = rounded(IMAGES, training=False)

    expected = np.asarray(model(IMAGES))
    np.testing.assert_allclose(answers, expected, atol=0.02 * np.ptp(expected))


@pytest.mark.parametrize("make", [_chain, _varied])
def test_training_uses_and_keeps_the_statistics_of_normalizations(make: Any) -> None:
    model = make()
    rounded = RoundedModel(model, float_layers=NONE, per_channel=True)
    rounded.calibrate([IMAGES])
    before = [v.numpy() for v in model.variables]

    learning = rounded(IMAGES, training=True)

    np.testing.assert_allclose(learning, rounded(IMAGES, training=False), atol=2e-2)
    for one, other in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


def test_with_everything_but_one_layer_in_float_little_is_lost() -> None:
    model = _chain()
    names = {layer.name for layer in model.layers} - {"norm_2"}
    kept = frozenset(names - {model.layers[-1].name})
    rounded = RoundedModel(model, float_layers=kept, per_channel=True)
    rounded.calibrate([IMAGES])

    answers = rounded(IMAGES, training=False)

    np.testing.assert_allclose(answers, model(IMAGES), atol=2e-2)
    assert not np.array_equal(answers, model(IMAGES))


def test_an_activation_that_is_a_layer_is_put_back() -> None:
    activation = layers.LeakyReLU()
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 1, activation=activation)]
    )
    rounded = RoundedModel(model, float_layers=NONE, per_channel=True)
    rounded.calibrate([IMAGES])

    answers = rounded(IMAGES, training=False)

    assert model.layers[0].activation is activation
    np.testing.assert_allclose(answers, model(IMAGES), atol=1e-1)


def test_inputs_are_found_by_name() -> None:
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    model = keras.Model({"b": b, "a": a}, layers.Dense(2)(layers.Subtract()([a, b])))
    given = {"a": IMAGES[0, 0], "b": IMAGES[0, 1]}
    given = {name: np.ascontiguousarray(array.T) for name, array in given.items()}
    rounded = RoundedModel(model, float_layers=NONE, per_channel=True)
    rounded.calibrate([given])

    answers = rounded(given, training=False)

    np.testing.assert_allclose(answers, model(given), atol=1e-1)


def test_masks_go_on_from_layer_to_layer() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Dense(4, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    tokens = np.array([[3, 4, 0, 0, 0], [1, 2, 3, 4, 5]], np.int32)
    rounded = RoundedModel(model, float_layers=NONE, per_channel=True)
    rounded.calibrate([tokens])

    answers = rounded(tokens, training=False)

    np.testing.assert_allclose(answers, model(tokens), atol=2e-3)
