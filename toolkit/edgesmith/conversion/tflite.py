# pyright: basic
"""A frozen graph as a TFLite model, by TensorFlow's converter and built-in operations alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ai_edge_litert import schema_py_generated as schema

from edgesmith.inscription import compact_json
from edgesmith.quiet import quiet_start
from edgesmith.tflite_file import SIGNATURE_KEY, add_inscription, tflite_bytes
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgesmith.conversion.job import Job
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["tflite_from_graph"]


def tflite_from_graph(graph: bytes, job: Job) -> bytes:
    """Convert a frozen graph to one TFLite file.

    Inputs and outputs have the names of the signature, as tensors and in the signature
    ``serving_default``; the batch axis is free. Inputs, outputs and labels are JSON in the
    metadata buffer ``edgesmith``.

    Args:
        graph: A serialized GraphDef.
        job: What the artifact shall be.

    Raises:
        ConversionError: An operation has no TFLite counterpart.
    """
    try:
        content = _converted(graph, job)
    except Exception as error:  # the converter raises all kinds
        raise _refusal(str(error), job) from error
    return _described(content, job)


def _refusal(text: str, job: Job) -> ConversionError:
    """What the converter refused, and where, out of its pages of text."""
    refused: list[tuple[str, str]] = re.findall(r'error: loc\(.*?"(\w+):", "([^"]+)"', text)
    if refused:
        return job.refusal("TFLite", refused)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line] or lines
    return ConversionError(
        f"TensorFlow's converter: {telling[0] if telling else 'says nothing'}"
    )


def _converted(graph: bytes, job: Job) -> bytes:
    # The converter for frozen graphs names the node that it refuses, which the one for functions
    # does not, and takes the custom gradients of Keras' activations, which that for SavedModels
    # does not. Tried with TensorFlow 2.21 on 15 models, the artifacts being otherwise alike.
    with tf.Graph().as_default() as tf_graph:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(graph), name="")
        converter = tf.compat.v1.lite.TFLiteConverter(
            tf_graph.as_graph_def(),
            [tf_graph.get_tensor_by_name(f"{node}:0") for node in job.input_nodes],
            [tf_graph.get_tensor_by_name(f"{node}:0") for node in job.output_nodes],
        )
        return converter.convert()


def _described(content: bytes, job: Job) -> bytes:
    model: Any = schema.ModelT.InitFromPackedBuf(content)
    main = model.subgraphs[0]
    outputs = _named(main, main.outputs, job.signature.outputs)
    inputs = _named(main, main.inputs, job.signature.inputs)  # last: an input keeps its name
    model.signatureDefs = [
        schema.SignatureDefT(
            inputs=inputs, outputs=outputs, signatureKey=SIGNATURE_KEY, subgraphIndex=0
        )
    ]
    add_inscription(model, compact_json(job.metadata()))
    return tflite_bytes(model, size_bytes=len(content))


def _named(
    main: Any, indices: Iterable[int], specs: tuple[TensorSpec, ...]
) -> list[schema.TensorMapT]:
    """Names of one side for the signature, and as tensors.

    An input that is an output too, or one output under two names, is one tensor in the file: it
    has the first of its names, and the signature has all.
    """
    for index, spec in reversed(list(zip(indices, specs, strict=True))):
        main.tensors[index].name = spec.name
    return [
        schema.TensorMapT(name=spec.name, tensorIndex=int(index))
        for index, spec in zip(indices, specs, strict=True)
    ]
