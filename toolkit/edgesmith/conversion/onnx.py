# pyright: basic
"""A frozen graph as an ONNX model, by tf2onnx."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnx.version_converter

from edgesmith.conversion.cleaning import cleaned
from edgesmith.conversion.handlers import custom_op_handlers
from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import tensorflow as tf
    import tf2onnx

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from edgesmith.conversion.job import Job
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["onnx_from_graph"]

_LAST_OPSET = max(tf2onnx.constants.OPSET_TO_IR_VERSION)  # that tf2onnx can write


def onnx_from_graph(graph: bytes, job: Job) -> bytes:
    """Convert a frozen graph to one ONNX file.

    Inputs and outputs have the names of the signature and its free axes; inputs, outputs and
    labels are JSON values in ``metadata_props``. Layouts stay as they are: an image input takes
    what the Keras model takes.

    Args:
        graph: A serialized GraphDef.
        job: What the artifact shall be.

    Raises:
        ConversionError: An operation has no ONNX counterpart, or the result is not valid ONNX.
    """
    try:
        with _nodes_in_order(), _messages_renewed():
            model = _converted(graph, job)
    except Exception as error:  # tf2onnx raises all kinds
        raise ConversionError(f"tf2onnx: {_gist(error)}") from error
    _refuse_unknown_operations(model, job)
    try:
        model = _raised(cleaned(model), job.opset)
        _number_addresses(model.graph, {})
        _describe(model, job)
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
    except Exception as error:  # checker, shape inference and protobuf errors share no ancestor
        raise ConversionError(f"the result is not valid ONNX: {_gist(error)}") from error


def _gist(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def _nodes_in_order() -> Generator[None]:
    """Let tf2onnx's sets of nodes have one order, which else follows memory addresses.

    With tf2onnx 1.17 the names of merged constants differ from run to run otherwise. To be
    removed when two conversions of a graph give the same bytes without it.
    """
    numbers = itertools.count()

    def by_first_use(node: Any) -> int:
        return node.__dict__.setdefault("_number", next(numbers))

    node_class = tf2onnx.graph.Node
    kept = node_class.__hash__
    node_class.__hash__ = by_first_use
    try:
        yield
    finally:
        node_class.__hash__ = kept


@contextmanager
def _messages_renewed() -> Generator[None]:
    """Let a node of tf2onnx drop its protobuf message before it writes another.

    A message keeps the memory of what was deleted from it: with tf2onnx 1.17 every pass of the
    optimizer kept one more copy of all weights. To be removed when it writes them only once.
    """
    node_class = tf2onnx.graph.Node
    kept = node_class.update_proto

    def update(node: Any, *arguments: Any, **settings: Any) -> None:
        if not node.get_body_graphs():
            node._op = onnx.NodeProto(  # noqa: SLF001 - it has no other door
                name=node.name, op_type=node.type, domain=node.domain
            )
        kept(node, *arguments, **settings)

    node_class.update_proto = update
    try:
        yield
    finally:
        node_class.update_proto = kept


def _converted(graph: bytes, job: Job) -> onnx.ModelProto:
    inputs = [f"{node}:0" for node in job.input_nodes]
    outputs = [f"{node}:0" for node in job.output_nodes]
    specs = [*job.signature.inputs, *job.signature.outputs]
    names = {tensor: spec.name for tensor, spec in zip([*inputs, *outputs], specs, strict=True)}
    graph_def = tf.compat.v1.GraphDef.FromString(graph)
    with tf.Graph().as_default():  # tf2onnx goes by way of a TensorFlow 1 meta graph
        folded = tf2onnx.tf_loader.tf_optimize(inputs, outputs, graph_def)
    with tf.Graph().as_default() as tf_graph:
        tf.import_graph_def(folded, name="")

        def mapped() -> Any:
            return tf2onnx.tfonnx.process_tf_graph(
                tf_graph,
                opset=min(job.opset, _LAST_OPSET),
                input_names=inputs,
                output_names=outputs,
                tensors_to_rename=names,
                custom_op_handlers=custom_op_handlers(),
            )

        optimized = _optimized(mapped)
    return optimized.make_model(
        "",
        graph_name="edgesmith",
        producer_name="edgesmith",
        producer_version=version("edgesmith"),
    )


def _optimized(mapped: Callable[[], Any]) -> Any:
    """tf2onnx's passes in place; only where one of them fails, anew and without that one.

    tf2onnx copies the graph, weights and all, before every pass, to have it back after a failure:
    with version 1.17 a ResNet50V2 of 100 MB took 7 GB and half of the time.
    """
    try:
        return tf2onnx.optimizer.optimize_graph(mapped(), catch_errors=False)
    except Exception:  # noqa: BLE001 - the passes raise all kinds
        return tf2onnx.optimizer.optimize_graph(mapped())


def _refuse_unknown_operations(model: onnx.ModelProto, job: Job) -> None:
    """tf2onnx leaves what it cannot map in the graph, under the name that TensorFlow has."""
    known = {opset.domain: opset.version for opset in model.opset_import}
    unknown = [
        (node.op_type, node.name) for node in _nodes(model.graph) if not _is_known(node, known)
    ]
    if unknown:
        raise job.refusal("ONNX", unknown)


def _is_known(node: onnx.NodeProto, versions: dict[str, int]) -> bool:
    version_ = versions.get(node.domain)
    return version_ is not None and onnx.defs.has(node.op_type, version_, node.domain)


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _raised(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """The same in a later opset than tf2onnx writes, by ONNX's own converter."""
    if opset <= _LAST_OPSET:
        return model
    raised = onnx.version_converter.convert_version(model, opset)
    raised.ir_version = onnx.helper.find_min_ir_version_for(raised.opset_import)
    return raised


def _number_addresses(graph: onnx.GraphProto, numbers: dict[str, str]) -> None:
    """Count up what tf2onnx 1.17 numbers by memory address: the parts of an Einsum."""

    def renamed(name: str) -> str:
        return re.sub(
            r"(?<=^einsum)\d+(?=_)", lambda m: numbers.setdefault(m[0], str(len(numbers))), name
        )

    for node in graph.node:
        node.name = renamed(node.name)
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                _number_addresses(inner, numbers)
    for tensor in graph.initializer:
        tensor.name = renamed(tensor.name)
    graph.initializer.sort(key=lambda tensor: tensor.name)


def _describe(model: onnx.ModelProto, job: Job) -> None:
    """Inputs, outputs and metadata by the signature; nothing that only a tool would want."""
    graph = model.graph
    for given, specs in (
        (graph.input, job.signature.inputs),
        (graph.output, job.signature.outputs),
    ):
        del given[:]
        given.extend(_value_info(spec) for spec in specs)
    del graph.value_info[:]
    used = {node.domain for node in _nodes(graph)} | {""}
    for opset in [opset for opset in model.opset_import if opset.domain not in used]:
        model.opset_import.remove(opset)
    onnx.helper.set_model_props(model, {key: _json(v) for key, v in job.metadata().items()})


def _value_info(spec: TensorSpec) -> onnx.ValueInfoProto:
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
    return onnx.helper.make_tensor_value_info(spec.name, element, list(spec.shape))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
