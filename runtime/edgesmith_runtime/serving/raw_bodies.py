"""What the body of a raw request holds: the raw inputs of a model, by kind and media type."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, assert_never, cast

from edgesmith_runtime.errors import BundleError, InputError
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.npy import array_from_npy
from edgesmith_runtime.raw_files import Given, delimited_rows
from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.serving.strict import json_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import RawInput

__all__ = ["RawBody", "media_types", "raw_body"]

MAX_SAMPLES = 1 << 16  # of one body: each is an object, however small it is in the body
NPY = "application/octet-stream"
JSON = "application/json"
CSV = "text/csv"
_MEDIA = {
    Kind.IMAGE: (
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "image/bmp",
        "image/tiff",
        "image/x-portable-anymap",
    ),
    Kind.AUDIO: (
        "audio/wav",
        "audio/x-wav",
        "audio/wave",
        "audio/vnd.wave",
        "audio/flac",
        "audio/ogg",
    ),
}


@dataclass(frozen=True, slots=True)
class RawBody:
    """The raw inputs of one body; one that cannot be read is an InputError in its place.

    ``is_list``: whether the client gave several, or a list of one.
    """

    given: tuple[Given, ...]
    is_list: bool


def media_types(raw_inputs: Sequence[RawInput]) -> tuple[str, ...]:
    """What a body may be, the usual first."""
    if len(raw_inputs) > 1:
        return (JSON,)
    kind = raw_inputs[0].kind
    match kind:
        case Kind.IMAGE | Kind.AUDIO:
            return (*_MEDIA[kind], NPY)
        case Kind.TEXT:
            return ("text/plain", JSON)
        case Kind.TABLE:
            return (JSON, CSV)
        case Kind.SERIES:
            return (CSV, JSON, NPY)
        case Kind.TENSOR:
            return (JSON, NPY)
        case _:
            assert_never(kind)


def raw_body(raw_inputs: Sequence[RawInput], media_type: str, body: bytes) -> RawBody:
    """The raw inputs of a body. None is ever a path: a client names no file of this host.

    Args:
        raw_inputs: Of the manifest.
        media_type: Of the body, in lower case and without parameters.
        body: Its bytes.

    Raises:
        RefusedError: 415, another type than the model takes; 413, too many; 400, not what its type says.
        InputError: A table without a header.
    """
    known = media_types(raw_inputs)
    if media_type not in known:
        got = f"'{media_type[:80]}'" if media_type else "none"
        raise RefusedError(
            415,
            f"Content-Type: expected {', '.join(known)}, got {got}",
            (("accept", ", ".join(known)),),
        )
    if not body:
        raise RefusedError(400, f"expected a body of {media_type}, got none")
    name = raw_inputs[0].name
    if len(raw_inputs) > 1:
        return _listed("sample", json_value(body), raw_inputs)
    if media_type == JSON:
        return _listed(name, json_value(body), raw_inputs)
    if media_type == NPY:
        return _of_array(raw_inputs[0], body)
    if media_type == CSV and raw_inputs[0].kind is Kind.TABLE:
        rows = tuple(islice(delimited_rows(_text(body), name), MAX_SAMPLES + 1))
        _expect_few(len(rows))
        return RawBody(rows, is_list=True)
    raw = _text(body) if media_type == "text/plain" else body
    return RawBody((Given(name, raw),), is_list=False)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(400, f"expected text in UTF-8: {error}") from error


def _expect_few(n_samples: int) -> None:
    if n_samples > MAX_SAMPLES:
        raise RefusedError(
            413, f"expected at most {MAX_SAMPLES} raw inputs in one body; send several requests"
        )


def _of_array(raw: RawInput, body: bytes) -> RawBody:
    """A .npy: of a tensor a row a raw input, as for the command; of other kinds it is one."""
    try:
        array: NDArray[Any] = array_from_npy(body, "body")
    except BundleError as error:
        raise RefusedError(400, str(error)) from error
    if array.size == 0:  # its header alone may say any number of rows
        raise RefusedError(400, f"body: expected numbers, got an array of shape {array.shape}")
    if raw.kind is not Kind.TENSOR:
        return RawBody((Given(raw.name, array),), is_list=False)
    if array.ndim == 0:
        raise RefusedError(400, "body: expected one row a raw input, got a single number")
    _expect_few(len(array))
    return RawBody(
        tuple(Given(f"{raw.name}[{index}]", row) for index, row in enumerate(array)),
        is_list=True,
    )


def _listed(name: str, value: Any, raw_inputs: Sequence[RawInput]) -> RawBody:
    """One raw input, or a list of them where one is itself no list."""
    is_list = isinstance(value, list) and (
        len(raw_inputs) > 1 or raw_inputs[0].kind in (Kind.TABLE, Kind.TEXT)
    )
    if not is_list:
        try:
            return RawBody((Given(name, _sample(raw_inputs, value)),), is_list=False)
        except InputError as error:
            raise RefusedError(400, str(error)) from error
    _expect_few(len(cast("list[Any]", value)))
    return RawBody(
        tuple(
            Given(f"{name}[{index}]", _sample_or_error(raw_inputs, item))
            for index, item in enumerate(cast("list[Any]", value))
        ),
        is_list=True,
    )


def _sample_or_error(raw_inputs: Sequence[RawInput], value: Any) -> object:
    try:
        return _sample(raw_inputs, value)
    except InputError as error:
        return error


def _sample(raw_inputs: Sequence[RawInput], value: Any) -> object:
    if len(raw_inputs) == 1:
        return _raw(raw_inputs[0], value)
    names = [raw.name for raw in raw_inputs]
    if not isinstance(value, dict) or sorted(cast("dict[str, Any]", value)) != sorted(names):
        raise InputError(f"expected an object with the raw inputs {names}")
    members = cast("dict[str, Any]", value)
    return {raw.name: _raw(raw, members[raw.name]) for raw in raw_inputs}


def _raw(raw: RawInput, value: Any) -> object:
    """A JSON value as a raw input: of a file its bytes in base64."""
    match raw.kind:
        case Kind.IMAGE | Kind.AUDIO:
            return _file(raw, value)
        case Kind.TEXT:
            if isinstance(value, str):
                return value
            expected = "a text"
        case Kind.TABLE:
            if _is_row(value):
                return value
            expected = "a row, an object of column to text, number or null"
        case Kind.SERIES | Kind.TENSOR:
            if isinstance(value, list) or (raw.kind is Kind.TENSOR and _is_number(value)):
                return cast("object", value)
            expected = "numbers, nested by axis"
        case _:
            assert_never(raw.kind)
    raise InputError(f"'{raw.name}': expected {expected}, got {type(value).__name__}")


def _file(raw: RawInput, value: Any) -> bytes:
    if not isinstance(value, str):
        raise InputError(f"'{raw.name}': expected the bytes of a file in base64")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:  # binascii.Error is one
        raise InputError(f"'{raw.name}': not base64: {error}") from error


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(cell, str | int | float | bool | None)
        for cell in cast("dict[str, Any]", value).values()
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
