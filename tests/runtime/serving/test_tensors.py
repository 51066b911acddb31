"""Tensors in JSON and in bytes: what comes in goes out, and what is none is told."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.serving.tensors import DATATYPES, array_of, json_of, raw_bytes_of
from edgesmith_runtime.spec import DTYPES

IN_JSON = sorted(set(DATATYPES) - {"float16"})


def _entry(array: np.ndarray, **members: Any) -> dict[str, Any]:
    datatype = DATATYPES.get(array.dtype.name, "BYTES")
    return {"name": "x", "shape": list(array.shape), "datatype": datatype, **members}


EMPTY = [0, 1 << 39, 1 << 39]  # longer axes than numpy has, beside an empty one


def test_every_dtype_of_a_model_has_its_word() -> None:
    assert set(DATATYPES) == DTYPES


@given(st.data(), st.sampled_from(sorted(DATATYPES)))
def test_numbers_as_bytes_come_back_as_they_were(data: st.DataObject, dtype: str) -> None:
    array = data.draw(arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0)))

    content = memoryview(b"???" + bytes(raw_bytes_of(array)))[3:]

    back = array_of("x", _entry(array), content)
    assert (back.dtype.name, back.shape) == (dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.aligned


@given(st.data(), st.sampled_from(IN_JSON), st.sampled_from(["flat", "nested"]))
def test_numbers_in_json_come_back_as_they_were(
    data: st.DataObject, dtype: str, form: str
) -> None:
    finite: dict[str, Any] = (
        {} if "float" not in dtype else {"allow_nan": False, "allow_infinity": False}
    )
    array = data.draw(
        arrays.arrays(
            dtype,
            arrays.array_shapes(min_side=0),
            elements=arrays.from_dtype(np.dtype(dtype), **finite),
        )
    )
    told = json.loads(json.dumps(array.tolist() if form == "nested" else json_of(array)))

    back = array_of("x", _entry(array, data=told), None)

    assert (back.dtype.name, back.shape) == (dtype, array.shape)
    assert np.array_equal(back, array)


@given(arrays.arrays(object, arrays.array_shapes(), elements=st.binary()))
def test_texts_as_bytes_come_back_as_they_were(array: np.ndarray) -> None:
    back = array_of("x", _entry(array), memoryview(bytes(raw_bytes_of(array))))

    assert back.tolist() == array.tolist()


def test_bytes_are_not_copied() -> None:
    content = np.arange(4, dtype="<f4").tobytes()

    array = array_of("x", _entry(np.zeros(4, np.float32)), memoryview(content))

    assert array.__array_interface__["data"][0] == np.frombuffer(content).ctypes.data
    assert not array.flags.writeable


def test_what_json_has_no_number_for_becomes_null() -> None:
    assert json_of(np.array([1.0, np.nan, -np.inf], np.float32)) == [1.0, None, None]


@pytest.mark.parametrize(
    ("entry", "content", "part"),
    [
        ({"shape": [2], "datatype": "FP32", "data": [1]}, None, "expected 2 values for shape"),
        ({"shape": [-1], "datatype": "FP32", "data": []}, None, "shape: expected a list"),
        ({"shape": "2", "datatype": "FP32", "data": []}, None, "shape: expected a list"),
        ({"shape": [True], "datatype": "FP32", "data": [1]}, None, "shape: expected a list"),
        ({"shape": [1] * 40, "datatype": "FP32", "data": [1]}, None, "shape: expected a list"),
        (
            {"shape": [1], "datatype": "FLOAT", "data": [1]},
            None,
            "datatype: expected one of BOOL",
        ),
        ({"shape": [1], "datatype": ["FP32"], "data": [1]}, None, "datatype: expected one of"),
        ({"shape": [1], "datatype": "FP32"}, None, "expected 'data' as a list"),
        ({"shape": [1], "datatype": "FP16", "data": [1]}, None, "FP16 has no form in JSON"),
        ({"shape": [1], "datatype": "INT8", "data": [128]}, None, "expected values of INT8"),
        ({"shape": [1], "datatype": "UINT8", "data": [-1]}, None, "expected values of UINT8"),
        ({"shape": [1], "datatype": "INT32", "data": [1.5]}, None, "expected values of INT32"),
        ({"shape": [1], "datatype": "INT32", "data": [True]}, None, "expected values of INT32"),
        (
            {"shape": [2], "datatype": "FP32", "data": [True, 2.5]},
            None,
            "expected values of FP32",
        ),
        ({"shape": [1, 2], "datatype": "INT8", "data": [[2, True]]}, None, "values of INT8"),
        ({"shape": EMPTY, "datatype": "FP32", "data": []}, None, "no array has"),
        ({"shape": EMPTY, "datatype": "BYTES", "data": []}, None, "no array has"),
        ({"shape": EMPTY, "datatype": "FP32"}, b"", "no array has"),
        ({"shape": [1], "datatype": "BOOL", "data": [1]}, None, "expected values of BOOL"),
        ({"shape": [1], "datatype": "FP32", "data": ["1"]}, None, "expected values of FP32"),
        ({"shape": [1], "datatype": "FP32", "data": [None]}, None, "expected values of FP32"),
        ({"shape": [3], "datatype": "FP32", "data": [[1, 2], [3]]}, None, "rows of one length"),
        (
            {"shape": [1], "datatype": "FP32", "data": [1e39]},
            None,
            "out of the range of float32",
        ),
        ({"shape": [1], "datatype": "FP64", "data": [1e400]}, None, "out of the range"),
        (
            {"shape": [1], "datatype": "UINT64", "data": [1 << 64]},
            None,
            "expected values of UINT64",
        ),
        ({"shape": [2], "datatype": "FP32"}, b"1234", "expected 8 bytes for FP32"),
        ({"shape": [1 << 39, 1 << 39], "datatype": "FP64"}, b"", "bytes for FP64"),
        ({"shape": [2], "datatype": "BOOL"}, b"\x01\x02", "bytes of 0 and 1"),
        ({"shape": [1], "datatype": "BYTES"}, b"\x05\x00\x00\x00ab", "do not fit their bytes"),
        ({"shape": [1], "datatype": "BYTES"}, b"\x05", "do not fit their bytes"),
        ({"shape": [2], "datatype": "BYTES", "data": ["a"]}, None, "expected 2 values"),
        ({"shape": [1], "datatype": "BYTES", "data": [1]}, None, "expected texts for BYTES"),
    ],
)
def test_what_is_no_tensor_is_told(
    entry: dict[str, Any], content: bytes | None, part: str
) -> None:
    with pytest.raises(RefusedError, match=r"^input 'x': ") as caught:
        array_of("x", entry, None if content is None else memoryview(content))

    assert part in caught.value.message
    assert caught.value.status == 400


def test_whole_numbers_above_2_to_the_63_stay_whole() -> None:
    values = [1, (1 << 64) - 1]

    array = array_of("x", {"shape": [2], "datatype": "UINT64", "data": values}, None)

    assert array.tolist() == values


def test_texts_have_their_length_before_them() -> None:
    array = np.array([b"ab", b""], object)

    assert raw_bytes_of(array) == struct.pack("<I", 2) + b"ab" + struct.pack("<I", 0)
