from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgesmith.optimization.onnx_integer import dynamic_int8, static_int8
from edgesmith.recipe import RangeRule, Recipe, Scheme
from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact


@pytest.fixture(scope="module")
def net(nets: dict[Format, Any]) -> Any:
    return nets[Format.ONNX]


def _graph(artifact: Artifact) -> Any:
    return onnx.load_model_from_string(bytes(artifact.content)).graph


def _arrays(graph: Any) -> dict[str, NDArray[Any]]:
    return {one.name: numpy_helper.to_array(one) for one in graph.initializer}


def _kernels(artifact: Artifact) -> list[NDArray[Any]]:
    return [
        array
        for array in _arrays(_graph(artifact)).values()
        if array.dtype == np.int8 and array.ndim > 1
    ]


@pytest.mark.parametrize(("reduce_range", "largest"), [(False, 127), (True, 64)])
def test_a_reduced_range_has_seven_bits(net: Any, reduce_range: Any, largest: int) -> None:
    kernels = _kernels(net.made(Scheme.INT8_STATIC, reduce_range=reduce_range))

    assert len(kernels) == 4
    assert max(int(np.abs(one.astype(int)).max()) for one in kernels) == largest


@pytest.mark.parametrize(("signed", "dtype"), [(False, "uint8"), (True, "int8")])
def test_activations_have_the_asked_sign(net: Any, signed: Any, dtype: str) -> None:
    graph = _graph(net.made(Scheme.INT8_STATIC, signed=signed))

    arrays = _arrays(graph)
    zero_points = [
        arrays[node.input[2]] for node in graph.node if node.op_type == "QuantizeLinear"
    ]
    assert len(zero_points) >= 4
    assert {str(one.dtype) for one in zero_points} == {dtype}


def test_signed_activations_answer_near_float(net: Any, snr_db: Callable[..., float]) -> None:
    given = net.answers(net.made(Scheme.INT8_STATIC, signed=True))

    assert snr_db(net.answers(net.artifact), given) > 30


@pytest.mark.parametrize("rule", list(RangeRule))
def test_the_range_rule_sets_the_scales(net: Any, rule: RangeRule) -> None:
    (stem,) = [node for node in net.nodes if node.layer == "stem" and node.op == "Conv"]
    low, high = net.calibration.ranges(rule)[stem.inputs[0]]

    graph = _graph(net.made(Scheme.INT8_STATIC, ranges=rule))

    (rounding,) = [
        node
        for node in graph.node
        if node.op_type == "QuantizeLinear" and node.input[0] == stem.inputs[0]
    ]
    scale = float(_arrays(graph)[rounding.input[1]])
    assert scale == pytest.approx((high - low) / 255, rel=1e-5)


def test_the_softmax_is_in_float(net: Any) -> None:
    graph = _graph(net.made(Scheme.INT8_STATIC))

    (softmax,) = [node for node in graph.node if node.op_type == "Softmax"]
    assert softmax.output[0] == "digit"
    assert not [node for node in graph.node if "digit" in node.input]


def test_static_refuses_a_model_whose_weighted_layers_are_all_asked_for(net: Any) -> None:
    layers = ("stem", "depthwise", "hidden", "digit")

    with pytest.raises(
        OptimizationError,
        match=r"^int8_static: no layer with weights can be quantized; all of them were asked to "
        "stay float",
    ):
        net.made(Scheme.INT8_STATIC, float_layers=layers)


def test_dynamic_quantizes_dense_layers_alone(net: Any) -> None:
    kernels = _kernels(net.made(Scheme.INT8_DYNAMIC))

    assert sorted(one.shape for one in kernels) == [(16, 192), (192, 3)]


def test_dynamic_leaves_the_layers_that_are_asked_for(net: Any) -> None:
    kernels = _kernels(net.made(Scheme.INT8_DYNAMIC, float_layers=("hidden",)))

    assert [one.shape for one in kernels] == [(192, 3)]


def test_a_layer_keeps_the_names_of_its_nodes(net: Any) -> None:
    graph = _graph(net.made(Scheme.INT8_STATIC))

    names = {node.name for node in graph.node if node.name}
    assert {node.name for node in net.nodes if node.weight_bytes} <= names


def test_the_quantizer_gives_no_advice(net: Any, caplog: pytest.LogCaptureFixture) -> None:
    level = logging.getLogger().level

    net.made(Scheme.INT8_DYNAMIC)
    net.made(Scheme.INT8_STATIC)

    assert caplog.messages == []
    assert logging.getLogger().level == level


@pytest.mark.parametrize("per_channel", [True, False])
def test_int8_weights_are_half_a_step_off_at_most(net: Any, per_channel: Any) -> None:
    exact = _arrays(_graph(net.artifact))
    graph = _graph(net.made(Scheme.INT8_STATIC, per_channel=per_channel))

    arrays = _arrays(graph)
    (kernel,) = [
        node
        for node in graph.node
        if node.op_type == "DequantizeLinear"
        and node.input[0] in arrays
        and arrays[node.input[0]].shape == (16, 192)
    ]
    codes, scale, zero = (arrays[name] for name in kernel.input)
    (true,) = [array for array in exact.values() if array.shape == (16, 192)]
    widened = (codes.astype(np.float64) - zero) * scale  # the channels are the last axis
    assert (np.abs(widened - true) <= np.broadcast_to(scale, true.shape) * 0.501).all()


def _recipe(scheme: Scheme) -> Recipe:
    return Recipe(name=scheme.value, format=Format.ONNX, scheme=scheme)


def test_a_model_without_nodes_has_nothing_to_quantize(net: Any) -> None:
    model = onnx.load_model_from_string(bytes(net.artifact.content))

    with pytest.raises(OptimizationError, match=r"int8_static: .* the model has no weights"):
        static_int8(model, _recipe(Scheme.INT8_STATIC), (), {})
    with pytest.raises(OptimizationError, match="int8_dynamic: the model has no dense or LSTM"):
        dynamic_int8(model, _recipe(Scheme.INT8_DYNAMIC), ())
