from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgesmith.optimization import inner_values, taps_of
from edgesmith.recipe import RangeRule, Scheme
from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from edgesmith_runtime.bundle import Artifact


_FRACTIONS = {schema.TensorType.FLOAT32, schema.TensorType.FLOAT16}


@pytest.fixture(scope="module")
def net(nets: dict[Format, Any]) -> Any:
    return nets[Format.TFLITE]


@pytest.fixture(scope="module")
def whole(net: Any) -> Artifact:
    return net.made(Scheme.INT8_FULL_INTEGER)


def _tensors(artifact: Artifact) -> dict[str, Any]:
    model: Any = schema.ModelT.InitFromPackedBuf(bytes(artifact.content))
    return {tensor.name.decode(): tensor for tensor in model.subgraphs[0].tensors}


def test_full_integer_has_no_number_with_a_fraction(whole: Artifact) -> None:
    assert not {tensor.type for tensor in _tensors(whole).values()} & _FRACTIONS


def test_full_integer_has_integer_inputs_and_outputs(whole: Artifact) -> None:
    for spec in whole.signature:
        quantization = _tensors(whole)[spec.name].quantization
        assert spec.dtype == "int8"
        assert spec.scale == pytest.approx(float(quantization.scale[0]))
        assert spec.zero_point == int(quantization.zeroPoint[0])


def test_the_scale_of_a_full_integer_input_is_the_seen_range_by_255(
    net: Any, whole: Artifact
) -> None:
    image = net.tensors["image"]

    spec = whole.signature.inputs[0]

    assert spec.scale == pytest.approx(float(image.max() - image.min()) / 255, rel=1e-3)


def test_full_integer_takes_codes_and_answers_near_float(
    net: Any, whole: Artifact, snr_db: Callable[..., float]
) -> None:
    given = net.answers(whole)

    assert snr_db(net.answers(net.artifact), given) > 25
    spec = whole.signature.inputs[0]
    codes = np.round(net.tensors["image"] / spec.scale) + spec.zero_point
    codes = np.clip(codes, -128, 127).astype(np.int8)
    of_codes = open_runner(whole, n_threads=1).run({"image": codes})["digit"]
    np.testing.assert_array_equal(of_codes, given)


def test_full_integer_says_its_scales_in_the_file(net: Any, whole: Artifact) -> None:
    text = bytes(whole.content)

    assert f'"scale": {whole.signature.inputs[0].scale}'.encode() in text
    assert b'"labels": {"digit": ["zero", "one", "two"]}' in text


def test_full_integer_is_the_same_bytes_again(net: Any, whole: Artifact) -> None:
    assert net.made(Scheme.INT8_FULL_INTEGER).content == whole.content


def test_static_keeps_inputs_and_outputs_in_float(net: Any) -> None:
    tensors = _tensors(net.made(Scheme.INT8_STATIC))

    assert tensors["image"].type == schema.TensorType.FLOAT32
    assert tensors["digit"].type == schema.TensorType.FLOAT32


def test_static_activations_are_int8(net: Any) -> None:
    tensors = _tensors(net.made(Scheme.INT8_STATIC))

    layers = {node.output: node.layer for node in net.nodes}
    types = {layers[name]: one.type for name, one in tensors.items() if name in layers}
    assert types["residual"] == types["hidden"] == schema.TensorType.INT8


def test_the_range_rule_sets_the_scales(net: Any) -> None:
    name = next(node.output for node in net.nodes if node.layer == "residual")
    low, high = net.calibration.ranges(RangeRule.PERCENTILE)[name]

    made = net.made(Scheme.INT8_STATIC, ranges=RangeRule.PERCENTILE)

    scale = float(_tensors(made)[name].quantization.scale[0])
    assert scale == pytest.approx((high - low) / 255, rel=1e-3)


def test_dynamic_activations_are_float(net: Any) -> None:
    tensors = _tensors(net.made(Scheme.INT8_DYNAMIC))

    assert {tensors[node.output].type for node in net.nodes if node.output in tensors} == {
        schema.TensorType.FLOAT32
    }


def test_inner_values_of_full_integer_are_real_numbers(
    net: Any, whole: Artifact, snr_db: Callable[..., float]
) -> None:
    exact = taps_of(net.artifact, net.nodes)(net.tensors)

    rounded = inner_values(whole, net.nodes, net.tensors)

    layers = {node.layer: node.output for node in net.nodes}
    for layer in ("residual", "hidden"):
        assert rounded[layers[layer]].dtype == np.float32
        assert snr_db(exact[layers[layer]], rounded[layers[layer]]) > 25


def test_full_integer_refuses_an_op_without_int8_form_and_names_op_and_layer(
    net_of: Callable[..., Any], samples: Any
) -> None:
    import keras

    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(16, 3, name="stem")(image)
    x = keras.layers.Activation(keras.ops.sin, name="wave")(x)
    x = keras.layers.Conv2D(16, 3, name="last")(x)
    net = net_of(keras.Model(image, x), Format.TFLITE, samples)

    with pytest.raises(
        OptimizationError,
        match=r"^int8_full_integer: .*SIN.* stays float \(layers wave\); the device computes "
        "with whole numbers alone: change these layers",
    ):
        net.made(Scheme.INT8_FULL_INTEGER)


def _flat_model() -> keras.Model:
    import keras

    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(8, 3, name="stem")(image)
    x = keras.layers.Flatten(name="flat")(x)
    return keras.Model(image, keras.layers.Dense(3, name="digit")(x))


@pytest.fixture(scope="module")
def flat(net_of: Callable[..., Any], samples: Any) -> Any:
    """With ``Flatten``, which takes the size of the batch from the shape of its input."""
    return net_of(_flat_model(), Format.TFLITE, samples)


def test_full_integer_takes_a_model_that_flattens(
    flat: Any, snr_db: Callable[..., float]
) -> None:
    made = flat.made(Scheme.INT8_FULL_INTEGER)

    assert not {tensor.type for tensor in _tensors(made).values()} & _FRACTIONS
    assert snr_db(flat.answers(flat.artifact), flat.answers(made)) > 25


def test_static_widens_no_inner_tensor_to_ask_its_shape(flat: Any) -> None:
    made = flat.made(Scheme.INT8_STATIC)

    model: Any = schema.ModelT.InitFromPackedBuf(bytes(made.content))
    ops = [
        max(code.builtinCode, code.deprecatedBuiltinCode)
        for one in model.subgraphs[0].operators
        for code in [model.operatorCodes[one.opcodeIndex]]
    ]
    assert ops.count(schema.BuiltinOperator.DEQUANTIZE) == 1  # the output's
