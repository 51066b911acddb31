"""Changes to bundles, drawn from a seed: bits, bytes, whole members, and the structure of JSON, protobuf and flatbuffer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema

from edgesmith_runtime.archive import archive_bytes, read_archive
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.spec import Format
from hostile.bases import base_archive, base_files
from hostile.bundles import archive_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Rng = np.random.Generator

SEED = 7
DEEPER = 0.8  # share of the draws that go on to an inner message, where there is one
_WHOLE = (0, 1, -1, 2, 7, 255, -128, 1 << 15, (1 << 31) - 1, -(1 << 31))
_LONG = (*_WHOLE, 1 << 40, (1 << 62), -(1 << 62))
_JSON: tuple[Any, ...] = (
    None, True, 0, -1, 3, 1 << 31, 1 << 62, 10**300, 0.5, -1e308, 1e-320, "", "x", "../x", "a" * 300,
    "\u202e\n", [], [[]], {}, {"a": {}}, [0] * 50, "model.onnx", "manifest.json",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed bundle; ``hit`` is the member that was changed, or "archive"."""

    kind: str
    hit: str
    content: bytes
    is_redigested: bool


def mutant(index: int, seed: int = SEED) -> tuple[Format, Mutant]:
    """The mutant of a number: the same whenever it is asked for. Odd ones are re-digested."""
    rng = np.random.default_rng([seed, index])
    fmt = Format.ONNX if index // 2 % 2 == 0 else Format.TFLITE
    make = _redigested if index % 2 else _plain
    while True:
        made = make(fmt, rng)
        if made is not None and made.content != base_archive(fmt):
            return fmt, made


