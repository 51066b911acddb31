from __future__ import annotations

import dataclasses

import numpy as np

from edgesmith.reporting.plain import plain
from edgesmith_runtime.spec import Format


@dataclasses.dataclass(frozen=True)
class _Noun:
    format: Format
    values: tuple[float, ...]


def test_a_noun_becomes_an_object_of_plain_values() -> None:
    assert plain(_Noun(Format.ONNX, (1.5, float("nan")))) == {
        "format": "onnx",
        "values": [1.5, None],
    }


def test_keys_become_texts_and_arrays_lists() -> None:
    members = {Format.TFLITE: np.array([1, 2]), "one": np.float32(0.5), "switch": True}

    assert plain(members) == {"tflite": [1, 2], "one": 0.5, "switch": True}


def test_a_number_that_json_has_not_is_none() -> None:
    assert plain([float("inf"), -float("inf"), 3]) == [None, None, 3]
