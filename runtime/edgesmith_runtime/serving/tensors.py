"""Tensors of the Open Inference Protocol, as JSON or as bytes behind it, to arrays and back."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.serving.messages import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DATATYPES", "array_of", "json_of", "raw_bytes_of", "texts_of"]

# https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol, "Tensor Data
# Types"; FP16 travels as bytes alone.
DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    **{f"int{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}
_DTYPES = {datatype: np.dtype(name).newbyteorder("<") for name, datatype in DATATYPES.items()}
_MAX_AXES = 32


def array_of(name: str, entry: dict[str, Any], content: memoryview | None) -> NDArray[Any]:
    """The array that one entry of ``inputs`` holds.

    Args:
        name: Of the tensor, for messages.
        entry: Its JSON object.
        content: Its bytes behind the JSON, little-endian in C order; None where it has none.

    Returns:
        An array, read-only and without a copy where it came as aligned bytes; of BYTES one of ``bytes``
        objects.

    Raises:
        RefusedError: 400; the message names the tensor.
    """
    shape = _shape(name, entry.get("shape"))
    datatype = entry.get("datatype")
    if datatype == "BYTES":
        texts = _texts_of_json(name, entry) if content is None else texts_of(name, content)
        _expect_count(name, len(texts), shape)
        array = np.empty(len(texts), object)
        array[:] = texts
        return _in_shape(name, array, shape)
    dtype = _DTYPES.get(datatype) if isinstance(datatype, str) else None
    if dtype is None:
        known = ", ".join([*_DTYPES, "BYTES"])
        raise RefusedError(
            400, f"input '{name}': datatype: expected one of {known}, got {datatype!r}"
        )
    if content is None:
        return _in_shape(name, _numbers(name, entry, dtype), shape)
    n_bytes = math.prod(shape) * dtype.itemsize
    if len(content) != n_bytes:
        raise RefusedError(
            400,
            f"input '{name}': expected {n_bytes} bytes for {datatype} of shape {list(shape)}, "
            f"got {len(content)}",
        )
    array = _in_shape(name, np.frombuffer(content, dtype), shape)
    if datatype == "BOOL" and (np.frombuffer(content, np.uint8) > 1).any():
        raise RefusedError(400, f"input '{name}': expected BOOL as bytes of 0 and 1")
    return array if array.flags.aligned else array.copy()  # engines count on it


def _shape(name: str, value: object) -> tuple[int, ...]:
    axes = cast("list[Any]", value) if isinstance(value, list) else None
    if (
        axes is None
        or len(axes) > _MAX_AXES
        or not all(type(axis) is int and 0 <= axis < 1 << 40 for axis in axes)
    ):
        raise RefusedError(400, f"input '{name}': shape: expected a list of lengths from 0")
    return tuple(axes)


def _in_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        return array.reshape(shape)
    except ValueError as error:  # longer axes beside an empty one than numpy has
        raise RefusedError(
            400, f"input '{name}': shape: no array has {list(shape)}: {error}"
        ) from error


def _expect_count(name: str, n_values: int, shape: tuple[int, ...]) -> None:
    if n_values != math.prod(shape):
        raise RefusedError(
            400,
            f"input '{name}': expected {math.prod(shape)} values for shape {list(shape)}, "
            f"got {n_values}",
        )


def _list_of(name: str, entry: dict[str, Any]) -> list[Any]:
    values = entry.get("data")
    if not isinstance(values, list):
        raise RefusedError(
            400, f"input '{name}': expected 'data' as a list, or binary_data_size"
        )
    return cast("list[Any]", values)


def _numbers(name: str, entry: dict[str, Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The numbers in ``data``, flat or nested, in C order; none changes its value but by rounding."""
    if dtype == np.float16:
        raise RefusedError(
            400, f"input '{name}': FP16 has no form in JSON; send it as binary data"
        )
    values = _list_of(name, entry)
    if _has_bools(values) and dtype.kind != "b":  # beside numbers numpy makes numbers of them
        raise _not_of(name, dtype)
    try:
        array = np.array(values)
        if dtype.kind in "iu" and array.dtype.kind in "iuf" and array.size:
            # A list with numbers beside 2**63 is read as float64; whole numbers stay whole so.
            if array.dtype.kind == "f" and not all(
                type(value) is int for value in _flat(values)
            ):
                raise _not_of(name, dtype)
            array = np.array(values, dtype)
        elif array.size and array.dtype.kind not in {"b": "b", "f": "iuf"}.get(dtype.kind, ""):
            raise _not_of(name, dtype)
        with np.errstate(over="ignore"):
            array = array.astype(dtype, copy=False)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _not_of(name, dtype) from error
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise RefusedError(400, f"input '{name}': a number is out of the range of {dtype.name}")
    _expect_count(name, array.size, _shape(name, entry.get("shape")))
    return array


def _has_bools(values: list[Any]) -> bool:
    """Whether true or false is among them, at the depths that an array can have."""
    level = values
    for _ in range(_MAX_AXES):
        types = set(map(type, level))
        if bool in types:
            return True
        if list not in types:
            return False
        level = [
            item for one in level if isinstance(one, list) for item in cast("list[Any]", one)
        ]
    return False  # nested too deeply for an array, as will be told


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(_flat(cast("list[Any]", value)))
        else:
            flat.append(value)
    return flat


def _not_of(name: str, dtype: np.dtype[Any]) -> RefusedError:
    return RefusedError(
        400,
        f"input '{name}': data: expected values of {DATATYPES[dtype.name]}, flat or nested in "
        "rows of one length",
    )


def _texts_of_json(name: str, entry: dict[str, Any]) -> list[bytes]:
    try:
        values = _flat(_list_of(name, entry))
    except RecursionError as error:
        raise RefusedError(400, f"input '{name}': data is nested too deeply") from error
    if not all(isinstance(value, str) for value in values):
        raise RefusedError(400, f"input '{name}': data: expected texts for BYTES")
    return [value.encode("utf-8", "surrogatepass") for value in values]


def texts_of(name: str, content: memoryview | bytes) -> list[bytes]:
    """The elements of a BYTES tensor: each its length as uint32, then its bytes.

    Raises:
        RefusedError: 400, they do not end where the content does.
    """
    texts: list[bytes] = []
    place, view = 0, memoryview(content)
    while place + 4 <= len(view):
        (length,) = struct.unpack_from("<I", view, place)
        texts.append(bytes(view[place + 4 : place + 4 + length]))
        place += 4 + length
    if place != len(view):
        raise RefusedError(
            400, f"input '{name}': the lengths within BYTES do not fit their bytes"
        )
    return texts


def raw_bytes_of(array: NDArray[Any]) -> bytes | memoryview:
    """An array as bytes behind the JSON; without a copy where it lies so in memory."""
    if array.dtype == object:
        return b"".join(struct.pack("<I", len(text)) + text for text in array.ravel().tolist())
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8).data if little.size else b""


def json_of(array: NDArray[Any]) -> list[Any]:
    """An array as ``data``, flat; null stands where JSON has no number (NaN, infinity)."""
    flat: list[Any] = array.ravel().tolist()
    if array.dtype == object:
        return [text.decode("utf-8", "replace") for text in flat]
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return [value if math.isfinite(value) else None for value in flat]
    return flat
