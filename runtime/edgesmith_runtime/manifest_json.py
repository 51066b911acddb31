"""The one strict reader and the one writer of ``manifest.json``."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, cast

from edgesmith_runtime.errors import BundleError, SignatureError
from edgesmith_runtime.fields import Fields, shown, strict_json
from edgesmith_runtime.manifest import (
    FORMAT_VERSION,
    ArtifactEntry,
    Decode,
    DecodeOp,
    HostStep,
    Kind,
    Manifest,
    Output,
    Parity,
    RawInput,
    Score,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

__all__ = ["read_manifest", "write_manifest"]

MAX_MANIFEST_BYTES = 1 << 20

_JSON_KEYS = {"inputs": "from", "outputs": "to"}  # of a Step; Python keeps `from` for itself


def read_manifest(content: bytes | memoryview) -> Manifest:
    """Read ``manifest.json``.

    A reader takes any 1.x: a key that it does not know is an error, unless the minor version
    of the file is above its own.

    Args:
        content: The file's bytes, at most 1 MiB of strict UTF-8 JSON.

    Raises:
        BundleError: Not strict JSON, of another major version, or with a missing, unknown or
            ill-typed key; the message gives its path.
    """
    root = strict_json(content, "manifest.json", max_bytes=MAX_MANIFEST_BYTES)
    version = _version(Fields(root, "manifest.json:", tolerant=True).take("format", str))
    fields = Fields(root, "manifest.json:", tolerant=version[1] > FORMAT_VERSION[1])
    fields.take("format", str)
    try:
        manifest = Manifest(
            format=version,
            name=fields.take("name", str),
            task=fields.choice("task", Task),
            raw_inputs=fields.children("raw_inputs", _raw_input),
            transform=fields.children("transform", _step),
            outputs=fields.children("outputs", _output),
            artifacts=fields.children("artifacts", _entry),
            default_artifact=fields.child("default_artifact", _selection),
            fastest=fields.maybe_child("fastest", _selection),
            provenance=fields.take("provenance", dict, {}),
            calibration=_finding(fields, "calibration"),
            portability=_finding(fields, "portability"),
            layers=_finding(fields, "layers"),
            host_part=fields.maybe_child("host_part", _host_part) or {},
        )
    except SignatureError as error:
        raise BundleError(f"manifest.json: {error}") from error
    fields.finish()
    return manifest


def _version(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})", text)
    if match is None:
        raise BundleError(
            f"manifest.json: format: expected a version such as '1.0', got {shown(text)}"
        )
    version = int(match[1]), int(match[2])
    if version[0] != FORMAT_VERSION[0]:
        raise BundleError(
            f"manifest.json: the bundle has format {text}, this runtime reads "
            f"{FORMAT_VERSION[0]}.x; install a newer edgesmith-runtime or rebuild the bundle"
        )
    return version


def _finding(fields: Fields, key: str) -> dict[str, Any] | None:
    return cast("dict[str, Any] | None", fields.maybe(key, dict))


def _host_part(fields: Fields) -> dict[str, tuple[HostStep, ...]]:
    return fields.each_children(_host_step)


def _host_step(fields: Fields) -> HostStep:
    return HostStep(
        step=fields.whole("step", low=0), op=fields.take("op", str), why=fields.take("why", str)
    )


def _raw_input(fields: Fields) -> RawInput:
    return RawInput(
        name=fields.take("name", str),
        kind=fields.choice("kind", Kind),
        accepts=fields.take("accepts", str),
    )


def _step(fields: Fields) -> Step:
    return Step(
        op=fields.take("op", str),
        inputs=fields.strings("from"),
        outputs=fields.strings("to"),
        params=fields.take("params", dict, {}),
        asset=fields.maybe("asset", str),
        augment_after=fields.maybe("augment_after", bool) or False,
    )


def _output(fields: Fields) -> Output:
    labels = fields.strings("labels", []) or None
    return Output(
        name=fields.take("name", str),
        shape=fields.axes("shape"),
        labels=labels,
        unit=fields.maybe("unit", str),
        decode=fields.child("decode", _decode),
    )


def _decode(fields: Fields) -> Decode:
    neutral = Decode()
    return Decode(
        op=fields.choice("op", DecodeOp),
        threshold=fields.take("threshold", float, neutral.threshold),
        scale=fields.take("scale", float, neutral.scale),
        offset=fields.take("offset", float, neutral.offset),
    )


def _entry(fields: Fields) -> ArtifactEntry:
    return ArtifactEntry(
        file=fields.take("file", str),
        format=fields.choice("format", Format),
        precision=fields.choice("precision", Precision),
        version=fields.whole("version", low=1),
        signature=Signature(
            fields.children("inputs", _tensor), fields.children("outputs", _tensor)
        ),
        starts_after=fields.maybe("starts_after", int),
        needs=fields.strings("needs", []),
        score=fields.maybe_child("score", _score),
        parity=fields.maybe_child("parity", _parity),
    )


def _tensor(fields: Fields) -> TensorSpec:
    return TensorSpec(
        fields.take("name", str),
        fields.take("dtype", str),
        fields.axes("shape"),
        scale=fields.maybe("scale", float),
        zero_point=fields.maybe("zero_point", int),
    )


def _score(fields: Fields) -> Score:
    return Score(
        metric=fields.take("metric", str),
        value=fields.take("value", float),
        low=fields.take("low", float),
        high=fields.take("high", float),
        n_samples=fields.whole("n_samples", low=0),
    )


def _parity(fields: Fields) -> Parity:
    return Parity(
        max_abs_error=fields.take("max_abs_error", float),
        mean_abs_error=fields.take("mean_abs_error", float),
        agreement=fields.maybe("agreement", float),
        n_samples=fields.whole("n_samples", low=0),
    )


def _selection(fields: Fields) -> Selection:
    return Selection(
        file=fields.take("file", str),
        reason=fields.take("reason", str),
        needs=fields.strings("needs", []),
    )


def write_manifest(manifest: Manifest) -> bytes:
    """The bytes of ``manifest.json``: sorted keys, two spaces, one newline at the end.

    What is null, false or empty is left out where a reader does not ask for it.

    Raises:
        BundleError: Above 1 MiB, or a value that JSON does not have: a number that is not finite,
            a key that is not a string, an array.
    """
    members = _plain(manifest)
    members["format"] = ".".join(str(part) for part in manifest.format)
    for entry in members["artifacts"]:
        entry.update(entry.pop("signature"))
    for step in members["transform"]:
        for ours, written in _JSON_KEYS.items():
            step[written] = step.pop(ours)
    try:
        text = json.dumps(
            members, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
        )
        content = (text + "\n").encode()
    except (TypeError, ValueError) as error:
        raise BundleError(f"manifest.json: a value that JSON cannot hold: {error}") from error
    if len(content) > MAX_MANIFEST_BYTES:
        raise BundleError(
            f"manifest.json: expected at most {MAX_MANIFEST_BYTES} bytes, got {len(content)}; "
            "put what is big into an asset"
        )
    return content


# Written even when empty or null: a reader asks for them.
_ALWAYS_WRITTEN = {"inputs", "outputs", "raw_inputs", "shape", "transform", "starts_after"}


def _plain(noun: object) -> dict[str, Any]:
    names = [item.name for item in dataclasses.fields(cast("Any", noun))]
    return {
        name: _json_value(getattr(noun, name))
        for name in names
        if name in _ALWAYS_WRITTEN or not _is_neutral(getattr(noun, name))
    }


def _is_neutral(value: object) -> bool:
    return value is None or value is False or value in ((), {})


def _json_value(value: object) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        for key in members:
            if not isinstance(key, str):
                raise BundleError(f"manifest.json: expected keys that are strings, got {key!r}")
        return {str(key): _json_value(item) for key, item in members.items()}
    return value
