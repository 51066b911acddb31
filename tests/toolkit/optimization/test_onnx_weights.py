from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edgesmith.optimization.nodes import Node
from edgesmith.optimization.onnx_weights import narrow_weights
from edgesmith.recipe import Recipe, Scheme
from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

# name -> op, shape of the weights, axis of the output channels, attributes
LAYERS: dict[str, tuple[str, tuple[int, ...], int, dict[str, Any]]] = {
    "dense": ("MatMul", (70, 12), 1, {}),
    "gemm": ("Gemm", (70, 12), 1, {}),
    "gemm_turned": ("Gemm", (12, 70), 0, {"transB": 1}),
    "conv": ("Conv", (12, 5, 3, 3), 0, {}),
    "up": ("ConvTranspose", (5, 12, 3, 3), 1, {}),
    "rows": ("Gather", (70, 12), 0, {}),
}
BY_LAYER = pytest.mark.parametrize("layer", list(LAYERS))


def _weights(layer: str) -> NDArray[np.float32]:
    shape = LAYERS[layer][1]
    rng = np.random.default_rng(0)
    channels = np.moveaxis(rng.normal(size=shape), LAYERS[layer][2], -1)
    # Each channel has a size of its own.
    sized = channels * np.geomspace(0.01, 10, channels.shape[-1])
    return np.moveaxis(sized, -1, LAYERS[layer][2]).astype(np.float32)


