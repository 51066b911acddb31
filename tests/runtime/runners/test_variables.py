from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.runners.variables import has_variables

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.tflite


def _file(tflite_file: Callable[..., bytes], **members: object) -> bytes:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

    def tensor(name: str, **given: object) -> Any:
        made = schema.TensorT()
        for member, value in {"name": name, "shape": [1], "buffer": 0, **given}.items():
            setattr(made, member, value)
        return made

    tensors = [tensor("x"), tensor("state", **members), tensor("y")]
    operator = (schema.BuiltinOperator.ADD, [0, 1], [2], {})
    return tflite_file(tensors, {}, [operator], None)


def test_a_variable_among_the_tensors_is_found(tflite_file: Callable[..., bytes]) -> None:
    assert has_variables(_file(tflite_file, isVariable=True))
    assert not has_variables(_file(tflite_file, isVariable=False))
    assert not has_variables(_file(tflite_file))


def test_a_memory_view_is_read_as_bytes_are(
    tflite_file: Callable[..., bytes], tiny_tflite: bytes
) -> None:
    assert has_variables(memoryview(_file(tflite_file, isVariable=True)))
    assert not has_variables(memoryview(tiny_tflite))


def test_what_cannot_be_followed_may_have_variables(tiny_tflite: bytes) -> None:
    assert has_variables(b"")
    assert has_variables(tiny_tflite[:16])


def test_no_damage_is_an_error_of_its_own(tiny_tflite: bytes) -> None:
    rng = np.random.default_rng(0)

    for _ in range(300):
        damaged = bytearray(tiny_tflite)
        for place in rng.integers(0, 200, 4):
            damaged[place] = int(rng.integers(0, 256))

        assert has_variables(bytes(damaged)) in (True, False)


def test_subgraphs_that_share_their_tensors_are_not_followed_for_ever() -> None:
    n = 100
    numbers, table = struct.Struct("<I").pack, struct.Struct("<i").pack
    vtable = struct.Struct("<5H2x").pack(10, 8, 0, 0, 4)
    after = struct.Struct("<3H2x").pack(6, 8, 4)
    to_graph = [4 * (n - index) + len(after) for index in range(n)]
    to_tensor = [4 * (n - index) + 4 for index in range(n)]
    content = b"".join(
        [
            *(numbers(16), vtable, table(12), numbers(4)),  # the model
            *(numbers(n), *map(numbers, to_graph)),
            *(after, table(8), numbers(4)),  # the one subgraph
            *(numbers(n), *map(numbers, to_tensor)),
            *(struct.pack("<2H", 4, 4), table(4)),  # its one tensor, without members
        ]
    )

    assert has_variables(content)
