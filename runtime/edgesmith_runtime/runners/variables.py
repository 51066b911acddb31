"""Whether a TFLite file has tensors that keep their values from one run to the next."""

from __future__ import annotations

import struct
from struct import unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["has_variables"]

# Members of tables by their number: schema_v3.fbs of TensorFlow Lite.
_MODEL_SUBGRAPHS = 2
_SUBGRAPH_TENSORS = 0
_TENSOR_IS_VARIABLE = 5

_Buffer = bytes | memoryview


def has_variables(content: _Buffer) -> bool:
    """Whether any tensor is a variable: the state of a recurrent layer is one.

    Args:
        content: The file. Of one that cannot be followed the answer is yes, which costs time only.
    """
    try:
        (model,) = unpack_from("<I", content)
        tensors = (
            tensor
            for subgraph in _tables(content, model, _MODEL_SUBGRAPHS)
            for tensor in _tables(content, subgraph, _SUBGRAPH_TENSORS)
        )
        most = len(content) // 4  # each has a place in the file, unless subgraphs share theirs
        return any(
            n_before >= most or _byte(content, tensor, _TENSOR_IS_VARIABLE) != 0
            for n_before, tensor in enumerate(tensors)
        )
    except struct.error:
        return True


def _member(content: _Buffer, table: int, number: int) -> int:
    """The place of a member of a table; 0 where it has its default (FlatBuffers, Internals)."""
    (to_vtable,) = unpack_from("<i", content, table)
    vtable = table - to_vtable
    (vtable_bytes,) = unpack_from("<H", content, vtable)
    entry = 4 + 2 * number
    if entry >= vtable_bytes:
        return 0
    (offset,) = unpack_from("<H", content, vtable + entry)
    return table + offset if offset else 0


def _byte(content: _Buffer, table: int, number: int) -> int:
    place = _member(content, table, number)
    return unpack_from("<B", content, place)[0] if place else 0


def _tables(content: _Buffer, table: int, number: int) -> Iterator[int]:
    """The places of the tables in a vector of them."""
    place = _member(content, table, number)
    if not place:
        return
    vector = place + unpack_from("<I", content, place)[0]
    (n_tables,) = unpack_from("<I", content, vector)
    for index in range(n_tables):
        entry = vector + 4 + 4 * index
        yield entry + unpack_from("<I", content, entry)[0]
