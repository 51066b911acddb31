# pyright: basic
"""ONNX artifacts that compute in int8, by onnxruntime's own quantizer."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.files import scratch

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from edgesmith.optimization.nodes import Node
    from edgesmith.recipe import Recipe

__all__ = ["dynamic_int8", "static_int8"]

# Convolutions that are quantized at each run are 2 to 15 times slower (onnxruntime 1.32).
_DYNAMIC_OPS = frozenset(["MatMul", "Gemm", "LSTM"])


def static_int8(
    model: onnx.ModelProto,
    recipe: Recipe,
    nodes: tuple[Node, ...],
    ranges: Mapping[str, tuple[float, float]],
) -> onnx.ModelProto:
    """Weights and activations in int8, between QuantizeLinear and DequantizeLinear.

    Args:
        model: In float; it is changed.
        recipe: Static; says which layers stay float.
        nodes: Of the model.
        ranges: Of its float tensors.

    Raises:
        OptimizationError: Nothing in it can be quantized.
    """
    chosen = [node for node in nodes if _is_quantized(node, recipe)]
    if not any(node.weight_bytes for node in chosen):
        raise OptimizationError(
            f"{recipe.name}: no layer with weights can be quantized; {_why(nodes, recipe)}"
        )
    data: dict[str, Any] = {
        name: TensorData(lowest=np.float32(low), highest=np.float32(high))
        for name, (low, high) in ranges.items()
    }
    with _quiet():
        quantizer = QDQQuantizer(
            model,
            recipe.per_channel,
            recipe.reduce_range,
            QuantType.QInt8,
            QuantType.QInt8 if recipe.signed else QuantType.QUInt8,
            TensorsData(CalibrationMethod.MinMax, data),
            [node.name for node in chosen],
            [],
            sorted({node.op for node in chosen}),
            {"MatMulConstBOnly": False},
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    return _trimmed(quantizer.model.model)


def _is_quantized(node: Node, recipe: Recipe) -> bool:
    return node.float_because is None and node.layer not in recipe.float_layers


def _why(nodes: tuple[Node, ...], recipe: Recipe) -> str:
    if not any(node.weight_bytes for node in nodes):
        return "the model has no weights"
    reasons = {node.float_because for node in nodes if node.weight_bytes} - {None}
    asked = ["all of them were asked to stay float"] if recipe.float_layers else []
    return ", ".join([*asked, *sorted(str(one) for one in reasons)]) or "see the layer account"


def dynamic_int8(
    model: onnx.ModelProto, recipe: Recipe, nodes: tuple[Node, ...]
) -> onnx.ModelProto:
    """Weights of dense and LSTM layers in int8; their activations are quantized at each run.

    Raises:
        OptimizationError: There is no such layer.
    """
    chosen = [
        node
        for node in nodes
        if node.op in _DYNAMIC_OPS
        and node.weight_bytes
        and node.layer not in recipe.float_layers
    ]
    if not chosen:
        raise OptimizationError(
            f"{recipe.name}: the model has no dense or LSTM layer to quantize, and onnxruntime's "
            "convolutions with ranges of each run are slower than in float"
        )
    with scratch() as folder, _quiet():
        path = folder / "dynamic.onnx"
        quantize_dynamic(
            model,
            path,
            # A Gemm becomes a MatMul with another name before it is looked at.
            op_types_to_quantize=sorted({node.op for node in chosen} | {"MatMul"}),
            nodes_to_quantize=[
                name for node in chosen for name in (node.name, f"{node.name}_MatMul")
            ],
            per_channel=recipe.per_channel,
            # The engine's LSTM multiplies 8-bit numbers too, and overflows 16 bits without VNNI.
            reduce_range=recipe.reduce_range or any(node.op == "LSTM" for node in chosen),
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        made = _trimmed(onnx.load(path))
    if not any(one.data_type == onnx.TensorProto.INT8 for one in made.graph.initializer):
        raise OptimizationError(
            f"{recipe.name}: onnxruntime's quantizer left every weight in float"
        )
    return made


@contextmanager
def _quiet() -> Generator[None]:
    """Without the quantizer's advice to people who call it by hand."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _trimmed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the shapes of inner tensors, and with short names for what the quantizer added.

    A node's name tells its layer; what lies between has none.
    """
    del model.graph.value_info[:]
    keep = {value.name for value in (*model.graph.input, *model.graph.output)}
    short: dict[str, str] = {}

    def renamed(name: str) -> str:
        if not name or name in keep or not name.endswith(_ADDED):
            return name
        return short.setdefault(name, f"q{len(short)}")

    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            node.name = ""
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    for tensor in model.graph.initializer:
        tensor.name = renamed(tensor.name)
    return model


_ADDED = (
    "_QuantizeLinear_Output",
    "_DequantizeLinear_Output",
    "_QuantizeLinear_Input",
    "_DequantizeLinear_Input",
    "_scale",
    "_zero_point",
    "_quantized",
    "_quantized_scale",
)
