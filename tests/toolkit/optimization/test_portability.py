from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from edgesmith.optimization.portability import portability
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.evidence import Portability, SaturatingLayer

    Arrays = dict[str, NDArray[Any]]


class _Samples(CalibrationDataReader):
    def __init__(self, x: NDArray[np.float32]) -> None:
        self._batches = iter([{"x": x}])

    def get_next(self) -> Any:
        return next(self._batches, None)


def _float(nodes: list[Any], weights: Arrays, shape: tuple[int, ...]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _artifact(model: onnx.ModelProto, x: NDArray[Any], output: TensorSpec) -> Artifact:
    return Artifact(
        file="int8.onnx",
        format=Format.ONNX,
        precision=Precision.INT8,
        version=17,
        signature=Signature((TensorSpec("x", "float32", ("n", *x.shape[1:])),), (output,)),
        content=model.SerializeToString(),
    )


def _constants(model: onnx.ModelProto) -> Arrays:
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


Y = TensorSpec("y", "float32", ("n", "m"))


def _quantized(
    path: Path, nodes: list[Any], weights: Arrays, x: NDArray[np.float32], **options: Any
) -> tuple[Artifact, Arrays]:
    """An int8 artifact with its constants by name."""
    options = {"activation_type": QuantType.QUInt8, "per_channel": True, **options}
    quantize_static(
        _float(nodes, weights, x.shape[1:]),
        path / "int8.onnx",
        _Samples(x),
        weight_type=QuantType.QInt8,
        **options,
    )
    model = onnx.load(path / "int8.onnx")
    return _artifact(model, x, Y), _constants(model)


def _verdict(artifact: Artifact, *batches: NDArray[np.float32], **options: Any) -> Portability:
    options = {"layer_of": lambda name: f"layer of {name}", "recipe": "int8", **options}
    return portability(artifact, ({"x": x} for x in batches), **options)


def _decided(outputs: Arrays) -> NDArray[Any]:
    return outputs["y"].argmax(axis=1)


# The reference: whole numbers of Python, one sum at a time.


def _sum_of_pairs(activations: list[int], weights: list[int]) -> int:
    """vpmaddubsw (_mm256_maddubs_epi16 in Intel's guide), then vpmaddwd by 1 and vpaddd."""
    if len(weights) % 2:
        activations, weights = [*activations, 0], [*weights, 0]
    words = (
        activations[j] * weights[j] + activations[j + 1] * weights[j + 1]
        for j in range(0, len(weights), 2)
    )
    return sum(max(-32768, min(32767, word)) for word in words)


def _sums(rows: NDArray[Any], columns: NDArray[Any], zero: int) -> tuple[Any, Any]:
    """Exact and saturated, ``(rows, columns)``."""
    shape = (len(rows), columns.shape[1])
    exact, saturated = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for i, j in product(*map(range, shape)):
        a, w = rows[i].tolist(), columns[:, j].tolist()
        exact[i, j] = sum((a[k] - zero) * w[k] for k in range(len(w)))
        saturated[i, j] = _sum_of_pairs(a, w) - zero * sum(w)
    return exact, saturated


def _quantize(x: NDArray[Any], scale: Any, zero: Any) -> NDArray[np.int64]:
    return np.clip(np.rint(x / scale) + int(zero), 0, 255).astype(np.int64)


def _requantize(sums: NDArray[Any], scales: Any, scale: Any, zero: Any) -> NDArray[np.int64]:
    real = sums.astype(np.float32) * (scales / scale)
    return np.clip(np.rint(real) + int(zero), 0, 255).astype(np.int64)


def _assert_layer(found: SaturatingLayer, changed: NDArray[Any], scales: Any) -> None:
    assert found.share == np.count_nonzero(changed) / changed.size
    assert found.worst_error == pytest.approx(np.max(np.abs(changed) * scales), rel=1e-6)


def _assert_saturates(
    verdict: Portability, sums: tuple[Any, Any], scales: Any, c: Arrays
) -> None:
    exact, saturated = (
        _requantize(each, scales, c["y_scale"], c["y_zero_point"]) for each in sums
    )
    apart = np.abs(exact - saturated).max()
    assert apart > 0
    assert verdict.worst_error == pytest.approx(apart * float(c["y_scale"]), rel=1e-5)
    (layer,) = verdict.layers
    _assert_layer(layer, sums[1] - sums[0], scales)


def _heavy(rng: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Weights of which many are near the largest of either sign."""
    return rng.uniform(0.4, 1.0, shape) * np.where(rng.random(shape) < 0.75, 1, -1)


def _samples(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.uniform(-0.3, 1.0, shape).astype(np.float32)


def test_a_convolution_saturates_as_the_instruction_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x, w = _samples(rng, 12, 3, 4, 5), _heavy(rng, 6, 3, 4, 5)
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv")
    artifact, c = _quantized(tmp_path, [node], {"w": w}, x)

    verdict = _verdict(artifact, x)

    images = _quantize(x, c["x_scale"], c["x_zero_point"])
    rows, columns = (
        np.moveaxis(each, 1, -1).reshape(-1, 60) for each in (images, c["w_quantized"])
    )
    sums = _sums(rows, columns.T, int(c["x_zero_point"]))
    _assert_saturates(verdict, sums, c["x_scale"] * c["w_scale"], c)
    assert verdict.layers[0].layer == "layer of conv"


@pytest.mark.parametrize(("op", "alpha"), [("MatMul", None), ("Gemm", 1.0), ("Gemm", 0.5)])
@pytest.mark.parametrize(
    "kind",
    [QuantType.QUInt8, QuantType.QInt8],
    ids=["uint8", "int8, which onnxruntime makes uint8 on x86"],
)
def test_a_product_of_matrices_saturates_as_the_instruction_does(
    tmp_path: Path, op: str, alpha: float | None, kind: QuantType
) -> None:
    rng = np.random.default_rng(2)
    x, w = _samples(rng, 12, 9), _heavy(rng, 9, 5)
    node = helper.make_node(op, ["x", "w"], ["y"], name="dense", alpha=alpha)
    artifact, c = _quantized(tmp_path, [node], {"w": w}, x, activation_type=kind)

    verdict = _verdict(artifact, x)

    for zero in ("x_zero_point", "y_zero_point"):
        c[zero] = c[zero] + np.array(0 if kind is QuantType.QUInt8 else 128)
    zero = int(c["x_zero_point"])
    sums = _sums(_quantize(x, c["x_scale"], zero), c["w_quantized"], zero)
    scales = np.float32(alpha or 1.0) * c["x_scale"] * c["w_scale"]
    _assert_saturates(verdict, sums, scales, c)


def _chained(tmp_path: Path) -> tuple[Artifact, Arrays, NDArray[np.float32]]:
    rng = np.random.default_rng(3)
    x = _samples(rng, 16, 8)
    first = helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="first")
    second = helper.make_node("Gemm", ["h", "v"], ["y"], name="second")
    weights = {"w": _heavy(rng, 8, 6), "b": rng.normal(size=6), "v": _heavy(rng, 6, 4)}
    return (*_quantized(tmp_path, [first, second], weights, x), x)


def _first(c: Arrays, x: NDArray[np.float32], *, saturated: bool) -> NDArray[np.int64]:
    rows = _quantize(x, c["x_scale"], c["x_zero_point"])
    sums = _sums(rows, c["w_quantized"], int(c["x_zero_point"]))[saturated]
    scales = c["x_scale"] * c["w_scale"]
    return _requantize(sums + c["b_quantized"], scales, c["h_scale"], c["h_zero_point"])


def _answers(c: Arrays, x: NDArray[np.float32], *, saturated: bool) -> NDArray[np.int64]:
    h = _first(c, x, saturated=saturated)
    sums = _sums(h, c["v_quantized"], int(c["h_zero_point"]))[saturated]
    return _requantize(sums, c["h_scale"] * c["v_scale"], c["y_scale"], c["y_zero_point"])


def test_errors_and_changed_decisions_are_those_of_the_whole_model(tmp_path: Path) -> None:
    artifact, c, x = _chained(tmp_path)

    verdict = _verdict(artifact, x, decide=_decided)

    exact, saturated = (_answers(c, x, saturated=each) for each in (False, True))
    apart = np.abs(exact - saturated).max()
    assert verdict.worst_error == pytest.approx(apart * float(c["y_scale"]), rel=1e-5)
    expected = np.count_nonzero(exact.argmax(axis=1) != saturated.argmax(axis=1))
    assert verdict.n_changed == expected > 0


def test_a_layer_is_judged_on_what_the_exact_layers_before_it_gave(tmp_path: Path) -> None:
    artifact, c, x = _chained(tmp_path)

    verdict = _verdict(artifact, x)

    h = _first(c, x, saturated=False)
    exact, saturated = _sums(h, c["v_quantized"], int(c["h_zero_point"]))
    second = next(one for one in verdict.layers if one.layer == "layer of second")
    _assert_layer(second, saturated - exact, c["h_scale"] * c["v_scale"])


def test_the_worst_layer_stands_first(tmp_path: Path) -> None:
    artifact, _, x = _chained(tmp_path)

    verdict = _verdict(artifact, x)

    assert {one.layer for one in verdict.layers} == {"layer of first", "layer of second"}
    assert verdict.layers[0].worst_error > verdict.layers[1].worst_error


def test_the_nodes_of_one_layer_are_accounted_for_together(tmp_path: Path) -> None:
    artifact, _, x = _chained(tmp_path)
    apart = {one.layer: one for one in _verdict(artifact, x).layers}
    first, second = apart["layer of first"], apart["layer of second"]

    verdict = _verdict(artifact, x, layer_of=lambda _: "both")

    (both,) = verdict.layers
    assert both.share == pytest.approx((first.share * 6 + second.share * 4) / 10)
    assert both.worst_error == max(first.worst_error, second.worst_error)


def test_the_verdict_does_not_depend_on_how_the_samples_are_batched(tmp_path: Path) -> None:
    artifact, _, x = _chained(tmp_path)

    verdict = _verdict(artifact, x[:5], x[5:10], x[10:])

    assert verdict == _verdict(artifact, x)
    assert (verdict.recipe, verdict.n_samples) == ("int8", 16)


@pytest.mark.parametrize("decide", [None, lambda outputs: None])
def test_without_decisions_there_are_none_that_change(tmp_path: Path, decide: Any) -> None:
    artifact, _, x = _chained(tmp_path)

    assert _verdict(artifact, x, decide=decide).n_changed is None


def test_an_error_of_quantized_outputs_is_in_real_numbers(tmp_path: Path) -> None:
    artifact, c, x = _chained(tmp_path)
    model = onnx.load_model_from_string(bytes(artifact.content))
    last = next(node for node in model.graph.node if node.output[0] == "y")
    scale, zero_point = float(c["y_scale"]), int(c["y_zero_point"])
    spec = TensorSpec(last.input[0], "uint8", ("n", 4), scale, zero_point)
    model.graph.output[0].name = spec.name
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.UINT8
    model.graph.node.remove(last)

    verdict = _verdict(_artifact(model, x, spec), x)

    assert verdict.worst_error == pytest.approx(_verdict(artifact, x).worst_error, rel=1e-6)


def _assert_harmless(verdict: Portability) -> None:
    assert verdict.is_portable
    assert (verdict.worst_error, verdict.n_changed) == (0.0, 0)


HEAVY = _heavy(np.random.default_rng(4), 8, 5)
SIGNED = {"activation_type": QuantType.QInt8, "quant_format": QuantFormat.QOperator}


@pytest.mark.parametrize(
    ("weights", "options"),
    [
        (HEAVY, {"reduce_range": True}),
        (HEAVY, SIGNED),
        (HEAVY * (np.arange(8) % 2)[:, None], {}),
        (HEAVY[:, None, :3], {}),
    ],
    ids=["reduced range", "signed operators", "one weight a pair", "depthwise"],
)
def test_what_cannot_saturate_is_harmless(
    tmp_path: Path, weights: NDArray[Any], options: dict[str, Any]
) -> None:
    x = _samples(np.random.default_rng(5), 16, 8, *(6,) * (weights.ndim - 2))
    op, group = ("Conv", 8) if weights.ndim == 3 else ("Gemm", None)
    node = helper.make_node(op, ["x", "w"], ["y"], name="node", group=group)
    artifact, c = _quantized(tmp_path, [node], {"w": weights}, x, **options)

    assert c["w_quantized"].dtype == np.int8
    _assert_harmless(_verdict(artifact, x, decide=_decided))


def test_activations_too_small_for_it_are_harmless(tmp_path: Path) -> None:
    artifact, _, x = _chained(tmp_path)

    verdict = _verdict(artifact, np.full_like(x, x.min()))

    assert "layer of first" not in {one.layer for one in verdict.layers}


def test_a_convolution_whose_output_stays_float_is_harmless(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    x = _samples(rng, 2, 3, 5, 5)
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv")
    artifact, _ = _quantized(tmp_path, [node], {"w": _heavy(rng, 4, 3, 3, 3)}, x)
    model = onnx.load_model_from_string(bytes(artifact.content))
    nodes = [one for one in model.graph.node if not one.name.startswith("y_")]
    next(one for one in nodes if one.op_type == "Conv").output[0] = "y"
    del model.graph.node[:]
    model.graph.node.extend(nodes)

    assert not _verdict(artifact, x).is_portable
    _assert_harmless(_verdict(_artifact(model, x, Y), x, decide=_decided))


def test_activations_that_are_quantized_at_each_run_saturate_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    x, w = _samples(rng, 12, 8), _heavy(rng, 8, 5)
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")
    quantize_dynamic(
        _float([node], {"w": w}, (8,)),
        tmp_path / "int8.onnx",
        weight_type=QuantType.QInt8,
    )
    model = onnx.load(tmp_path / "int8.onnx")
    c = _constants(model)

    verdict = _verdict(_artifact(model, x, Y), x)

    scale = (x.max() - x.min()) / np.float32(255)  # as DynamicQuantizeLinear defines it
    zero = int(np.rint(-x.min() / scale))
    exact, saturated = _sums(_quantize(x, scale, zero), c["w_quantized"], zero)
    (layer,) = verdict.layers
    assert layer.layer == "layer of dense_quant"
    _assert_layer(layer, saturated - exact, scale * c["w_scale"])
    assert verdict.worst_error == pytest.approx(layer.worst_error, rel=1e-5)


def test_a_branch_may_read_what_the_graph_around_it_computed(tmp_path: Path) -> None:
    artifact, _, x = _chained(tmp_path)
    model = onnx.load_model_from_string(bytes(artifact.content))
    negated = helper.make_tensor_value_info("negated", TensorProto.FLOAT, None)
    flip = helper.make_node("Neg", ["y"], ["negated"])
    branch = helper.make_graph([flip], "branch", [], [negated])
    highest = helper.make_node("ReduceMax", ["x"], ["highest"], keepdims=0)
    some = helper.make_node("Cast", ["highest"], ["some"], to=TensorProto.BOOL)
    choice = helper.make_node("If", ["some"], ["z"], then_branch=branch, else_branch=branch)
    model.graph.node.extend([highest, some, choice])
    model.graph.output[0].name = "z"

    verdict = _verdict(_artifact(model, x, TensorSpec("z", "float32", ("n", 4))), x)

    assert verdict == _verdict(artifact, x)


def test_a_file_that_onnxruntime_refuses_is_named() -> None:
    x = np.zeros((1, 2), np.float32)
    artifact = _artifact(onnx.ModelProto(), x, Y)

    with pytest.raises(BackendError, match=r"^int8\.onnx: onnxruntime .* refused: "):
        _verdict(artifact, x)


def test_samples_of_another_shape_are_refused(tmp_path: Path) -> None:
    artifact, _, x = _chained(tmp_path)

    with pytest.raises(SignatureError, match="'x'"):
        _verdict(artifact, x[:, :5])
