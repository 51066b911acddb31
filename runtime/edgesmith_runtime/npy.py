"""Arrays of numbers as ``.npy`` files, written in one form and read in no other."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.spec import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["array_from_npy", "npy_from_array"]

# What numpy's own writer writes, and no more: its reader evaluates the header as Python.
# https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
_HEAD = re.compile(
    rb"\x93NUMPY\x01\x00(?P<size>..)\{'descr': '(?P<descr>[<|]\w\w)', 'fortran_order': False, "
    rb"'shape': \((?P<shape>|\d{1,12},|\d{1,12}(?:, \d{1,12})+)\), \} *\n",
    re.DOTALL,
)
_DESCRS = {np.dtype(name).newbyteorder("<").str for name in DTYPES}


def npy_from_array(array: NDArray[Any], where: str) -> bytes:
    """A ``.npy`` 1.0 file: little-endian, C order.

    Raises:
        BundleError: Not an array of numbers; the message starts with ``where``.
    """
    if array.dtype.name not in DTYPES:
        raise BundleError(f"{where}: expected an array of numbers, got dtype {array.dtype}")
    file = io.BytesIO()
    little = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    np.lib.format.write_array(file, little, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def array_from_npy(content: bytes | memoryview, where: str) -> NDArray[Any]:
    """An array of numbers from a .npy file; its size is checked before anything is allocated.

    Raises:
        BundleError: Another form, dtype or size; the message starts with ``where``.
    """
    head = _HEAD.match(content)
    if head is None or int.from_bytes(head["size"], "little") != head.end() - 10:
        raise BundleError(f"{where}: expected a .npy 1.0 of little-endian numbers in C order")
    descr = head["descr"].decode()
    if descr not in _DESCRS:
        raise BundleError(f"{where}: expected one of {sorted(_DESCRS)}, got '{descr}'")
    dtype = np.dtype(descr)
    shape = tuple(int(length) for length in re.findall(rb"\d+", head["shape"]))
    body = memoryview(content)[head.end() :]
    if math.prod(shape) * dtype.itemsize != len(body):
        raise BundleError(f"{where}: {len(body)} bytes are not an array of shape {shape}")
    try:
        array = np.frombuffer(body, dtype).reshape(shape)
    except ValueError as error:  # more axes, or longer ones beside an empty one, than numpy has
        raise BundleError(f"{where}: no array has the shape {shape}: {error}") from error
    return array.copy()  # a copy is aligned and owned
