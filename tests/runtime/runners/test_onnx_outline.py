"""What is read of an ONNX file before an engine sees it, against files that onnx writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.runners.onnx_outline import outline_of

if TYPE_CHECKING:
    from collections.abc import Callable

onnx = pytest.importorskip("onnx")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


def _outside(location: str = "weights.bin") -> Any:
    tensor = onnx.numpy_helper.from_array(np.ones(2, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


def _value(name: str) -> Any:
    return helper.make_tensor_value_info(name, FLOAT, [2])


def _graph(
    *nodes: Any, initializers: tuple[Any, ...] = (), inputs: tuple[str, ...] = ()
) -> Any:
    return helper.make_graph(
        list(nodes), "g", [_value(name) for name in inputs], [_value("y")], list(initializers)
    )


def _content(graph: Any, **members: Any) -> bytes:
    return helper.make_model(graph, **members).SerializeToString()


def _constant(tensor: Any) -> Any:
    return helper.make_node("Constant", [], ["y"], value=tensor)


def _in_branch() -> bytes:
    branch = _graph(_constant(_outside()))
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    return _content(_graph(node))


def _in_function() -> bytes:
    opset = helper.make_opsetid("", 18)
    function = helper.make_function("own", "f", [], ["y"], [_constant(_outside())], [opset])
    return _content(
        _graph(helper.make_node("f", [], ["y"], domain="own")), functions=[function]
    )


def _sparse() -> Any:
    return helper.make_sparse_tensor(_outside(), _outside("indices.bin"), [4])


def _sparse_initializer() -> bytes:
    graph = _graph()
    graph.sparse_initializer.append(_sparse())
    return _content(graph)


def _in_training() -> bytes:
    model = helper.make_model(_graph())
    model.training_info.add().algorithm.CopyFrom(_graph(initializers=(_outside(),)))
    return model.SerializeToString()


def _key_last() -> bytes:
    tensor = _outside()
    del tensor.external_data[:]
    tensor.external_data.add(key="length", value="8")
    tensor.external_data.add(key="location", value="weights.bin")
    return _content(_graph(initializers=(tensor,)))


def _said_to_be_inside() -> bytes:
    tensor = _outside()
    tensor.data_location = onnx.TensorProto.DEFAULT
    return _content(_graph(initializers=(tensor,)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: _content(_graph(initializers=(_outside(),))),
        lambda: _content(_graph(_constant(_outside()))),
        lambda: _content(_graph(helper.make_node("f", [], ["y"], many=[_outside()]))),
        lambda: _content(_graph(helper.make_node("f", [], ["y"], few=_sparse()))),
        _in_branch,
        _in_function,
        _sparse_initializer,
        _in_training,
        _key_last,
        _said_to_be_inside,
    ],
    ids=[
        "initializer",
        "attribute",
        "attribute_of_several",
        "sparse_attribute",
        "branch",
        "function",
        "sparse_initializer",
        "training",
        "key_last",
        "said_to_be_inside",
    ],
)
def test_a_tensor_in_another_file_is_seen_wherever_it_stands(
    make: Callable[[], bytes],
) -> None:
    assert not outline_of(make()).is_whole


def test_the_word_alone_is_no_other_file() -> None:
    node = helper.make_node("Identity", ["location"], ["y"], doc_string="location")
    inside = onnx.numpy_helper.from_array(np.ones(2, np.float32), "location")

    outline = outline_of(_content(_graph(node, initializers=(inside,), inputs=("location",))))

    assert outline.is_whole
    assert outline.inputs == {"location"}


def test_the_inputs_are_those_of_the_graph_used_or_not() -> None:
    node = helper.make_node("Identity", ["x"], ["y"])

    outline = outline_of(_content(_graph(node, inputs=("unused", "x"))))

    assert outline.inputs == {"unused", "x"}


def _nested(depth: int) -> bytes:
    content = (
        b"\x2a\x02\x68\x0e" + b"location"
    )  # an initializer that says nothing of data inside
    for _ in range(depth):
        for tag in (0x32, 0x2A, 0x0A):  # the graph of an attribute of a node
            content = bytes([tag]) + _varint(len(content)) + content
    return b"\x3a" + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    head = b""
    while number > 127:
        head += bytes([number & 127 | 128])
        number >>= 7
    return head + bytes([number])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"location\xff", "no protobuf message"),
        (b"\x3a\x7flocation", "a field is longer than the message"),
        (b"\xff" * 10 + b"location", "a number does not end"),
        (b"\x3b location", "wire type 3"),
        (b"\x3a", "a number does not end"),
        (_nested(60), "nested more than 100 deep"),
    ],
    ids=["cut", "length", "endless", "group", "tag_alone", "deep"],
)
def test_what_is_no_message_says_so(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        outline_of(content)
