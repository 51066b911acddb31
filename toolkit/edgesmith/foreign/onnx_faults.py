# pyright: basic
"""What keeps an ONNX file from being an artifact, found before an engine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["refuse_what_artifacts_cannot_be", "tensors_of"]

LAST_OPSET = 23  # that a bundle promises to hold, see ConversionConfig.opset
_MAX_FILE_BYTES = 2 << 30  # of a protobuf message

# What the plain build of onnxruntime for processors registers.
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}


def refuse_what_artifacts_cannot_be(path: Path, model: onnx.ModelProto) -> None:
    """Refuse external data, unknown operators, and sides that are no tensors of numbers.

    Raises:
        ConversionError: Names the file, the tensor or operator, and the way out.
    """
    _refuse_external_data(path, model)
    _refuse_unknown_operators(path, model)
    _refuse_late_opset(path, model)
    constants = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name not in constants:
            _refuse_input(path, value)
    zipped = {
        output
        for node in model.graph.node
        if node.op_type == "ZipMap"
        for output in node.output
    }
    for value in model.graph.output:
        if value.name not in zipped:
            _refuse_output(path, value)


def _refuse_external_data(path: Path, model: onnx.ModelProto) -> None:
    external = [tensor for tensor in tensors_of(model) if tensor.external_data]
    if not external:
        return
    entries = [{one.key: one.value for one in tensor.external_data} for tensor in external]
    files = sorted({entry.get("location", "?") for entry in entries})
    if sum(int(entry.get("length", 0)) for entry in entries) >= _MAX_FILE_BYTES:
        cure = "they are above 2 GB, which one ONNX file cannot hold: export a smaller model"
    else:
        cure = (
            "save it in one file: onnx.save(onnx.load(path), 'one_file.onnx'), or export it with "
            "external_data=False"
        )
    raise ConversionError(
        f"{path}: the weights are in {', '.join(files)}; an artifact is one file and external "
        f"data is never read; {cure}"
    )


def tensors_of(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every constant of a model: weights, attributes, those of subgraphs and functions."""
    yield from _weights(model.graph)
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for graph in (attribute.g, *attribute.graphs):
                yield from _weights(graph)


def _weights(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    yield from _inner(model.graph.node)
    for function in model.functions:
        yield from _inner(function.node)


def _inner(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _inner(graph.node)


def _refuse_unknown_operators(path: Path, model: onnx.ModelProto) -> None:
    own = {(function.domain, function.name) for function in model.functions}
    unknown = {
        f"{node.domain}.{node.op_type}"
        for node in _nodes(model)
        if node.domain not in _DOMAINS and (node.domain, node.op_type) not in own
    }
    if unknown:
        raise ConversionError(
            f"{path}: onnxruntime does not have the operators {', '.join(sorted(unknown))}, "
            "which need a library of their own on the device; export the model with operators "
            "of ONNX alone"
        )


def _refuse_late_opset(path: Path, model: onnx.ModelProto) -> None:
    for one in model.opset_import:
        if one.domain in ("", "ai.onnx") and one.version > LAST_OPSET:
            raise ConversionError(
                f"{path}: expected an opset of at most {LAST_OPSET}, which every onnxruntime "
                f"that the runtime takes can run, got {one.version}; export the model with opset 18"
            )


def _refuse_input(path: Path, value: onnx.ValueInfoProto) -> None:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise ConversionError(
            f"{path}: input '{value.name}': expected a tensor, got a {_word(kind)}; export a "
            "model that takes plain tensors"
        )
    if not value.type.tensor_type.HasField("shape"):
        raise ConversionError(
            f"{path}: input '{value.name}' has no shape in the file; export the model with one"
        )
    if value.type.tensor_type.elem_type == onnx.TensorProto.STRING:
        raise ConversionError(
            f"{path}: input '{value.name}' takes text, which an artifact cannot; turn it into "
            "numbers in a step of the transform, and start the model there"
        )


def _refuse_output(path: Path, value: onnx.ValueInfoProto) -> None:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise ConversionError(
            f"{path}: output '{value.name}': expected a tensor, got a {_word(kind)}; export the "
            "model so that it gives plain tensors (of a classifier with skl2onnx: "
            "options={'zipmap': False})"
        )
    if value.type.tensor_type.elem_type == onnx.TensorProto.STRING:
        raise ConversionError(
            f"{path}: output '{value.name}' gives text, which an artifact cannot; fit the "
            "classifier on class indices and give class_names, or leave the output out with "
            "onnx.utils.extract_model"
        )


def _word(kind: str | None) -> str:
    return (kind or "value of no type").removesuffix("_type").replace("_", " ")
