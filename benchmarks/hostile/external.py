"""ONNX models that name files outside themselves, each with a file planted where it points."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from hostile.bundles import N_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HELPER: Any = onnx.helper
_FLOAT = onnx.TensorProto.FLOAT

PLANTED = np.full(
    N_VALUES, 1234.5, np.float32
)  # adding this to the input would show in an answer
_BYTES = PLANTED.tobytes()


@dataclass(frozen=True)
class Probe:
    """A model, and what must lie on the disk for it.

    ``plant`` gets the folder of the bundle, which is the working directory too.
    """

    name: str
    entries: Callable[[Path], list[tuple[str, str]]]
    plant: Callable[[Path], object] = lambda _: None
    where: str = "initializer"
    dims: tuple[int, ...] = (N_VALUES,)


def _file(relative: str) -> Callable[[Path], object]:
    def plant(folder: Path) -> None:
        place = folder / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_BYTES)

    return plant


def _at(location: str, *more: tuple[str, str]) -> Callable[[Path], list[tuple[str, str]]]:
    return lambda _: [("location", location), *more]


def _symlink_file(folder: Path) -> None:
    _file("../outside/w.bin")(folder)
    (folder / "link.bin").symlink_to(folder.parent / "outside" / "w.bin")


def _symlink_folder(folder: Path) -> None:
    _file("../outside/w.bin")(folder)
    (folder / "linked").symlink_to(folder.parent / "outside", target_is_directory=True)


def _hard_link(folder: Path) -> None:
    _file("../outside/w.bin")(folder)
    (folder / "hard.bin").hardlink_to(folder.parent / "outside" / "w.bin")


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe.bin")


def _here(*more: tuple[str, str]) -> dict[str, Any]:
    return {"entries": _at("w.bin", *more), "plant": _file("w.bin")}


def _absolute(folder: Path) -> list[tuple[str, str]]:
    return [("location", str(folder / "w.bin"))]


def probes() -> list[Probe]:
    """All, by name."""
    outside, here = _file("../outside/w.bin"), _file("w.bin")
    return [
        Probe("working_directory", **_here()),
        Probe("dot_slash", _at("./w.bin"), here),
        Probe("nested", _at("a/b/w.bin"), _file("a/b/w.bin")),
        Probe("parent", _at("../outside/w.bin"), outside),
        Probe("nested_parent", _at("a/../../outside/w.bin"), outside),
        Probe("parent_and_back", _at("../bundle/w.bin"), here),
        Probe("absolute", _absolute, here),
        Probe("absolute_twice", lambda folder: [("location", f"//{folder}/w.bin")], here),
        Probe("file_url", lambda folder: [("location", f"file://{folder}/w.bin")], here),
        Probe("etc_passwd", _at("/etc/passwd", ("length", "16"))),
        Probe("parents_to_root", _at("../" * 40 + "etc/passwd", ("length", "16"))),
        Probe("symbolic_link", _at("link.bin"), _symlink_file),
        Probe("linked_folder", _at("linked/w.bin"), _symlink_folder),
        Probe("hard_link", _at("hard.bin"), _hard_link),
        Probe("sibling_prefix", _at("../bundle-evil/w.bin"), _file("../bundle-evil/w.bin")),
        Probe("backslash", _at("..\\outside\\w.bin"), _file("..\\outside\\w.bin")),
        Probe("drive", _at("C:\\w.bin"), _file("C:\\w.bin")),
        Probe("fifo", _at("pipe.bin"), _fifo),
        Probe("folder", _at("w.bin"), lambda folder: (folder / "w.bin").mkdir()),
        Probe("dev_zero", _at("/dev/zero", ("length", "16"))),
        Probe("dev_zero_parents", _at("../" * 40 + "dev/zero", ("length", "16"))),
        Probe("dev_null_inside", _at("../null/w.bin"), _file("../null/w.bin")),
        Probe("own_memory", _at("/proc/self/mem", ("length", "16"), ("offset", "4194304"))),
        Probe("environment", _at("/proc/self/environ", ("length", "16"))),
        Probe("descriptor", _at("/proc/self/fd/0", ("length", "16"))),
        Probe("empty_location", _at("")),
        Probe("dot", _at(".")),
        Probe("nul_byte", _at("w.bin\0.txt"), here),
        Probe("no_location", lambda _: [("offset", "0"), ("length", "16")], here),
        Probe("no_entries", lambda _: [], here),
        Probe("offset_past_end", **_here(("offset", "4096"), ("length", "16"))),
        Probe("offset_negative", **_here(("offset", "-16"), ("length", "16"))),
        Probe("offset_2_62", **_here(("offset", str(1 << 62)), ("length", "16"))),
        Probe("offset_2_63", **_here(("offset", str(1 << 63)), ("length", "16"))),
        Probe("offset_no_number", **_here(("offset", "0x10"), ("length", "16"))),
        Probe("length_past_end", **_here(("length", "4096"))),
        Probe("length_negative", **_here(("length", "-1"))),
        Probe("length_2_62", **_here(("length", str(1 << 62)))),
        Probe("length_zero", **_here(("length", "0"))),
        Probe("length_no_number", **_here(("length", "sixteen"))),
        Probe("dims_2_40", dims=(1 << 40,), **_here(("length", str(1 << 42)))),
        Probe("dims_overflow", dims=(1 << 31, 1 << 31, 1 << 3), **_here()),
        Probe("dims_negative", dims=(-4,), **_here()),
        Probe(
            "memory_marker", _at("*/_ORT_MEM_ADDR_/*", ("offset", "4194304"), ("length", "16"))
        ),
        Probe(
            "memory_marker_null", _at("*/_ORT_MEM_ADDR_/*", ("offset", "0"), ("length", "16"))
        ),
        Probe(
            "memory_marker_little_endian",
            _at("*/_ORT_MEM_ADDR_/little_endian/*", ("offset", "4194304"), ("length", "16")),
        ),
        Probe("location_twice", **_here(("location", "../outside/w.bin"))),
        Probe("key_basepath", **_here(("basepath", "/"))),
        Probe("key_class", **_here(("__class__", "x"), ("raw_data", "y"))),
        Probe("key_empty", **_here(("", ""))),
        Probe("key_prepacked", **_here(("prepacked_0", "key|0|16"))),
        Probe("checksum_wrong", **_here(("checksum", "0" * 40))),
        Probe("constant_node", where="constant", **_here()),
        Probe("inner_graph", where="inner", **_here()),
        Probe("function_body", where="function", **_here()),
        Probe("sparse", where="sparse", **_here()),
        Probe("raw_data_too", where="both", **_here()),
        Probe("tag_of_33_bits", where="tag", **_here()),
        Probe("marked_without_entries", lambda _: [], here, where="constant"),
    ]


def model_of(probe: Probe, folder: Path) -> bytes:
    """The model file: ``y = x + w``, where ``w`` is outside."""
    tensor = onnx.TensorProto(name="w", data_type=_FLOAT, dims=probe.dims)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in probe.entries(folder):
        tensor.external_data.add(key=key, value=value)
    if probe.where == "both":
        tensor.raw_data = np.zeros(N_VALUES, np.float32).tobytes()
    x, y = (_HELPER.make_tensor_value_info(name, _FLOAT, ["batch", N_VALUES]) for name in "xy")
    add = _HELPER.make_node("Add", ["x", "w"], ["y"])
    opsets = [_HELPER.make_opsetid("", 18)]
    functions: list[Any] = []
    graph = _HELPER.make_graph([add], "g", [x], [y])
    if probe.where == "tag":
        return _with_long_tags(tensor, graph)
    constant = _HELPER.make_node("Constant", [], ["w"])
    constant.attribute.add(name="value", type=onnx.AttributeProto.TENSOR).t.CopyFrom(tensor)
    if probe.where in ("initializer", "both"):
        graph.initializer.append(tensor)
    elif probe.where == "sparse":
        sparse = graph.sparse_initializer.add(dims=[N_VALUES])
        sparse.values.CopyFrom(tensor)
        sparse.indices.CopyFrom(onnx.numpy_helper.from_array(np.arange(N_VALUES), "w_indices"))
    elif probe.where == "constant":
        graph.node.insert(0, constant)
    elif probe.where == "inner":
        branch = _HELPER.make_graph(
            [_HELPER.make_node("Add", ["x", "w"], ["inner"])],
            "branch",
            [],
            [_HELPER.make_tensor_value_info("inner", _FLOAT, ["batch", N_VALUES])],
            [tensor],
        )
        yes = onnx.numpy_helper.from_array(np.array(True), "yes")  # noqa: FBT003 - its one form
        node = _HELPER.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
        graph = _HELPER.make_graph([node], "g", [x], [y], [yes])
    else:
        opsets.append(_HELPER.make_opsetid("own", 1))
        functions.append(
            _HELPER.make_function("own", "f", ["x"], ["y"], [constant, add], opsets[:1])
        )
        call = _HELPER.make_node("f", ["x"], ["y"], domain="own")
        graph = _HELPER.make_graph([call], "g", [x], [y])
    model = _HELPER.make_model(graph, opset_imports=opsets, ir_version=8, functions=functions)
    return model.SerializeToString()


_ENTRY, _LOCATION = 13, 14  # fields of a TensorProto


def _with_long_tags(tensor: Any, graph: Any) -> bytes:
    """The fields that say "outside" have a bit above 32 in their tags, which parsers cut off."""
    entries = [entry.SerializeToString() for entry in tensor.external_data]
    tensor.ClearField("external_data")
    tensor.ClearField("data_location")
    content = tensor.SerializeToString() + _varint(_LOCATION << 3 | 1 << 32) + b"\1"
    for entry in entries:
        content += _varint(_ENTRY << 3 | 2 | 1 << 32) + _varint(len(entry)) + entry
    inner = graph.SerializeToString() + _varint(5 << 3 | 2) + _varint(len(content)) + content
    model = onnx.ModelProto(ir_version=8, opset_import=[_HELPER.make_opsetid("", 18)])
    return model.SerializeToString() + _varint(7 << 3 | 2) + _varint(len(inner)) + inner


def _varint(number: int) -> bytes:
    """A number as protobuf has it, 7 bits a byte."""
    made = b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])
