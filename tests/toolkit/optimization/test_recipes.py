from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgesmith.optimization import (
    calibrated_recipes,
    cheap_recipes,
    inner_values,
    mixed,
    on_weights,
    only_layer,
    quantize,
    taps_of,
    variants_of,
)
from edgesmith.recipe import RangeRule, Recipe, Scheme, Weights
from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

FORMATS = pytest.mark.parametrize("fmt", list(Format))
# dtype of large weights in the file by format, and the least signal to noise of the output in dB
EXPECTED = {
    Scheme.FLOAT16: ({Format.ONNX: "float16", Format.TFLITE: "float16"}, 60),
    Scheme.INT8_WEIGHTS: ({Format.ONNX: "int8", Format.TFLITE: "int8"}, 40),
    Scheme.INT8_DYNAMIC: ({Format.ONNX: "int8", Format.TFLITE: "int8"}, 35),
    Scheme.INT8_STATIC: ({Format.ONNX: "int8", Format.TFLITE: "int8"}, 30),
    # two weights a byte, in ONNX packed by hand
    Scheme.INT4_WEIGHTS: ({Format.ONNX: "uint8", Format.TFLITE: "int4"}, 18),
}
SCHEMES = pytest.mark.parametrize("scheme", list(EXPECTED))


@FORMATS
@SCHEMES
def test_the_output_is_near_that_of_float(
    nets: dict[Format, Any], snr_db: Callable[..., float], fmt: Format, scheme: Scheme
) -> None:
    net = nets[fmt]

    made = net.made(scheme)

    exact, given = net.answers(net.artifact), net.answers(made)
    assert given.dtype == np.float32
    assert not np.array_equal(given, exact)
    assert snr_db(exact, given) > EXPECTED[scheme][1]


@FORMATS
@SCHEMES
def test_the_file_is_smaller(nets: dict[Format, Any], fmt: Format, scheme: Scheme) -> None:
    net = nets[fmt]

    made = net.made(scheme)

    assert made.size_bytes < 0.75 * net.artifact.size_bytes


@FORMATS
@SCHEMES
def test_large_weights_are_narrow_in_the_file(
    nets: dict[Format, Any], constants_of: Any, fmt: Format, scheme: Scheme
) -> None:
    constants = constants_of(nets[fmt].made(scheme)).values()

    dense = 16 * 192  # numbers of the largest layer
    packed = dense // 2  # bytes of it, two numbers a byte
    sizes = [one.n_numbers for one in constants if one.dtype == EXPECTED[scheme][0][fmt]]
    assert (packed if EXPECTED[scheme][0][fmt] == "uint8" else dense) in sizes
    assert not [one for one in constants if one.dtype == "float32" and one.n_numbers >= dense]


@FORMATS
@SCHEMES
def test_nothing_but_what_may_stay_float_is_float(
    nets: dict[Format, Any], constants_of: Any, fmt: Format, scheme: Scheme
) -> None:
    constants = constants_of(nets[fmt].made(scheme)).values()

    large = [
        one.n_numbers for one in constants if one.dtype == "float32" and one.n_numbers >= 256
    ]
    depthwise, stem = 5 * 5 * 16, 3 * 3 * 3 * 16
    may_be_float = {
        (Format.ONNX, Scheme.INT8_DYNAMIC): [depthwise, stem],  # slower than in float
        (Format.TFLITE, Scheme.INT4_WEIGHTS): [depthwise],  # no kernel of the engine takes int4
    }
    assert sorted(large) == may_be_float.get((fmt, scheme), [])


@FORMATS
@SCHEMES
def test_layers_that_are_asked_for_stay_float(
    nets: dict[Format, Any], constants_of: Any, fmt: Format, scheme: Scheme
) -> None:
    net = nets[fmt]
    n_numbers = 16 * 192

    made = net.made(scheme, float_layers=("hidden",))

    before = _of_size(constants_of(net.artifact), n_numbers)
    after = _of_size(constants_of(made), n_numbers)
    assert [one.dtype for one in after] == ["float32"]
    np.testing.assert_array_equal(after[0].numbers.ravel(), before[0].numbers.ravel())
    assert any(
        one.dtype == EXPECTED[scheme][0][fmt]
        for one in constants_of(made).values()
        if one.n_numbers >= 256
    )


def _of_size(constants: dict[str, Any], n_numbers: int) -> list[Any]:
    return [one for one in constants.values() if one.n_numbers == n_numbers]


