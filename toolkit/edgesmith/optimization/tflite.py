# pyright: basic
"""TFLite artifacts by recipe: what their operations are, what they compute inside, and smaller ones."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema
from ai_edge_quantizer import qtyping, quantizer
from ai_edge_quantizer.algorithm_manager import AlgorithmName

from edgesmith.inscription import compact_json, inscription
from edgesmith.optimization.artifacts import made_by
from edgesmith.optimization.nodes import Node
from edgesmith.optimization.tflite_graph import (
    is_float_constant,
    loaded,
    op_name,
    reshaped,
    text,
    unwidened,
    whole,
)
from edgesmith.recipe import Scheme
from edgesmith.tflite_file import add_inscription, read_inscription, tflite_bytes
from edgesmith_runtime.errors import OptimizationError
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesmith.optimization.calibration import Calibration
    from edgesmith.recipe import Recipe
    from edgesmith_runtime.bundle import Artifact

__all__ = ["Taps", "inner_values", "nodes_of", "quantize"]

_Op = qtyping.TFLOperationName
_INT8_OPS = frozenset(str(op.value) for op in _Op)
_FLOAT_BY_RULE = frozenset(["SOFTMAX"])  # a share of 1/256 is the smallest that 8 bits give
_BETWEEN = ("QUANTIZE", "DEQUANTIZE")  # what stands beside an operation that stays float
_INTEGERS = (schema.TensorType.INT8, schema.TensorType.INT32, schema.TensorType.BOOL)
_ALL = ".*"


def nodes_of(artifact: Artifact, layer_of: Callable[[str], str | None]) -> tuple[Node, ...]:
    """The operations that give numbers with fractions, in the order of the graph.

    Args:
        artifact: In float.
        layer_of: The path of the Keras layer by the name of a node or of its weights.
    """
    model = loaded(artifact)
    main = model.subgraphs[0]
    return tuple(
        _node(model, main, operator, layer_of)
        for operator in main.operators
        if main.tensors[operator.outputs[0]].type == schema.TensorType.FLOAT32
    )


def _node(model: Any, main: Any, operator: Any, layer_of: Callable[[str], str | None]) -> Node:
    op = op_name(model, operator)
    output = text(main.tensors[operator.outputs[0]].name)
    constants = [
        main.tensors[index]
        for index in operator.inputs
        if index >= 0 and is_float_constant(model, main.tensors[index])
    ]
    taken = [text(main.tensors[index].name) for index in operator.inputs if index >= 0]
    # An output of the model has its own name: what it is made of tells the layer.
    names = [text(one.name) for one in constants] + output.split(";") + taken
    layer = next((found for name in names if (found := layer_of(name)) is not None), None)
    return Node(
        name=output,
        op=op,
        layer=layer or output,
        inputs=tuple(taken),
        output=output,
        weight_bytes=sum(int(np.prod(one.shape)) * 4 for one in constants),
        float_because=_float_because(op),
    )


def _float_because(op: str) -> str | None:
    if op in _FLOAT_BY_RULE:
        return f"a rule: 8 bits are too few for {op}"
    if op == "EXPAND_DIMS":  # which becomes a reshape
        return None
    return None if op in _INT8_OPS else f"ai-edge-quantizer has no int8 form of {op}"


class Taps:
    """A float artifact that also gives what its operations compute.

    Args:
        artifact: In float.
        nodes: Of it.
    """

    def __init__(self, artifact: Artifact, nodes: tuple[Node, ...]) -> None:
        names = {spec.name for spec in artifact.signature.inputs if spec.dtype == "float32"}
        self._inner = _Inner(artifact, names | {node.output for node in nodes})

    def __call__(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Every float tensor of a batch, the inputs too, ``(n, ...)`` by name."""
        return self._inner.run(tensors)


