from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

layers: Any = keras.layers
POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")
PRECISION = {"float16": 1e-2, "bfloat16": 6e-2, "float64": 1e-5}  # of the output's range


class Own(keras.Model):
    """A subclassed model that reads its policy, and has a variable that is not cast for it."""

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.shift = self.add_weight(shape=(), initializer="zeros", autocast=False)
        self.shift.assign(0.25)

    def call(self, x: Any) -> Any:
        shift = keras.ops.cast(self.shift, self.compute_dtype)
        scaled: Any = keras.ops.cast(x * self.scale, self.compute_dtype)
        return scaled * 2 + shift


def _image() -> Any:
    x = keras.Input((9, 8, 3))
    y = layers.BatchNormalization()(layers.Conv2D(6, 3)(x))
    y = layers.DepthwiseConv2D(3, activation="relu6")(y)
    y = layers.GlobalAveragePooling2D()(layers.Dropout(0.2)(y))
    return keras.Model(x, layers.Dense(4, activation="softmax", dtype="float32")(y))


def _series() -> Any:
    x = keras.Input((7, 6))
    y = layers.MultiHeadAttention(2, 4)(x, x)
    return keras.Model(x, layers.Dense(3)(layers.LayerNormalization()(y)))


def _tokens() -> Any:
    x = keras.Input((7,), dtype="int32")
    return keras.Model(x, layers.GlobalAveragePooling1D()(layers.Embedding(20, 6)(x)))


MODELS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "image": (_image, (9, 8, 3)),
    "series": (_series, (7, 6)),
    "tokens": (_tokens, (7,)),
    "own": (Own, (6,)),
}


@pytest.fixture(autouse=True)
def _float32_afterwards() -> Iterator[None]:
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


def _samples(kind: str) -> np.ndarray:
    rng, shape = np.random.default_rng(0), (5, *MODELS[kind][1])
    if kind == "tokens":
        return rng.integers(0, 20, shape).astype(np.int32)
    return rng.standard_normal(shape, np.float32)


def _built(kind: str, policy: str) -> Any:
    keras.config.set_dtype_policy(policy)
    return MODELS[kind][0]()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_of_another_precision_answers_as_itself_within_it(
    kind: str, policy: str
) -> None:
    model, samples = _built(kind, policy), _samples(kind)
    expected = np.asarray(keras.ops.cast(model(samples), "float32"))

    reference = trace(model, samples=samples)
    (given,) = reference.run({reference.signature.inputs[0].name: samples}).values()

    assert given.dtype == np.float32
    limit = PRECISION[policy.removeprefix("mixed_")] * np.ptp(expected)
    np.testing.assert_allclose(given, expected, atol=limit, rtol=0)


@pytest.mark.parametrize("kind", MODELS)
def test_the_computation_is_that_of_float32(kind: str) -> None:
    model, samples = _built(kind, "mixed_float16"), _samples(kind)
    model(samples)
    twin = _built(kind, "float32")
    twin(samples)
    twin.set_weights(model.get_weights())

    reference = trace(model, samples=samples)
    (given,) = reference.run({reference.signature.inputs[0].name: samples}).values()

    np.testing.assert_allclose(given, twin(samples), atol=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_model_stays_as_it_was(policy: str) -> None:
    model, samples = _built("image", policy), _samples("image")
    before = [weight.numpy().tobytes() for weight in model.weights]
    output = np.asarray(keras.ops.cast(model(samples), "float64"))

    trace(model).freeze()

    assert {layer.dtype_policy.name for layer in model.layers[1:-1]} == {policy}
    assert model.layers[1].compute_dtype == policy.removeprefix("mixed_")
    assert [weight.numpy().tobytes() for weight in model.weights] == before
    np.testing.assert_array_equal(keras.ops.cast(model(samples), "float64"), output)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_inputs_of_the_other_precision_are_float32(dtype: str) -> None:
    keras.config.set_dtype_policy(dtype)
    x = keras.Input((6,), dtype=dtype, name="x")

    reference = trace(keras.Model(x, layers.Dense(3)(x)))

    assert reference.signature.inputs == (TensorSpec("x", "float32", ("batch", 6)),)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64"])
def test_inputs_of_a_float32_model_keep_their_dtype(dtype: str) -> None:
    x = keras.Input((6,), dtype=dtype, name="x")

    reference = trace(keras.Model(x, layers.Dense(3)(layers.Rescaling(0.5)(x))))

    assert reference.signature.inputs[0].dtype == dtype


def test_a_layer_of_its_own_precision_counts() -> None:
    x = keras.Input((6,))
    model = keras.Model(x, layers.Dense(3, dtype="float16")(layers.Dense(4)(x)))

    reference = trace(model)

    assert reference.signature.outputs[0].dtype == "float32"


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_casts_to_a_half_in_own_code_are_to_float32(name: str) -> None:
    class Halved(keras.Layer):
        def call(self, x: Any) -> Any:
            halved: Any = keras.ops.cast(x, name)
            return halved / keras.ops.convert_to_tensor(3.0, dtype=name)

    keras.config.set_dtype_policy("mixed_float16")
    x = keras.Input((6,), name="x")
    reference = trace(keras.Model(x, Halved()(x)))
    samples = np.random.default_rng(0).standard_normal((2, 6), np.float32)

    (given,) = reference.run({"x": samples}).values()

    np.testing.assert_allclose(given, samples / 3, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize`")
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_quantized_layers_stay_quantized(mode: str) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    x = keras.Input((16,), name="x")
    model = keras.Model(x, layers.Dense(8)(layers.Dense(16, activation="relu")(x)))
    model.quantize(mode)
    samples = np.random.default_rng(0).standard_normal((4, 16), np.float32)
    expected = np.asarray(keras.ops.cast(model(samples), "float32"))

    (given,) = trace(model).run({"x": samples}).values()

    np.testing.assert_allclose(given, expected, atol=6e-2 * np.ptp(expected))


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize`")
def test_float8_is_refused_by_name() -> None:
    x = keras.Input((16,))
    model = keras.Model(x, layers.Dense(8, name="head")(x), name="net")
    model.quantize("float8")

    with pytest.raises(
        ConversionError,
        match=r"net: layer 'head' computes in float8.*before model.quantize\('float8'\)",
    ):
        trace(model)