@FORMATS
@pytest.mark.parametrize("per_channel", [True, False])
def test_static_weights_have_a_scale_for_each_channel_or_one(
    nets: dict[Format, Any], constants_of: Any, fmt: Format, per_channel: Any
) -> None:
    constants = constants_of(nets[fmt].made(Scheme.INT8_STATIC, per_channel=per_channel))

    n_scales = {
        one.n_numbers: one.n_scales
        for one in constants.values()
        if one.dtype == "int8" and one.n_numbers >= 256
    }
    channels = {3 * 3 * 3 * 16: 16, 5 * 5 * 16: 16, 16 * 192: 192, 192 * 3: 3}
    assert n_scales == (channels if per_channel else dict.fromkeys(channels, 1))


@FORMATS
@SCHEMES
def test_the_same_input_gives_the_same_bytes(
    nets: dict[Format, Any], fmt: Format, scheme: Scheme
) -> None:
    assert nets[fmt].made(scheme).content == nets[fmt].made(scheme).content


@FORMATS
@SCHEMES
def test_the_artifact_is_named_after_its_recipe(
    nets: dict[Format, Any], fmt: Format, scheme: Scheme
) -> None:
    net = nets[fmt]

    made = net.made(scheme)

    assert made.file == f"model.{scheme}.{fmt}"
    assert made.precision is net.recipe(scheme).precision
    assert (made.version, made.signature) == (net.artifact.version, net.artifact.signature)


@FORMATS
@SCHEMES
def test_the_file_still_says_its_inputs_outputs_and_labels(
    nets: dict[Format, Any], fmt: Format, scheme: Scheme
) -> None:
    inscribed = _inscription(nets[fmt].made(scheme))

    assert inscribed["labels"] == {"digit": ["zero", "one", "two"]}
    assert inscribed["inputs"] == [
        {"name": "image", "dtype": "float32", "shape": ["batch", 8, 8, 3]}
    ]
    assert inscribed["outputs"] == [
        {"name": "digit", "dtype": "float32", "shape": ["batch", 3]}
    ]


def _inscription(artifact: Artifact) -> dict[str, Any]:
    content = bytes(artifact.content)
    if artifact.format is Format.ONNX:
        model = onnx.load_model_from_string(content)
        texts = {one.key: one.value for one in model.metadata_props}
        return {key: json.loads(texts[key]) for key in ("inputs", "outputs", "labels")}
    flat: Any = schema.ModelT.InitFromPackedBuf(content)
    places = {entry.name.decode(): entry.buffer for entry in flat.metadata}
    return json.loads(bytes(flat.buffers[places["edgesmith"]].data))


@FORMATS
def test_a_static_recipe_needs_calibration(nets: dict[Format, Any], fmt: Format) -> None:
    net = nets[fmt]

    with pytest.raises(
        OptimizationError, match=r"^int8_static: needs calibration samples; give --samples$"
    ):
        quantize(net.artifact, net.recipe(Scheme.INT8_STATIC), net.nodes, None)


@FORMATS
@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.AS_IT_IS])
def test_float32_is_no_recipe_for_making_it_smaller(
    nets: dict[Format, Any], fmt: Format, scheme: Scheme
) -> None:
    with pytest.raises(ValueError, match=f"^{scheme}: nothing to do$"):
        nets[fmt].made(scheme)


@SCHEMES
def test_tflite_refuses_a_model_with_nothing_to_quantize(
    weightless: dict[Format, Any], scheme: Scheme
) -> None:
    with pytest.raises(
        OptimizationError,
        match=f"^{scheme}: nothing in .*model.* can be quantized so; the model has no weights",
    ):
        weightless[Format.TFLITE].made(scheme)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (Scheme.FLOAT16, "no layer has 256 weights or more, there is nothing to make smaller"),
        (Scheme.INT8_WEIGHTS, "no layer has 256 weights or more"),
        (Scheme.INT4_WEIGHTS, "no layer has 256 weights or more"),
        (Scheme.INT8_DYNAMIC, "the model has no dense or LSTM layer to quantize"),
        (
            Scheme.INT8_STATIC,
            "no layer with weights can be quantized; the model has no weights",
        ),
    ],
)
def test_onnx_refuses_a_model_with_nothing_to_quantize(
    weightless: dict[Format, Any], scheme: Scheme, message: str
) -> None:
    with pytest.raises(OptimizationError, match=f"^{scheme}: {message}"):
        weightless[Format.ONNX].made(scheme)