class _Inner:
    """An interpreter that keeps every tensor; those of some names are read."""

    def __init__(self, artifact: Artifact, names: set[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that keeping all tensors takes memory
            self._interpreter = litert.Interpreter(
                model_content=bytes(artifact.content),
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                num_threads=1,
            )
        self._specs = artifact.signature.inputs
        self._places = {
            tensor["name"]: tensor["index"] for tensor in self._interpreter.get_input_details()
        }
        self._names = names

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        interpreter = self._interpreter
        for name, array in tensors.items():
            interpreter.resize_tensor_input(self._places[name], array.shape)
        interpreter.allocate_tensors()
        for spec in self._specs:
            interpreter.set_tensor(
                self._places[spec.name], _whole_numbers(spec, tensors[spec.name])
            )
        interpreter.invoke()
        found: dict[str, NDArray[Any]] = {}
        for tensor in interpreter.get_tensor_details():
            if tensor["name"] in self._names and tensor["name"] not in found:
                found[tensor["name"]] = _real_numbers(
                    interpreter.get_tensor(tensor["index"]), tensor["quantization"]
                )
        return found


def _whole_numbers(spec: TensorSpec, array: NDArray[Any]) -> NDArray[Any]:
    if spec.scale is None or spec.zero_point is None or array.dtype == spec.dtype:
        return array
    limits = np.iinfo(spec.dtype)
    whole = np.round(array / spec.scale) + spec.zero_point
    return np.clip(whole, limits.min, limits.max).astype(spec.dtype)


def _real_numbers(array: NDArray[Any], quantization: tuple[float, int]) -> NDArray[Any]:
    scale, zero_point = quantization
    if not scale:
        return array
    return ((array.astype(np.float32) - zero_point) * scale).astype(np.float32)


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
    return _Inner(artifact, {node.output for node in nodes}).run(tensors)


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
    engine = quantizer.Quantizer(bytearray(reshaped(artifact)))
    _configure(engine, recipe, nodes)
    seen = None
    if engine.need_calibration:
        if calibration is None:
            raise OptimizationError(f"{recipe.name}: needs calibration samples; give --samples")
        seen = _as_the_quantizer_has_it(artifact, calibration.ranges(recipe.ranges))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its interpreter keeps all tensors
            made = engine.quantize(seen, enable_progress_report=False)
        content = bytes(made.quantized_model or b"")
    except Exception as error:  # the quantizer raises all kinds
        raise OptimizationError(
            f"{recipe.name}: ai-edge-quantizer refuses it: {type(error).__name__}: {error}"
        ) from error
    model = unwidened(whole(content))
    _check_smaller(recipe, artifact, model, nodes)
    return _described(recipe, artifact, model, len(content))


def _configure(engine: Any, recipe: Recipe, nodes: tuple[Node, ...]) -> None:
    _configure_all(engine, recipe)
    if recipe.scheme is Scheme.INT8_STATIC:
        for op in (_Op.INPUT, _Op.OUTPUT, *(_Op(op) for op in _FLOAT_BY_RULE)):
            _leave_float(engine, _ALL, op)
    for node in nodes:
        if node.layer in recipe.float_layers:
            _leave_float(engine, f"^{re.escape(node.output)};?$", _Op.ALL_SUPPORTED)


def _configure_all(engine: Any, recipe: Recipe) -> None:
    by = qtyping.QuantGranularity
    granularity = by.CHANNELWISE if recipe.per_channel else by.TENSORWISE
    every = (_ALL, _Op.ALL_SUPPORTED)
    match recipe.scheme:
        case Scheme.FLOAT16:
            engine.update_quantization_recipe(
                *every, op_config=_HALF, algorithm_key=AlgorithmName.FLOAT_CASTING
            )
        case Scheme.INT8_WEIGHTS:
            engine.add_weight_only_config(*every, 8, granularity)
        case Scheme.INT4_WEIGHTS:
            engine.add_weight_only_config(*every, 4, granularity)
        case Scheme.INT8_DYNAMIC:
            engine.add_dynamic_config(*every, 8, granularity)
        case Scheme.INT8_STATIC | Scheme.INT8_FULL_INTEGER:
            engine.add_static_config(*every, 8, 8, granularity)
        case Scheme.FLOAT32 | Scheme.AS_IT_IS:
            raise ValueError(f"{recipe.name}: nothing to do")
        case _:
            assert_never(recipe.scheme)


_HALF = qtyping.OpQuantizationConfig(
    weight_tensor_config=qtyping.TensorQuantizationConfig(
        num_bits=16, dtype=qtyping.TensorDataType.FLOAT
    ),
    compute_precision=qtyping.ComputePrecision.FLOAT,
    explicit_dequantize=True,
)


def _leave_float(engine: Any, regex: str, operation: Any) -> None:
    engine.update_quantization_recipe(regex, operation, algorithm_key=AlgorithmName.NO_QUANTIZE)


def _as_the_quantizer_has_it(
    artifact: Artifact, ranges: Mapping[str, tuple[float, float]]
) -> Any:
    """Ends as arrays of the tensor's rank; a range that is all 0 gets a width."""
    ranks = {
        text(tensor.name): 0 if tensor.shape is None else len(tensor.shape)
        for tensor in loaded(artifact).subgraphs[0].tensors
    }
    return {
        name: {
            "min": np.full((1,) * ranks[name], low, np.float32),
            "max": np.full((1,) * ranks[name], high if high > low else low + 1e-6, np.float32),
        }
        for name, (low, high) in ranges.items()
        if name in ranks
    }


def _check_smaller(
    recipe: Recipe, artifact: Artifact, model: Any, nodes: tuple[Node, ...]
) -> None:
    """Refuse what has another name and the same numbers, or float where whole numbers are asked for."""
    if not _narrow_constants(model):
        raise OptimizationError(
            f"{recipe.name}: nothing in {artifact.file} can be quantized so; the model has no "
            "weights for it"
        )
    if recipe.scheme is not Scheme.INT8_FULL_INTEGER:
        return
    main = model.subgraphs[0]
    strange = {
        op: None
        for operator in main.operators
        for index in (*operator.inputs, *operator.outputs)
        if index >= 0
        and main.tensors[index].type not in _INTEGERS
        and (op := op_name(model, operator)) not in _BETWEEN
    }
    if strange:
        layers = [node.layer for node in nodes if node.op in strange]
        named = f" (layers {', '.join(dict.fromkeys(layers[:3]))})" if layers else ""
        raise OptimizationError(
            f"{recipe.name}: {', '.join(strange)} stays float{named}; the device computes with "
            "whole numbers alone: change these layers"
        )


def _narrow_constants(model: Any) -> bool:
    narrow = (schema.TensorType.INT8, schema.TensorType.INT4, schema.TensorType.FLOAT16)
    return any(
        tensor.type in narrow
        and model.buffers[tensor.buffer].data is not None
        and len(model.buffers[tensor.buffer].data) > 0
        for tensor in model.subgraphs[0].tensors
    )


def _described(recipe: Recipe, artifact: Artifact, model: Any, size_bytes: int) -> Artifact:
    main = model.subgraphs[0]
    by_name = {text(tensor.name): tensor for tensor in main.tensors}
    mapped = {
        text(one.name): main.tensors[one.tensorIndex]
        for definition in model.signatureDefs or ()
        for one in (*definition.inputs, *definition.outputs)
    }

    def quantized(spec: TensorSpec) -> TensorSpec:
        return _spec(spec, mapped.get(spec.name) or by_name[spec.name])

    signature = Signature(
        tuple(quantized(spec) for spec in artifact.signature.inputs),
        tuple(quantized(spec) for spec in artifact.signature.outputs),
    )
    labels = json.loads(read_inscription(model) or "{}").get("labels", {})
    add_inscription(model, compact_json(inscription(signature, labels)))
    content = tflite_bytes(model, size_bytes=size_bytes)
    return made_by(recipe, artifact, content, signature)


def _spec(spec: TensorSpec, tensor: Any) -> TensorSpec:
    if tensor.type != schema.TensorType.INT8:
        return spec
    return TensorSpec(
        spec.name,
        "int8",
        spec.shape,
        scale=float(tensor.quantization.scale[0]),
        zero_point=int(tensor.quantization.zeroPoint[0]),
    )
