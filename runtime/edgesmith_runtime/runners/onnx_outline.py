"""What an ONNX file says of itself that OpenVINO does not tell: its inputs, and data outside it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Outline", "outline_of"]

MAX_DEPTH = 100  # of messages in one another, as protobuf itself has it

# The messages that can hold a tensor, by message and number of the field: onnx.proto3 of ONNX 1.18.
_INNER: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "model": {7: "graph", 20: "training", 25: "function"},
        "graph": {1: "node", 5: "tensor", 15: "sparse"},
        "training": {1: "graph", 2: "graph"},
        "function": {7: "node", 11: "attribute"},
        "node": {5: "attribute"},
        "attribute": {
            5: "tensor",
            6: "graph",
            10: "tensor",
            11: "graph",
            22: "sparse",
            23: "sparse",
        },
        "sparse": {1: "tensor", 2: "tensor"},
    }
)
_GRAPH, _INPUT, _NAME = 7, 11, 1  # ModelProto.graph, GraphProto.input, ValueInfoProto.name
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of TensorProto


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What to know of a file before an engine reads it.

    Args:
        inputs: Names that its graph takes, used or not.
        is_whole: No tensor has its data in another file.
    """

    inputs: frozenset[str]
    is_whole: bool


def outline_of(content: bytes) -> Outline:
    """Read the outline without the engine, which would open what the file names.

    Args:
        content: Of a .onnx file.

    Raises:
        ValueError: It is no protobuf message, or nested too deep.
    """
    whole = memoryview(content)
    # The key of the entry that names the file: without it no engine finds one. Most files spare
    # the walk by that.
    is_whole = b"location" not in content or not _names_a_file(whole, "model", MAX_DEPTH)
    return Outline(inputs=frozenset(_inputs(whole)), is_whole=is_whole)


def _inputs(model: memoryview) -> Iterator[str]:
    for graph in _messages(model, _GRAPH):
        for value in _messages(graph, _INPUT):
            for name in _messages(value, _NAME):
                yield bytes(name).decode("utf-8", errors="replace")


def _messages(message: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, value in _fields(message):
        if number == wanted and isinstance(value, memoryview):
            yield value


def _names_a_file(message: memoryview, kind: str, depth: int) -> bool:
    if not depth:
        raise ValueError(f"messages nested more than {MAX_DEPTH} deep")
    if kind == "tensor":
        return any(
            number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
            for number, value in _fields(message)
        )
    inner = _INNER[kind]
    return any(
        number in inner
        and isinstance(value, memoryview)
        and _names_a_file(value, inner[number], depth - 1)
        for number, value in _fields(message)
    )


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field; https://protobuf.dev/programming-guides/encoding."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        tag &= 0xFFFFFFFF  # as parsers cut it: one with higher bits set means the same field
        match tag & 7:  # the wire type
            case 0:
                value, place = _varint(message, place)
                yield tag >> 3, value
                continue
            case 1:
                length = 8
            case 2:
                length, place = _varint(message, place)
            case 5:
                length = 4
            case wire_type:
                raise ValueError(f"no protobuf message: wire type {wire_type}")
        if length > len(message) - place:
            raise ValueError("no protobuf message: a field is longer than the message")
        yield tag >> 3, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The number that starts at a place, and the place after it."""
    number = 0
    for shift in range(0, 70, 7):
        if place == len(message):
            break
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
    raise ValueError("no protobuf message: a number does not end")
