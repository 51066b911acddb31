"""ONNX models that are wrong, or valid and without bound: they crash, hang or eat memory where nobody looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from hostile.bundles import N_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HELPER: Any = onnx.helper
_FLOAT = onnx.TensorProto.FLOAT


@dataclass(frozen=True)
class Hostile:
    """A model by name; ``is_endless`` says that it ends by the deadline alone."""

    name: str
    build: Callable[[], bytes]
    is_endless: bool = False


def _node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Any:
    return _HELPER.make_node(op, inputs, outputs, **attributes)


def _constant(name: str, values: object, dtype: str = "int64") -> Any:
    return onnx.numpy_helper.from_array(np.array(values, dtype), name)


def _value(name: str, shape: Sequence[str | int] = ("batch", N_VALUES)) -> Any:
    return _HELPER.make_tensor_value_info(name, _FLOAT, shape)


def _model(
    nodes: Sequence[Any],
    initializers: Sequence[Any] = (),
    *,
    functions: Sequence[Any] = (),
    domains: Sequence[str] = (),
    opset: int = 18,
    ir_version: int = 8,
) -> bytes:
    graph = _HELPER.make_graph(nodes, "g", [_value("x")], [_value("y")], initializers)
    opsets = [_HELPER.make_opsetid("", opset), *(_HELPER.make_opsetid(d, 1) for d in domains)]
    model = _HELPER.make_model(
        graph, opset_imports=opsets, ir_version=ir_version, functions=functions
    )
    return model.SerializeToString()


def good() -> bytes:
    """``y = x + 1``, which every engine takes."""
    return _model([_node("Add", ["x", "one"], ["y"])], [_constant("one", [1.0], "float32")])


def _function(name: str, nodes: Sequence[Any]) -> Any:
    opsets = [_HELPER.make_opsetid("", 18), _HELPER.make_opsetid("own", 1)]
    return _HELPER.make_function("own", name, ["x"], ["y"], nodes, opsets)


def function_bomb(n_levels: int = 12, n_calls: int = 10) -> bytes:
    """Functions that call each other: inlined they are ``n_calls ** n_levels`` nodes."""
    functions = [_function("f0", [_node("Neg", ["x"], ["y"])])]
    for level in range(1, n_levels):
        names = ["x", *(f"v{index}" for index in range(n_calls - 1)), "y"]
        calls = [
            _node(f"f{level - 1}", [names[i]], [names[i + 1]], domain="own")
            for i in range(n_calls)
        ]
        functions.append(_function(f"f{level}", calls))
    call = _node(f"f{n_levels - 1}", ["x"], ["y"], domain="own")
    return _model([call], functions=functions, domains=["own"])


def endless_loop() -> bytes:
    """A Loop of 2^62 turns."""
    body = _HELPER.make_graph(
        [_node("Identity", ["go"], ["go_on"]), _node("Neg", ["carried"], ["next"])],
        "body",
        [
            _HELPER.make_tensor_value_info("turn", onnx.TensorProto.INT64, []),
            _HELPER.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            _value("carried"),
        ],
        [_HELPER.make_tensor_value_info("go_on", onnx.TensorProto.BOOL, []), _value("next")],
    )
    loop = _node("Loop", ["turns", "yes", "x"], ["y"], body=body)
    return _model(
        [loop], [_constant("turns", 1 << 62), _constant("yes", values=True, dtype="bool")]
    )


def _summed(op: str, inputs: Sequence[str], initializers: Sequence[Any], **more: Any) -> bytes:
    """Something huge, summed up and added to the input."""
    nodes = [
        _node(op, inputs, ["huge"], **more),
        _node("Cast", ["huge"], ["floats"], to=_FLOAT),
        _node("ReduceSum", ["floats"], ["sum"], keepdims=0),
        _node("Add", ["x", "sum"], ["y"]),
    ]
    return _model(nodes, initializers)


def _huge() -> list[Hostile]:
    large = 1 << 40
    return [
        Hostile(
            "huge_constant_of_shape",
            lambda: _summed("ConstantOfShape", ["n"], [_constant("n", [large])]),
        ),
        Hostile(
            "huge_expand",
            lambda: _summed("Expand", ["x", "n"], [_constant("n", [large, 1, N_VALUES])]),
        ),
        Hostile(
            "huge_tile",
            lambda: _summed("Tile", ["x", "n"], [_constant("n", [1, large])]),
        ),
        Hostile(
            "huge_range",
            lambda: _summed(
                "Range",
                ["a", "b", "c"],
                [_constant("a", 0), _constant("b", large), _constant("c", 1)],
            ),
        ),
        Hostile(
            "huge_pad",
            lambda: _summed("Pad", ["x", "n"], [_constant("n", [0, 0, 0, large])]),
        ),
        Hostile(
            "huge_one_hot",
            lambda: _summed(
                "OneHot",
                ["i", "n", "v"],
                [
                    _constant("i", [0]),
                    _constant("n", [large]),
                    _constant("v", [0.0, 1.0], "float32"),
                ],
            ),
        ),
        Hostile(
            "huge_resize",
            lambda: _summed("Resize", ["x", "", "", "n"], [_constant("n", [1, large])]),
        ),
        Hostile(
            "four_gib_constant",
            lambda: _summed("ConstantOfShape", ["n"], [_constant("n", [1 << 30])]),
        ),
        Hostile("huge_dims", lambda: _with_tensor(dims=[1 << 31, 1 << 31])),
        Hostile("negative_dims", lambda: _with_tensor(dims=[-N_VALUES])),
        Hostile("short_raw_data", lambda: _with_tensor(dims=[N_VALUES], raw_data=b"\0" * 7)),
        Hostile("unknown_dtype", lambda: _with_tensor(dims=[N_VALUES], data_type=99)),
        Hostile(
            "text_for_numbers", lambda: _with_tensor(data_type=8, string_data=[b"\xff"] * 4)
        ),
    ]


def _with_tensor(**members: Any) -> bytes:
    tensor = onnx.TensorProto(
        **{"name": "w", "data_type": _FLOAT, "dims": [N_VALUES], **members}
    )
    return _model([_node("Add", ["x", "w"], ["y"])], [tensor])


def nested(depth: int) -> bytes:
    """If within If, ``depth`` deep, put together from bytes: the library itself cannot."""
    inner = _node("Neg", ["x"], ["y"]).SerializeToString()
    output = _value("y").SerializeToString()
    for _ in range(depth):
        graph = _field(1, inner) + _field(2, b"b") + _field(12, output)
        branches = [
            _field(1, name) + _field(6, graph) + b"\xa0\x01\x05"
            for name in (b"then_branch", b"else_branch")
        ][:1]
        inner = _field(1, b"yes") + _field(2, b"y") + _field(4, b"If")
        inner += b"".join(_field(5, branch) for branch in branches)
    yes = _constant("yes", values=True, dtype="bool").SerializeToString()
    graph = _field(1, inner) + _field(2, b"g") + _field(5, yes)
    graph += _field(11, _value("x").SerializeToString()) + _field(12, output)
    model = onnx.ModelProto(ir_version=8, opset_import=[_HELPER.make_opsetid("", 18)])
    return model.SerializeToString() + _field(7, graph)


def _field(number: int, body: bytes) -> bytes:
    tag, size = number << 3 | 2, len(body)
    made = bytes([tag & 0x7F])
    while size > 0x7F:
        made += bytes([size & 0x7F | 0x80])
        size >>= 7
    return made + bytes([size]) + body


def hostile_models() -> list[Hostile]:
    """All, by name."""
    calls_itself = _function("f", [_node("f", ["x"], ["y"], domain="own")])
    call = _node("f", ["x"], ["y"], domain="own")
    loop = [
        _node("Add", ["x", "b"], ["a"]),
        _node("Neg", ["a"], ["b"]),
        _node("Neg", ["a"], ["y"]),
    ]
    return [
        Hostile("function_bomb", function_bomb, is_endless=True),
        Hostile("endless_loop", endless_loop, is_endless=True),
        *_huge(),
        Hostile("nested_400", lambda: nested(400)),
        Hostile("nested_5000", lambda: nested(5000)),
        Hostile("recursion", lambda: _model([call], functions=[calls_itself], domains=["own"])),
        Hostile("unknown_op", lambda: _model([_node("NoSuchOp", ["x"], ["y"])])),
        Hostile("unknown_domain", lambda: _model([_node("Op", ["x"], ["y"], domain="evil")], domains=["evil"])),
        Hostile("cycle", lambda: _model(loop)),
        Hostile("output_twice", lambda: _model([_node("Neg", ["x"], ["y"]), _node("Abs", ["x"], ["y"])])),
        Hostile("input_missing", lambda: _model([_node("Add", ["x", "nothing"], ["y"])])),
        Hostile("opset_999", lambda: _model([_node("Neg", ["x"], ["y"])], opset=999)),
        Hostile("ir_version_999", lambda: _model([_node("Neg", ["x"], ["y"])], ir_version=999)),
        Hostile("empty", lambda: b""),
        Hostile("zeros", lambda: bytes(4096)),
        Hostile("ones", lambda: b"\xff" * 4096),
        Hostile("cut", lambda: good()[:-9]),
    ]  # fmt: skip
