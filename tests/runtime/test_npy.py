"""Arrays of numbers have one form as a file, and no other is read."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.npy import array_from_npy, npy_from_array
from edgesmith_runtime.spec import DTYPES


@given(
    array=st.sampled_from(sorted(DTYPES)).flatmap(
        lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(min_dims=0, min_side=0))
    )
)
def test_an_array_comes_back_as_it_was(array: np.ndarray[Any, Any]) -> None:
    content = npy_from_array(array, "x.npy")

    np.testing.assert_array_equal(array_from_npy(content, "x.npy"), array, strict=True)
    np.testing.assert_array_equal(np.load(io.BytesIO(content)), array, strict=True)


def test_texts_and_objects_are_not_written() -> None:
    with pytest.raises(
        BundleError, match=r"x\.npy: expected an array of numbers, got dtype obj"
    ):
        npy_from_array(np.array(["a"], object), "x.npy")


def _file(array: np.ndarray[Any, Any], version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


ONE_FORM = r"x.npy: expected a .npy 1.0 of little-endian numbers in C order"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ONE_FORM),
        (b"\x93NUMPY\x01\x00", ONE_FORM),
        (_file(np.zeros(3), (2, 0)), ONE_FORM),
        (_file(np.asfortranarray(np.zeros((2, 3)))), ONE_FORM),
        (_file(np.zeros(3, ">f4")), ONE_FORM),
        (_file(np.array([None])), ONE_FORM),
        (_file(np.zeros(3, "<c8")), "x.npy: expected one of .*, got '<c8'"),
        (_file(np.zeros(3))[:-1], r"x.npy: 23 bytes are not an array of shape \(3,\)"),
        (_file(np.zeros(3)) + b"\0", r"x.npy: 25 bytes are not an array of shape \(3,\)"),
    ],
)
def test_another_form_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        array_from_npy(content, "x.npy")


def test_a_size_that_memory_does_not_have_is_refused_before_it_is_taken() -> None:
    small = _file(np.zeros(3))
    claimed = small.replace(b"(3,), }" + b" " * 11, b"(999999999999,), }")

    with pytest.raises(
        BundleError, match=r"24 bytes are not an array of shape \(999999999999,\)"
    ):
        array_from_npy(claimed, "x.npy")


@pytest.mark.parametrize("shape", [", ".join("0" * 65), "0, 999999999999, 999999999999"])
def test_a_shape_that_no_array_has_is_refused_by_name(shape: str) -> None:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()

    with pytest.raises(BundleError, match=r"x\.npy: no array has the shape \(0, "):
        array_from_npy(content, "x.npy")