@FORMATS
@pytest.mark.parametrize("scheme", list(EXPECTED))
def test_all_layers_in_float_is_no_recipe(
    nets: dict[Format, Any], fmt: Format, scheme: Scheme
) -> None:
    layers = tuple(dict.fromkeys(node.layer for node in nets[fmt].nodes))

    with pytest.raises(OptimizationError, match=f"^{scheme}: "):
        nets[fmt].made(scheme, float_layers=layers)


@FORMATS
def test_inner_values_of_a_static_artifact_are_near_those_of_float(
    nets: dict[Format, Any], snr_db: Callable[..., float], fmt: Format
) -> None:
    net = nets[fmt]
    exact = taps_of(net.artifact, net.nodes)(net.tensors)

    rounded = inner_values(net.made(Scheme.INT8_STATIC), net.nodes, net.tensors)

    layers = {node.output: node.layer for node in net.nodes}
    assert {"depthwise", "residual", "digit"} <= {layers[name] for name in rounded}
    for name, values in rounded.items():
        assert values.shape == exact[name].shape
        # A tensor before a ReLU is rounded as what is behind it: its negative half is cut.
        is_cut = np.array_equal(values, np.maximum(values, 0))
        true = np.maximum(exact[name], 0) if is_cut else exact[name]
        assert snr_db(true, values) > 25, name


def test_cheap_recipes_need_no_calibration_and_the_most_faithful_is_first() -> None:
    for fmt in Format:
        recipes = cheap_recipes(fmt)

        assert [one.scheme for one in recipes] == [
            Scheme.FLOAT16,
            Scheme.INT8_WEIGHTS,
            Scheme.INT8_DYNAMIC,
            Scheme.INT4_WEIGHTS,
        ]
        assert [one.precision for one in recipes] == ["float16", "int8", "int8", "int4"]
        assert {one.format for one in recipes} == {fmt}


@FORMATS
@pytest.mark.parametrize(
    ("integer_only", "scheme"), [(False, Scheme.INT8_STATIC), (True, Scheme.INT8_FULL_INTEGER)]
)
def test_calibrated_recipes_are_one_for_each_way_to_take_a_range(
    fmt: Format, integer_only: Any, scheme: Scheme
) -> None:
    recipes = calibrated_recipes(fmt, integer_only=integer_only)

    assert [one.ranges for one in recipes] == list(RangeRule)
    assert [one.name for one in recipes] == [f"{scheme}_{rule}" for rule in RangeRule]
    assert {one.scheme for one in recipes} == {scheme}


def _best(fmt: Format, scheme: Scheme = Scheme.INT8_STATIC) -> Recipe:
    return Recipe(
        name=f"{scheme}_mse",
        format=fmt,
        precision=Precision.INT8,
        scheme=scheme,
        ranges=RangeRule.MSE,
    )


@pytest.mark.parametrize(
    ("fmt", "names"),
    [
        (Format.ONNX, ["static_mse_per_tensor", "static_mse_signed", "static_mse_float_ends"]),
        (Format.TFLITE, ["full_integer_mse", "static_mse_float_ends"]),
    ],
)
def test_variants_change_one_thing_and_keep_the_ranges(fmt: Format, names: list[str]) -> None:
    variants = variants_of(_best(fmt), ["stem", "digit"])

    assert [one.name for one in variants] == [f"int8_{name}" for name in names]
    assert {one.ranges for one in variants} == {RangeRule.MSE}
    ends = variants[-1]
    assert (ends.float_layers, ends.precision) == (("stem", "digit"), Precision.MIXED)


def test_a_full_integer_recipe_has_no_variant_in_float() -> None:
    assert variants_of(_best(Format.TFLITE, Scheme.INT8_FULL_INTEGER), ["a", "b"]) == ()


def test_one_layer_is_both_ends() -> None:
    assert variants_of(_best(Format.TFLITE), ["a", "a"])[-1].float_layers == ("a",)


def test_mixed_adds_layers_once_and_counts_them() -> None:
    recipe = mixed(mixed(_best(Format.ONNX), ["a"]), ["a", "b"])

    assert recipe.float_layers == ("a", "b")
    assert recipe.name.endswith("_float_2")
    assert recipe.precision is Precision.MIXED


def test_only_one_layer_leaves_every_other_in_float() -> None:
    recipe = only_layer(_best(Format.ONNX), "b", ["a", "b", "c"])

    assert recipe.float_layers == ("a", "c")
    assert recipe.name == "int8_static_mse_only_b"


def test_other_weights_are_in_the_name() -> None:
    recipe = on_weights(_best(Format.ONNX), Weights.PRUNED)

    assert recipe.name == "int8_static_mse_pruned"
    assert recipe.weights is Weights.PRUNED
