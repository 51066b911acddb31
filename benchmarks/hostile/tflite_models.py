"""TFLite files that are wrong: indices out of range, sizes that lie, tables that are none, loops without end."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from hostile.bundles import N_VALUES
from hostile.onnx_models import Hostile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_S: Any = schema
_FLOAT, _INT32, _BOOL = 0, 2, 6  # TensorType
_OPS = _S.BuiltinOperator


def _tensor(name: str, shape: Sequence[int], *, kind: int = _FLOAT, buffer: int = 0) -> Any:
    made = _S.TensorT()
    made.name, made.shape, made.type, made.buffer = name, list(shape), kind, buffer
    return made


def _operator(code: int, inputs: Sequence[int], outputs: Sequence[int]) -> Any:
    made = _S.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = code, list(inputs), list(outputs)
    return made


def _subgraph(
    tensors: Sequence[Any],
    operators: Sequence[Any],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> Any:
    made = _S.SubGraphT()
    made.tensors, made.operators = list(tensors), list(operators)
    made.inputs, made.outputs = list(inputs), list(outputs)
    return made


def _code(builtin: int, custom: str | None = None) -> Any:
    made = _S.OperatorCodeT()
    made.builtinCode, made.deprecatedBuiltinCode = builtin, min(builtin, 127)
    made.customCode, made.version = custom, 1
    return made


def _buffer(values: np.ndarray[Any, Any] | None = None) -> Any:
    made = _S.BufferT()
    made.data = None if values is None else np.frombuffer(values.tobytes(), np.uint8)
    return made


def _graph() -> Any:
    """``y = x + one``."""
    model = _S.ModelT()
    model.version = 3
    model.operatorCodes = [_code(_OPS.ADD)]
    add = _operator(0, [0, 1], [2])
    add.builtinOptionsType, add.builtinOptions = _S.BuiltinOptions.AddOptions, _S.AddOptionsT()
    shape = [1, N_VALUES]
    tensors = [_tensor("x", shape), _tensor("one", [N_VALUES], buffer=1), _tensor("y", shape)]
    model.subgraphs = [_subgraph(tensors, [add], [0], [2])]
    model.buffers = [_buffer(), _buffer(np.ones(N_VALUES, np.float32))]
    return model


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def good() -> bytes:
    """``y = x + 1``, which the engine takes."""
    return _packed(_graph())


def _edited(edit: Callable[[Any], object]) -> Callable[[], bytes]:
    def build() -> bytes:
        model = _graph()
        edit(model)
        return _packed(model)

    return build


def _set(path: str, value: object) -> Callable[[], bytes]:
    """A good file with one member changed; a path such as ``subgraphs.0.inputs``."""

    def edit(model: Any) -> None:
        *steps, last = path.split(".")
        place = model
        for step in steps:
            place = place[int(step)] if step.isdigit() else getattr(place, step)
        if last.isdigit():
            place[int(last)] = value
        else:
            setattr(place, last, value)

    return _edited(edit)


def _one_op(
    builtin: int, constant: Any, *, shape: Sequence[int] = (1, N_VALUES)
) -> Callable[[], bytes]:
    """An op of the input and one constant."""

    def edit(model: Any) -> None:
        model.operatorCodes = [_code(builtin)]
        model.buffers[1] = _buffer(constant)
        graph = model.subgraphs[0]
        graph.tensors[1] = _tensor("c", constant.shape, kind=_INT32, buffer=1)
        graph.tensors[2].shape = list(shape)
        graph.operators = [_operator(0, [0, 1], [2])]

    return _edited(edit)


def endless_while() -> bytes:
    """A WHILE whose condition is its own, always true."""
    model = _graph()
    model.operatorCodes = [_code(_OPS.ADD), _code(_OPS.WHILE), _code(_OPS.LESS)]
    loop = _operator(1, [0], [2])
    options = _S.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = 1, 2
    loop.builtinOptionsType, loop.builtinOptions = _S.BuiltinOptions.WhileOptions, options
    model.subgraphs[0].operators = [loop]
    flag = _tensor("go", [1], kind=_BOOL)
    less = _operator(2, [1, 2], [3])
    one, two = _tensor("c1", [1], buffer=2), _tensor("c2", [1], buffer=3)
    values = _tensor("v", [1, N_VALUES])
    model.subgraphs.append(_subgraph([values, one, two, flag], [less], [0], [3]))
    body = (
        _tensor("v", [1, N_VALUES]),
        _tensor("one", [N_VALUES], buffer=1),
        _tensor("w", [1, N_VALUES]),
    )
    add = _operator(0, [0, 1], [2])
    add.builtinOptionsType, add.builtinOptions = _S.BuiltinOptions.AddOptions, _S.AddOptionsT()
    model.subgraphs.append(_subgraph(body, [add], [0], [2]))
    model.buffers += [_buffer(np.array([v], np.float32)) for v in (1, 2)]
    return _packed(model)


def _calls_itself() -> bytes:
    model = _graph()
    model.operatorCodes = [_code(_OPS.CALL_ONCE)]
    options = _S.CallOnceOptionsT()
    options.initSubgraphIndex = 0
    once = _operator(0, [], [])
    once.builtinOptionsType, once.builtinOptions = _S.BuiltinOptions.CallOnceOptions, options
    model.subgraphs[0].operators = [once]
    return _packed(model)


def _patched(at: int, packing: str, value: int) -> Callable[[], bytes]:
    """A good file with a number written over its bytes."""

    def build() -> bytes:
        content = bytearray(good())
        struct.pack_into(packing, content, at, value)
        return bytes(content)

    return build


def _bad_vtable(value: int) -> Callable[[], bytes]:
    """The root table says that its table of fields is somewhere else."""

    def build() -> bytes:
        content = bytearray(good())
        (root,) = struct.unpack_from("<I", content)
        struct.pack_into("<i", content, root, value)
        return bytes(content)

    return build


def hostile_files() -> list[Hostile]:
    """All, by name."""
    big = (1 << 31) - 1
    return [
        Hostile("endless_while", endless_while, is_endless=True),
        Hostile("input_tensor_above", _set("subgraphs.0.inputs", [99])),
        Hostile("input_tensor_below", _set("subgraphs.0.inputs", [-7])),
        Hostile("output_tensor_above", _set("subgraphs.0.outputs", [big])),
        Hostile("operand_above", _set("subgraphs.0.operators.0.inputs", [0, 1 << 20])),
        Hostile("operand_below", _set("subgraphs.0.operators.0.inputs", [0, -1000])),
        Hostile("operand_missing", _set("subgraphs.0.operators.0.inputs", [0])),
        Hostile("no_operands", _set("subgraphs.0.operators.0.inputs", [])),
        Hostile("result_above", _set("subgraphs.0.operators.0.outputs", [12345])),
        Hostile("no_results", _set("subgraphs.0.operators.0.outputs", [])),
        Hostile("result_is_a_constant", _set("subgraphs.0.operators.0.outputs", [1])),
        Hostile("code_above", _set("subgraphs.0.operators.0.opcodeIndex", 77)),
        Hostile("buffer_above", _set("subgraphs.0.tensors.1.buffer", 1 << 20)),
        Hostile("constant_too_short", _set("buffers.1.data", np.zeros(3, np.uint8))),
        Hostile("constant_empty", _set("buffers.1.data", np.zeros(0, np.uint8))),
        Hostile("huge_constant", _set("subgraphs.0.tensors.1.shape", [big])),
        Hostile("huge_constant_overflow", _set("subgraphs.0.tensors.1.shape", [1 << 30, 1 << 30, 16])),
        Hostile("negative_shape", _set("subgraphs.0.tensors.1.shape", [-N_VALUES])),
        Hostile("many_axes", _set("subgraphs.0.tensors.1.shape", [1] * 5000 + [N_VALUES])),
        Hostile("unknown_type", _set("subgraphs.0.tensors.1.type", 99)),
        Hostile("text_for_numbers", _set("subgraphs.0.tensors.1.type", 5)),
        Hostile("unknown_builtin", _set("operatorCodes.0", _code(100_000))),
        Hostile("custom_op", _set("operatorCodes.0", _code(_OPS.CUSTOM, "Evil"))),
        Hostile("flex_op", _set("operatorCodes.0", _code(_OPS.CUSTOM, "FlexReadFile"))),
        Hostile("op_version_999", _set("operatorCodes.0.version", 999)),
        Hostile("no_subgraphs", _set("subgraphs", [])),
        Hostile("no_buffers", _set("buffers", [])),
        Hostile("no_codes", _set("operatorCodes", [])),
        Hostile("huge_fill", _one_op(_OPS.BROADCAST_TO, np.array([big, N_VALUES], np.int32))),
        Hostile("huge_tile", _one_op(_OPS.TILE, np.array([1, big], np.int32))),
        Hostile("huge_reshape", _one_op(_OPS.RESHAPE, np.array([big, big], np.int32))),
        Hostile("gather_above", _one_op(_OPS.GATHER, np.array([0, big], np.int32))),
        Hostile("gather_below", _one_op(_OPS.GATHER, np.array([-5, -(1 << 30)], np.int32))),
        Hostile("slice_above", _one_op(_OPS.STRIDED_SLICE, np.array([0, big], np.int32))),
        Hostile("transpose_above", _one_op(_OPS.TRANSPOSE, np.array([7, 9], np.int32))),
        Hostile("reduce_axis_above", _one_op(_OPS.SUM, np.array([1 << 20], np.int32))),
        Hostile("call_of_itself", _calls_itself),
        Hostile("root_above", _patched(0, "<I", 0xFFFFFFF0)),
        Hostile("root_at_end", lambda: struct.pack("<I", len(good()) - 2) + good()[4:]),
        Hostile("vtable_before", _bad_vtable(1 << 30)),
        Hostile("vtable_after", _bad_vtable(-(1 << 30))),
        Hostile("vtable_minimum", _bad_vtable(-(1 << 31))),
        Hostile("vtable_itself", _bad_vtable(0)),
        Hostile("other_identifier", _patched(4, "<I", 0x58585858)),
        Hostile("empty", lambda: b""),
        Hostile("head_alone", lambda: good()[:8]),
        Hostile("cut", lambda: good()[: len(good()) // 2]),
        Hostile("zeros", lambda: bytes(4096)),
        Hostile("ones", lambda: b"\xff" * 4096),
    ]  # fmt: skip