def _model(layer: str, weights: NDArray[np.float32]) -> onnx.ModelProto:
    op, _, _, attributes = LAYERS[layer]
    inputs = ["w", "x"] if op == "Gather" else ["x", "w"]
    dtype = TensorProto.INT64 if op == "Gather" else TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(op, inputs, ["y"], name=layer, **attributes)],
        "graph",
        [helper.make_tensor_value_info("x", dtype, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _node(layer: str) -> Node:
    return Node(name=layer, op=LAYERS[layer][0], layer=layer, inputs=("x", "w"), output="y")


def _narrowed(
    layer: str, scheme: Scheme, weights: NDArray[np.float32] | None = None, **options: Any
) -> onnx.ModelProto:
    recipe = Recipe(name=scheme.value, format=Format.ONNX, scheme=scheme, **options)
    given = _weights(layer) if weights is None else weights
    return narrow_weights(_model(layer, given), recipe, (_node(layer),))


def _kept(model: onnx.ModelProto) -> Arrays:
    """Constants by the last word of their name: ``i8``, ``scale``."""
    return {
        one.name.rpartition("_")[2]: numpy_helper.to_array(one)
        for one in model.graph.initializer
    }


def _widened(model: onnx.ModelProto) -> NDArray[np.float32]:
    """What the layer gets as its weights, by the reference of the standard."""
    nodes = [node for node in model.graph.node if "x" not in node.input]
    weights = helper.make_tensor_value_info("w", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "graph", [], [weights], model.graph.initializer)
    widening = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    (widened,) = list(ReferenceEvaluator(widening).run(None, {}))
    return np.asarray(widened)


@BY_LAYER
def test_float16_weights_are_those_of_numpy(layer: str) -> None:
    model = _narrowed(layer, Scheme.FLOAT16)

    halves = _weights(layer).astype(np.float16)
    np.testing.assert_array_equal(_kept(model)["f16"], halves)
    np.testing.assert_array_equal(_widened(model), halves.astype(np.float32))


@BY_LAYER
def test_int8_weights_widen_to_codes_times_scales(layer: str) -> None:
    model = _narrowed(layer, Scheme.INT8_WEIGHTS)

    kept = _kept(model)
    assert kept["i8"].dtype == np.int8
    expected = kept["i8"].astype(np.float32) * kept["scale"]
    np.testing.assert_array_equal(_widened(model), expected)


@BY_LAYER
def test_int8_weights_are_half_a_step_of_their_channel_off_at_most(layer: str) -> None:
    weights, axis = _weights(layer), LAYERS[layer][2]

    widened = _widened(_narrowed(layer, Scheme.INT8_WEIGHTS))

    others = tuple(place for place in range(weights.ndim) if place != axis)
    steps = np.abs(weights).max(axis=others, keepdims=True) / 127
    assert (np.abs(widened - weights) <= steps * 0.5001).all()


def _unpacked(kept: Arrays, shape: tuple[int, ...], axis: int) -> NDArray[np.float32]:
    """By hand: the first half of the codes in the low four bits, groups of 32 of a channel."""
    low, high = kept["i4"] & 15, kept["i4"] >> 4
    codes = np.concatenate([low.ravel(), high.ravel()]).astype(np.float32) - 8
    groups = codes.reshape(*kept["scale"].shape[:2], -1) * kept["scale"].astype(np.float32)
    moved = (shape[axis], *(size for place, size in enumerate(shape) if place != axis))
    rows = groups.reshape(shape[axis], -1)[:, : int(np.prod(moved[1:]))]
    return np.moveaxis(rows.reshape(moved), 0, axis)


@BY_LAYER
def test_int4_weights_widen_as_numpy_unpacks_them(layer: str) -> None:
    _, shape, axis, _ = LAYERS[layer]

    model = _narrowed(layer, Scheme.INT4_WEIGHTS)

    kept = _kept(model)
    assert kept["i4"].dtype == np.uint8
    np.testing.assert_array_equal(_widened(model), _unpacked(kept, shape, axis))


@BY_LAYER
def test_int4_weights_have_less_square_error_than_without_clipping(layer: str) -> None:
    weights, axis = _weights(layer), LAYERS[layer][2]

    widened = _widened(_narrowed(layer, Scheme.INT4_WEIGHTS))

    rows = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    given = np.moveaxis(widened, axis, 0).reshape(rows.shape)
    for start in range(0, rows.shape[1], 32):
        group, rounded = rows[:, start : start + 32], given[:, start : start + 32]
        step = np.abs(group).max(axis=1, keepdims=True) / 7
        plain = np.square(np.round(group / step) * step - group).sum()
        assert np.square(rounded - group).sum() <= plain * 1.001


@BY_LAYER
@pytest.mark.parametrize("scheme", [Scheme.INT8_WEIGHTS, Scheme.INT4_WEIGHTS])
def test_weights_that_are_all_zero_stay_zero(layer: str, scheme: Scheme) -> None:
    zeros = np.zeros(LAYERS[layer][1], np.float32)

    np.testing.assert_array_equal(_widened(_narrowed(layer, scheme, zeros)), zeros)


@pytest.mark.parametrize("scheme", [Scheme.INT8_WEIGHTS, Scheme.INT4_WEIGHTS])
def test_very_small_weights_are_not_lost(scheme: Scheme) -> None:
    weights = _weights("dense") * np.float32(1e-9)

    widened = _widened(_narrowed("dense", scheme, weights))

    noise = np.square(widened.astype(np.float64) - weights).sum()
    assert noise < 0.02 * np.square(weights.astype(np.float64)).sum()


@pytest.mark.parametrize("scheme", [Scheme.FLOAT16, Scheme.INT8_WEIGHTS, Scheme.INT4_WEIGHTS])
def test_no_weight_becomes_infinite(scheme: Scheme) -> None:
    weights = _weights("dense")
    weights[3, 4] = 65_505.0

    with pytest.raises(OptimizationError, match="no layer has 256 weights or more"):
        _narrowed("dense", scheme, weights)


def test_float16_takes_its_largest_number() -> None:
    weights = _weights("dense")
    weights[3, 4] = -65_504.0

    assert _widened(_narrowed("dense", Scheme.FLOAT16, weights))[3, 4] == -65_504.0


def test_weights_beyond_half_precision_stay_float32_beside_others() -> None:
    weights = _weights("dense")
    large = weights.copy()
    large[0, 0] = 1e5
    model = _model("dense", weights)
    model.graph.node.append(helper.make_node("MatMul", ["x", "v"], ["z"], name="conv"))
    model.graph.initializer.append(numpy_helper.from_array(large, "v"))
    recipe = Recipe(name="float16", format=Format.ONNX, scheme=Scheme.FLOAT16)

    made = narrow_weights(model, recipe, (_node("dense"), _node("conv")))

    kept = {one.name: numpy_helper.to_array(one) for one in made.graph.initializer}
    assert kept["v"].dtype == np.float32
    np.testing.assert_array_equal(kept["v"], large)
    assert "w" not in kept


def test_weights_below_256_numbers_are_left() -> None:
    small = np.ones((15, 17), np.float32)

    with pytest.raises(
        OptimizationError,
        match=r"^float16: no layer has 256 weights or more, there is nothing to make smaller$",
    ):
        _narrowed("dense", Scheme.FLOAT16, small)


def test_weights_that_a_float_layer_shares_are_left() -> None:
    model = _model("dense", _weights("dense"))
    model.graph.node.append(helper.make_node("MatMul", ["y", "w"], ["z"], name="conv"))
    recipe = Recipe(
        name="int8_weights",
        format=Format.ONNX,
        scheme=Scheme.INT8_WEIGHTS,
        float_layers=("conv",),
    )

    with pytest.raises(OptimizationError, match="int8_weights: no layer has 256 weights"):
        narrow_weights(model, recipe, (_node("dense"), _node("conv")))
