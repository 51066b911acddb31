# pyright: basic
"""A ``.tflite`` file from its objects, as an engine takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SIGNATURE_KEY",
    "add_inscription",
    "read_inscription",
    "signature_def",
    "tflite_bytes",
]

SIGNATURE_KEY = "serving_default"  # what TFLite interpreters look for first

_METADATA_NAME = "edgesmith"
_FILE_IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16  # `force_align` of Buffer.data in the schema


def signature_def(
    inputs: Mapping[str, int], outputs: Mapping[str, int]
) -> schema.SignatureDefT:
    """A SignatureDef of the first subgraph; tensor indices by name."""
    given, made = (
        [schema.TensorMapT(name=name, tensorIndex=index) for name, index in side.items()]
        for side in (inputs, outputs)
    )
    return schema.SignatureDefT(
        inputs=given, outputs=made, signatureKey=SIGNATURE_KEY, subgraphIndex=0
    )


def add_inscription(model: Any, text: str) -> None:
    """Put a text into the model's metadata buffer ``edgesmith``, in the place of an older one."""
    model.metadata = [
        entry for entry in model.metadata or [] if _text(entry.name) != _METADATA_NAME
    ]
    model.buffers.append(schema.BufferT(data=np.frombuffer(text.encode(), np.uint8)))
    model.metadata.append(schema.MetadataT(name=_METADATA_NAME, buffer=len(model.buffers) - 1))


def read_inscription(model: Any) -> str | None:
    """The text of the model's metadata buffer ``edgesmith``; None without one."""
    for entry in model.metadata or []:
        content = model.buffers[entry.buffer].data
        if _text(entry.name) == _METADATA_NAME and content is not None:
            return bytes(content).decode()
    return None


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def tflite_bytes(model: Any, *, size_bytes: int) -> bytes:
    """Serialize a model.

    Args:
        model: As the schema's own classes have it.
        size_bytes: About how large it will be.
    """
    builder = _AlignedBuilder(size_bytes + 4096)
    builder.Finish(model.Pack(builder), file_identifier=_FILE_IDENTIFIER)
    return bytes(builder.Output())


class _AlignedBuilder(flatbuffers.Builder):
    """Puts byte vectors where the schema wants them; Python's own code ignores `force_align`."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803
        return super().StartVector(
            elemSize, numElems, _BUFFER_ALIGNMENT if elemSize == 1 else alignment
        )