def _pick(rng: Rng, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


_OVERWRITTEN = ("bit", "bit", "byte", "bytes", "zero")
_RESIZED = ("cut", "cut_front", "insert", "remove", "double", "end")


def edited(content: bytes, rng: Rng) -> tuple[str, bytes]:
    """Bytes with one change of any kind, and the kind."""
    body = bytearray(content) or bytearray(1)
    kind = _pick(rng, (*_OVERWRITTEN, *_RESIZED))
    at, size = int(rng.integers(len(body))), int(rng.integers(1, 64))
    if kind in _OVERWRITTEN:
        _overwrite(body, kind, at, size, rng)
    else:
        _resize(body, kind, at, size, rng)
    return kind, bytes(body)


def _overwrite(body: bytearray, kind: str, at: int, size: int, rng: Rng) -> None:
    match kind:
        case "bit":
            body[at] ^= 1 << int(rng.integers(8))
        case "byte":
            body[at] = int(rng.integers(256))
        case "zero":
            body[at : at + size] = bytes(len(body[at : at + size]))
        case _:
            for place in rng.integers(len(body), size=size):
                body[int(place)] = int(rng.integers(256))


def _resize(body: bytearray, kind: str, at: int, size: int, rng: Rng) -> None:
    match kind:
        case "cut":
            del body[at:]
        case "cut_front":
            del body[:at]
        case "remove":
            del body[at : at + size]
        case "double":
            body[at:at] = body[at : at + size]
        case "end":
            body += rng.bytes(size)
        case _:
            body[at:at] = rng.bytes(size)


def _plain(fmt: Format, rng: Rng) -> Mutant:
    """A change that the digests must show."""
    if rng.random() < 0.7:
        kind, content = edited(base_archive(fmt), rng)
        return Mutant(kind, "archive", content, is_redigested=False)
    members = {n: bytes(c) for n, c in read_archive(base_archive(fmt), "base").items()}
    first, second = (str(name) for name in rng.choice(sorted(members), 2, replace=False))
    kind = _pick(rng, ("swapped", "replaced", "removed", "added", "member_edited"))
    match kind:
        case "swapped":
            members[first], members[second] = members[second], members[first]
        case "replaced":
            members[first] = members[second]
        case "removed":
            del members[first]
        case "added":
            members["assets/added.json"] = b"[]"
        case _:
            members[first] = edited(members[first], rng)[1]
    return Mutant(kind, first, b"".join(archive_bytes(members)), is_redigested=False)


def _redigested(fmt: Format, rng: Rng) -> Mutant | None:
    """A change by someone who writes the digests anew."""
    files = dict(base_files(fmt))
    model = f"model.{fmt}"
    share = rng.random()
    try:
        if share < 0.25:
            name, kind = model, "structure"
            change = onnx_structure if fmt is Format.ONNX else tflite_structure
            files[name] = change(files[name], rng)
        elif share < 0.5:
            name = _pick(rng, ("manifest.json", "manifest.json", "golden/samples.json"))
            kind = "structure"
            files[name] = json_structure(files[name], rng)
        elif share < 0.6:
            name, second = (str(name) for name in rng.choice(sorted(files), 2, replace=False))
            kind = _pick(rng, ("swapped", "removed", "replaced"))
            if kind == "removed":
                del files[name]
            elif kind == "replaced":
                files[name] = files[second]
            else:
                files[name], files[second] = files[second], files[name]
        else:
            name = model if share < 0.85 else _pick(rng, sorted(files))
            kind, files[name] = edited(files[name], rng)
        return Mutant(kind, name, archive_of(files), is_redigested=True)
    except (BundleError, NotMutableError):
        return None


class NotMutableError(Exception):
    """The draw gives no file; another is drawn."""


def json_structure(content: bytes, rng: Rng) -> bytes:
    """JSON with a value replaced, a key gone, doubled or renamed, or two values exchanged."""
    root = json.loads(content)
    places = [*_places(root)]
    holder, key = _pick(rng, places)
    kind = _pick(
        rng, ("replace", "replace", "replace", "remove", "rename", "exchange", "twice")
    )
    match kind:
        case "remove":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[f"{key}_"] = holder.pop(key)
        case "exchange":
            other, place = _pick(rng, places)
            holder[key], other[place] = other[place], holder[key]
        case "twice" if isinstance(holder, dict):
            text, pair = json.dumps(root), json.dumps({key: holder[key]})[1:-1]
            return text.replace(pair, f"{pair}, {pair}", 1).encode()
        case _:
            holder[key] = _pick(rng, _JSON)
    try:
        text = json.dumps(root)
    except (ValueError, RecursionError) as error:  # exchanged with what is inside it
        raise NotMutableError from error
    return text.replace("1e-320", _pick(rng, ("1e-320", "NaN", "1e999", "-Infinity"))).encode()


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def onnx_structure(content: bytes, rng: Rng) -> bytes:
    """A protobuf with one to three fields changed, wherever they are."""
    model = onnx.ModelProto.FromString(content)
    for _ in range(int(rng.integers(1, 4))):
        message = model
        while True:
            fields = message.ListFields()
            if not fields:
                break
            inner = [pair for pair in fields if pair[0].type == pair[0].TYPE_MESSAGE]
            deeper = inner and rng.random() < DEEPER
            field, value = _pick(rng, inner if deeper else fields)
            if not field.is_repeated if hasattr(field, "is_repeated") else field.label != 3:
                if field.type == field.TYPE_MESSAGE:
                    message = value
                    continue
                _scalar(message, field, value, rng)
                break
            if field.type == field.TYPE_MESSAGE and rng.random() < 0.8:
                message = _pick(rng, value)
                continue
            _repeated(field, value, rng)
            break
    return model.SerializeToString()


_OP_TYPES = (
    "Relu",
    "Softmax",
    "Gemm",
    "MatMul",
    "Add",
    "Identity",
    "Reshape",
    "Loop",
    "If",
    "NoSuchOp",
)
_NAMES = ("features", "h", "r", "y", "w1", "b1", "", "nothing")


def _scalar(message: Any, field: Any, value: Any, rng: Rng) -> None:
    if rng.random() < 0.15:
        message.ClearField(field.name)
    elif isinstance(value, bytes):
        setattr(message, field.name, edited(value, rng)[1])
    elif isinstance(value, str):
        setattr(
            message, field.name, _pick(rng, _OP_TYPES if field.name == "op_type" else _NAMES)
        )
    elif isinstance(value, float):
        setattr(message, field.name, float(_pick(rng, (0.0, -1.0, 1e30, np.inf, np.nan))))
    else:
        _set_whole(message, field.name, rng)


def _set_whole(message: Any, name: str, rng: Rng) -> None:
    try:
        setattr(message, name, _pick(rng, _LONG))
    except ValueError:  # an enum or 32 bits
        try:
            setattr(message, name, int(rng.integers(0, 24)))
        except ValueError as error:  # an enum that has no such member
            raise NotMutableError from error


def _repeated(field: Any, values: Any, rng: Rng) -> None:
    kind = _pick(rng, ("pop", "double", "change"))
    index = int(rng.integers(len(values)))
    if kind == "pop":
        del values[index]
    elif field.type == field.TYPE_MESSAGE:
        values.add().CopyFrom(values[index])
    elif kind == "double":
        values.append(values[index])
    elif isinstance(values[index], str):
        values[index] = _pick(rng, _NAMES)
    elif isinstance(values[index], int):
        values[index] = _pick(rng, _WHOLE)


def tflite_structure(content: bytes, rng: Rng) -> bytes:
    """A flatbuffer with one to three members changed, wherever they are."""
    model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
    for _ in range(int(rng.integers(1, 4))):
        holder: Any = model
        while True:
            named = [(n, v) for n, v in vars(holder).items() if v is not None]
            inner = [(n, v) for n, v in named if _is_inner(v)]
            deeper = inner and rng.random() < DEEPER
            name, value = _pick(rng, inner if deeper else named)
            if isinstance(value, list) and _is_inner(value):
                if rng.random() < 0.2:
                    _listed(value, rng)
                    break
                holder = _pick(rng, value)
            elif _is_inner(value):
                holder = value
            else:
                setattr(holder, name, _changed(value, rng))
                break
    builder = flatbuffers.Builder(1024)
    try:
        builder.Finish(model.Pack(builder), b"TFL3")
    except Exception as error:  # the builder has no one error for what it cannot hold
        raise NotMutableError from error
    return bytes(builder.Output())


def _is_inner(value: Any) -> bool:
    """Whether a member is an object, or a list of some."""
    first = value[0] if isinstance(value, list) and value else value
    return hasattr(first, "__dict__") and not isinstance(first, np.ndarray)


def _listed(values: list[Any], rng: Rng) -> None:
    index = int(rng.integers(len(values)))
    if rng.random() < 0.5:
        del values[index]
    else:
        values.append(values[index])


def _changed(value: Any, rng: Rng) -> Any:
    changes: dict[type, Callable[[], Any]] = {
        bool: lambda: not value,
        int: lambda: _pick(rng, _WHOLE),
        float: lambda: float(_pick(rng, (0.0, -1.0, 1e30))),
        bytes: lambda: edited(value, rng)[1],
    }
    if type(value) in changes:
        return changes[type(value)]()
    array = np.array(value).copy()
    if array.size and array.dtype.kind in "iu":
        if rng.random() < 0.3:
            return array[:-1]
        bounds = np.iinfo(array.dtype)
        array.flat[int(rng.integers(array.size))] = max(
            bounds.min, min(bounds.max, _pick(rng, _WHOLE))
        )
    return array
