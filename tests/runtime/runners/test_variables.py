from __future__ import annotations

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
