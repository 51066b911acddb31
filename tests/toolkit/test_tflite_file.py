from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgesmith.tflite_file import add_inscription, signature_def, tflite_bytes


def _model() -> Any:
    weights = np.arange(5, dtype=np.uint8)
    return schema.ModelT(
        version=3, buffers=[schema.BufferT(), schema.BufferT(data=weights)], subgraphs=[]
    )


def _texts(content: bytes) -> dict[bytes, bytes]:
    model: Any = schema.ModelT.InitFromPackedBuf(content)
    return {entry.name: bytes(model.buffers[entry.buffer].data) for entry in model.metadata}


def test_a_text_is_kept_in_the_metadata() -> None:
    model = _model()

    add_inscription(model, "words")

    assert _texts(tflite_bytes(model, size_bytes=100)) == {b"edgesmith": b"words"}


def test_an_older_text_is_replaced_and_others_stay() -> None:
    model = _model()
    model.metadata = [schema.MetadataT(name="min_runtime_version", buffer=1)]
    add_inscription(model, "old")
    packed: Any = schema.ModelT.InitFromPackedBuf(tflite_bytes(model, size_bytes=100))

    add_inscription(packed, "new")

    texts = _texts(tflite_bytes(packed, size_bytes=100))
    assert texts == {b"min_runtime_version": bytes(range(5)), b"edgesmith": b"new"}


def test_buffers_stand_where_the_schema_wants_them() -> None:
    content = tflite_bytes(_model(), size_bytes=100)

    model: Any = schema.Model.GetRootAs(content)
    place = content.index(bytes(range(5)))
    assert content[4:8] == b"TFL3"
    assert model.Buffers(1).DataLength() == 5
    assert place % 16 == 0


def test_a_signature_names_the_tensors_of_the_first_subgraph() -> None:
    definition: Any = signature_def({"x": 3}, {"y": 5})

    assert (definition.signatureKey, definition.subgraphIndex) == ("serving_default", 0)
    assert [(one.name, one.tensorIndex) for one in definition.inputs] == [("x", 3)]
    assert [(one.name, one.tensorIndex) for one in definition.outputs] == [("y", 5)]
