# pyright: basic
"""TFLite models as objects, and the small rewrites that their quantizer needs before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgesmith.tflite_file import tflite_bytes

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Artifact

__all__ = ["is_float_constant", "loaded", "op_name", "reshaped", "text", "unwidened", "whole"]

_OP_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()
}


def loaded(artifact: Artifact) -> Any:
    """The model of an artifact."""
    return whole(bytes(artifact.content))


def whole(content: bytes) -> Any:
    """A model with its constants in it: the quantizer puts large ones behind the flatbuffer."""
    model: Any = schema.ModelT.InitFromPackedBuf(content)
    for buffer in model.buffers:
        if buffer.size:
            outside = content[buffer.offset : buffer.offset + buffer.size]
            buffer.data = np.frombuffer(outside, np.uint8)
            buffer.offset = buffer.size = 0
    return model


def text(name: bytes | str) -> str:
    """A name as the schema's objects have it."""
    return name.decode() if isinstance(name, bytes) else name


def op_name(model: Any, operator: Any) -> str:
    """The schema's word for what an operator does."""
    code = model.operatorCodes[operator.opcodeIndex]
    return _OP_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]


def is_float_constant(model: Any, tensor: Any) -> bool:
    """Whether a tensor is constant numbers with fractions."""
    content = model.buffers[tensor.buffer].data
    is_filled = content is not None and len(content) > 0
    return is_filled and tensor.type == schema.TensorType.FLOAT32


def reshaped(artifact: Artifact) -> bytes:
    """The file with EXPAND_DIMS as RESHAPE, which the quantizer knows in int8.

    Of those whose shape is known but for the batch; the others stay.
    """
    content = bytes(artifact.content)
    model = loaded(artifact)
    main = model.subgraphs[0]
    changed = [
        operator for operator in main.operators if _becomes_reshape(model, main, operator)
    ]
    if not changed:
        return content
    code = _code(model, schema.BuiltinOperator.RESHAPE)
    for operator in changed:
        output = main.tensors[operator.outputs[0]]
        shape = _signature(output)
        model.buffers.append(
            schema.BufferT(data=np.frombuffer(shape.astype("<i4").tobytes(), np.uint8))
        )
        main.tensors.append(
            schema.TensorT(
                shape=[len(shape)],
                type=schema.TensorType.INT32,
                buffer=len(model.buffers) - 1,
                name=f"{text(output.name)}/shape",
            )
        )
        operator.inputs = [operator.inputs[0], len(main.tensors) - 1]
        operator.opcodeIndex = code
        operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
        operator.builtinOptions = schema.ReshapeOptionsT(newShape=shape.tolist())
    return tflite_bytes(model, size_bytes=len(content))


def _becomes_reshape(model: Any, main: Any, operator: Any) -> bool:
    if op_name(model, operator) != "EXPAND_DIMS":
        return False
    output = main.tensors[operator.outputs[0]]
    is_float = output.type == schema.TensorType.FLOAT32
    return is_float and output.shape is not None and int(np.sum(_signature(output) < 0)) <= 1


def _signature(tensor: Any) -> np.ndarray:
    """Its shape with -1 where an axis is free."""
    free = tensor.shapeSignature
    return np.asarray(tensor.shape if free is None or not len(free) else free, np.int32)


def _code(model: Any, builtin: int) -> int:
    """The place of an operation among the model's codes."""
    for place, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin:
            return place
    model.operatorCodes.append(
        schema.OperatorCodeT(builtinCode=builtin, deprecatedBuiltinCode=builtin, version=1)
    )
    return len(model.operatorCodes) - 1


def unwidened(model: Any) -> Any:
    """The model without the DEQUANTIZE of tensors that are only asked for their shape."""
    main = model.subgraphs[0]
    sources = {
        operator.outputs[0]: operator.inputs[0]
        for operator in main.operators
        if op_name(model, operator) == "DEQUANTIZE"
    }
    for operator in main.operators:
        if op_name(model, operator) == "SHAPE" and operator.inputs[0] in sources:
            operator.inputs = [sources[operator.inputs[0]]]
    used = {int(index) for operator in main.operators for index in operator.inputs}
    used |= {int(index) for index in main.outputs}
    main.operators = [
        operator
        for operator in main.operators
        if op_name(model, operator) != "DEQUANTIZE" or int(operator.outputs[0]) in used
    ]
    _drop_unused_tensors(model)
    return model


def _drop_unused_tensors(model: Any) -> None:
    main = model.subgraphs[0]
    sides = [*main.operators, main]
    maps = [
        one
        for definition in model.signatureDefs or ()
        for one in (*definition.inputs, *definition.outputs)
    ]
    used = {
        int(index) for side in sides for index in (*side.inputs, *side.outputs) if index >= 0
    }
    used |= {int(one.tensorIndex) for one in maps}
    used |= {int(i) for operator in main.operators for i in operator.intermediates or ()}
    places = {old: new for new, old in enumerate(sorted(used))}
    places[-1] = -1  # an input that is left out
    main.tensors = [main.tensors[old] for old in sorted(used)]
    for side in sides:
        side.inputs = [places[int(index)] for index in side.inputs]
        side.outputs = [places[int(index)] for index in side.outputs]
    for operator in main.operators:
        if operator.intermediates is not None:
            operator.intermediates = [places[int(i)] for i in operator.intermediates]
    for one in maps:
        one.tensorIndex = places[int(one.tensorIndex)]
