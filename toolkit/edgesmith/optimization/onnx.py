# pyright: basic
"""ONNX artifacts by recipe: what their operations are, what they compute inside, and smaller ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
import onnx

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it starts a thread and writes a file

import onnxruntime
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

from edgesmith.optimization.artifacts import made_by
from edgesmith.optimization.nodes import Node
from edgesmith.optimization.onnx_integer import dynamic_int8, static_int8
from edgesmith.optimization.onnx_weights import narrow_weights
from edgesmith.recipe import Scheme
from edgesmith_runtime.errors import OptimizationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesmith.optimization.calibration import Calibration
    from edgesmith.recipe import Recipe
    from edgesmith_runtime.bundle import Artifact

__all__ = ["Taps", "inner_values", "nodes_of", "quantize"]

# 8 bits are too few for what these give: a share of 1/255 is the smallest of a softmax, and a
# normalization divides by what was rounded.
_FLOAT_BY_RULE = frozenset(
    ["Softmax", "LayerNormalization", "InstanceNormalization", "BatchNormalization", "CumSum"]
)
_WITH_WEIGHTS = frozenset(["Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "Gather"])


def nodes_of(artifact: Artifact, layer_of: Callable[[str], str | None]) -> tuple[Node, ...]:
    """The operations that give numbers with fractions, in the order of the graph.

    Args:
        artifact: In float.
        layer_of: The path of the Keras layer by the name of a node or of its weights.
    """
    model = onnx.shape_inference.infer_shapes(_loaded(artifact))
    sizes = {
        one.name: int(np.prod(one.dims)) * 4
        for one in model.graph.initializer
        if one.data_type == onnx.TensorProto.FLOAT
    }
    floats = {
        value.name
        for value in (*model.graph.value_info, *model.graph.output)
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    }
    return tuple(
        _node(node, _output(node), sizes, layer_of)
        for node in model.graph.node
        if _output(node) in floats
    )


def _output(node: Any) -> str:
    """The first that it gives: a recurrent one may leave out the whole sequence."""
    return next((name for name in node.output if name), "")


def _node(
    node: Any,
    output: str,
    sizes: Mapping[str, int],
    layer_of: Callable[[str], str | None],
) -> Node:
    weights = [name for name in node.input if name in sizes]
    is_kernel = node.op_type in _WITH_WEIGHTS
    by_weights = next((layer_of(name) for name in weights if is_kernel), None)
    return Node(
        name=node.name,
        op=node.op_type,
        layer=by_weights or layer_of(node.name) or layer_of(output) or node.name,
        inputs=tuple(node.input),
        output=output,
        weight_bytes=sum(sizes[name] for name in weights),
        float_because=_float_because(node.op_type),
    )


def _float_because(op: str) -> str | None:
    if op in _FLOAT_BY_RULE:
        return f"a rule: 8 bits are too few for {op}"
    if op not in QDQRegistry and op not in QLinearOpsRegistry:
        return f"onnxruntime has no int8 kernel for {op}"
    return None


def _loaded(artifact: Artifact) -> onnx.ModelProto:
    model = onnx.load_model_from_string(bytes(artifact.content))
    for index, node in enumerate(model.graph.node):
        # Other tools leave names out, and the quantizer knows a node by nothing else.
        node.name = node.name or f"{node.op_type}_{index}"
    return model


class Taps:
    """A float artifact that also gives what its operations compute.

    Args:
        artifact: In float.
        nodes: Of it.
    """

    def __init__(self, artifact: Artifact, nodes: tuple[Node, ...]) -> None:
        self._names = [node.output for node in nodes]
        self._inputs = [
            spec.name for spec in artifact.signature.inputs if spec.dtype == "float32"
        ]
        self._session = _session(_with_outputs(_loaded(artifact), self._names))

    def __call__(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Every float tensor of a batch, the inputs too, ``(n, ...)`` by name."""
        values = self._session.run(self._names, dict(tensors))
        given = {name: np.asarray(tensors[name]) for name in self._inputs}
        return given | dict(zip(self._names, values, strict=True))


def _with_outputs(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    present = {output.name for output in model.graph.output}
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        for name in dict.fromkeys(names)
        if name not in present
    )
    return model


def _session(model: onnx.ModelProto) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def inner_values(
    artifact: Artifact, nodes: tuple[Node, ...], tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """What a quantized artifact computes where the float one has its tensors, in real numbers.

    Args:
        artifact: Made of the float one by a recipe.
        nodes: Of the float one.
        tensors: ``(n, ...)`` by input.

    Returns:
        By the name of the float tensor; missing where the artifact does not have it.
    """
    model = _loaded(artifact)
    made = {name for node in model.graph.node for name in node.output}
    rounded = _dequantized(model)
    places = {
        node.output: rounded.get(node.output, node.output)
        for node in nodes
        if rounded.get(node.output, node.output) in made
    }
    session = _session(_with_outputs(model, list(places.values())))
    values = session.run(list(places.values()), dict(tensors))
    return dict(zip(places, values, strict=True))


def _dequantized(model: onnx.ModelProto) -> dict[str, str]:
    """The tensor that stands for another one after rounding, by the name of that."""
    quantized = {
        node.output[0]: node.input[0]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
    }
    return {
        quantized[node.input[0]]: node.output[0]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in quantized
    }


def quantize(
    artifact: Artifact, recipe: Recipe, nodes: tuple[Node, ...], calibration: Calibration | None
) -> Artifact:
    """Make an artifact by a recipe.

    Args:
        artifact: In float.
        recipe: Another scheme than float32.
        nodes: Of the artifact.
        calibration: Of its activations; a static scheme needs it.

    Raises:
        OptimizationError: The recipe cannot be followed; the message says why.
    """
    model = _loaded(artifact)
    match recipe.scheme:
        case Scheme.FLOAT16 | Scheme.INT8_WEIGHTS | Scheme.INT4_WEIGHTS:
            made = narrow_weights(model, recipe, nodes)
        case Scheme.INT8_DYNAMIC:
            made = dynamic_int8(model, recipe, nodes)
        case Scheme.INT8_STATIC:
            if calibration is None:
                raise OptimizationError(
                    f"{recipe.name}: needs calibration samples; give --samples"
                )
            made = static_int8(model, recipe, nodes, calibration.ranges(recipe.ranges))
        case Scheme.INT8_FULL_INTEGER:
            raise OptimizationError(
                f"{recipe.name}: an ONNX artifact keeps inputs and outputs in float; TFLite has "
                "integer ones"
            )
        case Scheme.FLOAT32 | Scheme.AS_IT_IS:
            raise ValueError(f"{recipe.name}: nothing to do")
        case _:
            assert_never(recipe.scheme)
    return made_by(recipe, artifact, made.SerializeToString(), artifact.signature)
