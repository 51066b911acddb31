# pyright: basic
"""A TFLite file that another tool exported."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

from edgesmith.foreign.model import ForeignModel
from edgesmith.foreign.tflite_sides import Sides, sides_of, signature_of
from edgesmith.inscription import compact_json, inscription
from edgesmith.tflite_file import add_inscription, signature_def, tflite_bytes
from edgesmith_runtime.errors import ConversionError, InputError
from edgesmith_runtime.spec import Format, Precision, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["open_tflite"]

# Under the names that a traced Keras model has for them; what is not here keeps its own.
_MAKERS = {"SOFTMAX": "Softmax", "LOGISTIC": "Sigmoid", "FULLY_CONNECTED": "MatMul"}
_HANDING_ON = {"RESHAPE", "CAST", "QUANTIZE", "DEQUANTIZE", "SQUEEZE", "EXPAND_DIMS"}

_STRANGE = {"FLOAT16", "FLOAT64", "BFLOAT16"}  # where float32 is expected


def open_tflite(path: Path, content: bytes) -> ForeignModel:
    """Open a TFLite file in LiteRT, with built-in operators and nothing but the file itself.

    Raises:
        InputError: It is no TFLite model.
        ConversionError: It is one that an artifact cannot be.
    """
    interpreter = _interpreter(path, content)
    model = _parsed(path, content)
    _refuse_lost_weights(path, model)
    sides = sides_of(path, model)
    signature = signature_of(path, model, sides)
    return ForeignModel(
        path=path,
        format=Format.TFLITE,
        precision=_precision(model),
        version=model.version,
        signature=signature,
        output_ops=tuple(_maker(model, index) for index in sides.outputs.values()),
        content=content,
        producer=(model.description or b"").decode("utf-8", "replace"),
        _batch_size=signature.batch_size,
        _engine=lambda tensors: _run(interpreter, sides, tensors),
        _inscribe=lambda own, labels: _inscribed(content, sides, own, labels),
    )


def _interpreter(path: Path, content: bytes) -> Any:
    """LiteRT verifies the whole file, so nothing that is read afterwards points outside of it."""
    if not content:  # which LiteRT takes for no model at all
        raise InputError(f"{path}: not a TFLite model: the file is empty; write it again")
    try:
        interpreter = litert.Interpreter(model_content=content)
        interpreter.allocate_tensors()
    except ValueError as error:
        raise InputError(f"{path}: not a TFLite model: {error}") from error
    except Exception as error:  # LiteRT has no exceptions of its own
        custom = ", ".join(_custom_operators(content))
        cure = (
            f"it needs the operators {custom}, which are not built in: convert the model with "
            "tf.lite.OpsSet.TFLITE_BUILTINS alone"
            if custom
            else "convert it again with a newer TensorFlow"
        )
        raise ConversionError(f"{path}: LiteRT refuses it: {_gist(error)}; {cure}") from error
    return interpreter


def _gist(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _custom_operators(content: bytes) -> list[str]:
    model: Any = schema.ModelT.InitFromPackedBuf(content)
    return sorted({one.customCode.decode() for one in model.operatorCodes if one.customCode})


def _parsed(path: Path, content: bytes) -> Any:
    try:
        model: Any = schema.ModelT.InitFromPackedBuf(content)
    except (struct.error, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a TFLite model: {error}") from error
    if any(buffer.offset > 1 for buffer in model.buffers):
        raise ConversionError(
            f"{path}: its weights stand behind the model's own structure, as they do in files "
            "above 2 GB, which a bundle does not hold: convert a smaller model"
        )
    return model


def _refuse_lost_weights(path: Path, model: Any) -> None:
    """Refuse variables that nothing assigns: such a file loads, and answers with what it finds."""
    used = {
        _op_name(model, operator)
        for graph in model.subgraphs
        for operator in graph.operators or ()
    }
    if "READ_VARIABLE" in used and "ASSIGN_VARIABLE" not in used:
        raise ConversionError(
            f"{path}: it reads variables that nothing in it assigns, so its weights are lost, as "
            "happens with TFLiteConverter.from_concrete_functions([f], model) under Keras 3; "
            "convert the Keras model itself: edgesmith.export(model, ...)"
        )


def _run(
    interpreter: Any, sides: Sides, tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    interpreter.reset_all_variables()
    lengths = {
        detail["index"]: tuple(detail["shape"]) for detail in interpreter.get_input_details()
    }
    for name, index in sides.inputs.items():
        if lengths[index] != tensors[name].shape:
            interpreter.resize_tensor_input(index, tensors[name].shape)
    interpreter.allocate_tensors()
    for name, index in sides.inputs.items():
        interpreter.set_tensor(index, tensors[name])
    interpreter.invoke()
    return {name: interpreter.get_tensor(index) for name, index in sides.outputs.items()}


def _precision(model: Any) -> Precision:
    """float32 where every tensor with fractions is, and none was quantized."""
    names = {number: name for name, number in vars(schema.TensorType).items()}
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        quantization = tensor.quantization
        if names[tensor.type] in _STRANGE or (
            quantization is not None
            and quantization.scale is not None
            and len(quantization.scale) > 0
            and "INT" in names[tensor.type]  # others keep a scale that means nothing
        ):
            return Precision.OTHER
    return Precision.FLOAT32


def _maker(model: Any, index: int) -> str:
    """The op that makes a tensor, behind those that only hand it on."""
    graph = model.subgraphs[0]
    makers = {output: operator for operator in graph.operators for output in operator.outputs}
    op = ""
    while index in makers:
        op = _op_name(model, makers[index])
        if op not in _HANDING_ON:
            break
        index = makers[index].inputs[0]
    return _MAKERS.get(op, op)


def _op_name(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return next(name for name, one in vars(schema.BuiltinOperator).items() if one == number)


def _inscribed(
    content: bytes,
    sides: Sides,
    signature: Signature,
    labels: Mapping[str, tuple[str, ...]],
) -> bytes:
    """The same graph with the signature's names and free axes, and with our metadata."""
    model: Any = schema.ModelT.InitFromPackedBuf(content)
    tensors = model.subgraphs[0].tensors
    indices = {**sides.inputs, **sides.outputs}
    for spec in signature:
        free = [-1 if isinstance(axis, str) else axis for axis in spec.shape]
        if -1 in free:
            tensors[indices[spec.name]].shapeSignature = np.array(free, np.int32)
    model.signatureDefs = [signature_def(sides.inputs, sides.outputs)]  # and no other
    add_inscription(model, compact_json(inscription(signature, labels)))
    return tflite_bytes(model, size_bytes=len(content))
