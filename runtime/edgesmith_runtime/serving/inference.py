"""One inference request of the Open Inference Protocol: its bytes in, the answer's bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.decoding import decode
from edgesmith_runtime.manifest import Kind, Task
from edgesmith_runtime.serving.messages import Answer, RefusedError, json_bytes
from edgesmith_runtime.serving.strict import json_object
from edgesmith_runtime.serving.tensors import DATATYPES, array_of, json_of, raw_bytes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model

__all__ = ["HEADER_LENGTH", "InferRequest", "answer_of", "infer_request", "outputs_of"]

HEADER_LENGTH = "inference-header-content-length"
_AS_TEXTS = (Kind.IMAGE, Kind.AUDIO, Kind.TEXT)  # raw inputs that a BYTES tensor holds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An output to send.

    Args:
        is_binary: As bytes behind the JSON; None leaves it to the whole request.
        n_classes: From 1: not the output but so many of its best classes.
    """

    is_binary: bool | None = None
    n_classes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InferRequest:
    """An inference request, taken apart.

    Args:
        id: As the client gave it; None where it did not.
        inputs: By name.
        outputs: Those that the client asks for; empty for all.
        is_binary: How outputs are sent that say nothing of it.
    """

    id: str | None
    inputs: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, _Wanted]
    is_binary: bool

    @property
    def is_raw(self) -> bool:
        """Whether there is BYTES among the inputs, which no tensor of a model is."""
        return any(array.dtype == object for array in self.inputs.values())

    @property
    def needs_labels(self) -> bool:
        """Whether an output is asked for by its classes, so that bundle and run must be one."""
        return any(how.n_classes for how in self.outputs.values())


def infer_request(body: bytes, header_length: str | None) -> InferRequest:
    """What a body asks for.

    Args:
        body: A JSON object; behind it, where there is a header length, the bytes of tensors.
        header_length: Of the JSON alone, as the header ``Inference-Header-Content-Length`` has it.

    Raises:
        RefusedError: 400; the message names the key or the tensor.
    """
    n_json = _header_length(header_length, len(body))
    view = memoryview(body)
    members = json_object(view[:n_json])
    inputs = _inputs(_entries(members, "inputs"), view[n_json:])
    request_id = members.get("id")
    if not isinstance(request_id, str | None):
        raise RefusedError(400, "id: expected a text")
    return InferRequest(
        id=request_id,
        inputs=inputs,
        outputs=_outputs(_entries(members, "outputs")),
        is_binary=_flag(members, "binary_data_output") is True,
    )


def _header_length(value: str | None, n_bytes: int) -> int:
    if value is None:
        return n_bytes
    length = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else -1
    if not 0 <= length <= n_bytes:
        raise RefusedError(
            400,
            f"Inference-Header-Content-Length: expected 0 to {n_bytes}, got {value[:40]!r}",
        )
    return length


def _inputs(entries: list[dict[str, Any]], rest: memoryview) -> dict[str, NDArray[Any]]:
    """The arrays of ``inputs``, those with a size one after the other out of ``rest``."""
    inputs: dict[str, NDArray[Any]] = {}
    for entry in entries:
        name = _name(entry, "inputs")
        if name in inputs:
            raise RefusedError(400, f"input '{name}' is given twice")
        size = _parameters(entry).get("binary_data_size")
        content = None
        if size is not None:
            if "data" in entry:
                raise RefusedError(
                    400, f"input '{name}': expected 'data' or binary_data_size, got both"
                )
            if type(size) is not int or not 0 <= size <= len(rest):
                raise RefusedError(
                    400,
                    f"input '{name}': binary_data_size: expected 0 to {len(rest)}, got {size!r}",
                )
            content, rest = rest[:size], rest[size:]
        inputs[name] = array_of(name, entry, content)
    if len(rest):
        raise RefusedError(400, f"{len(rest)} bytes behind the JSON belong to no input")
    return inputs


def _outputs(entries: list[dict[str, Any]]) -> dict[str, _Wanted]:
    outputs: dict[str, _Wanted] = {}
    for entry in entries:
        name = _name(entry, "outputs")
        if name in outputs:
            raise RefusedError(400, f"output '{name}' is asked for twice")
        outputs[name] = _wanted(entry)
    return outputs


def _entries(members: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = members.get(key, [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in cast("list[object]", entries)
    ):
        raise RefusedError(400, f"{key}: expected a list of objects")
    if key == "inputs" and not entries:
        raise RefusedError(400, "inputs: expected a list of tensors, got none")
    return cast("list[dict[str, Any]]", entries)


def _name(entry: dict[str, Any], key: str) -> str:
    name = entry.get("name")
    if not isinstance(name, str):
        raise RefusedError(400, f"{key}: each needs a 'name'")
    return name


def _parameters(entry: dict[str, Any]) -> dict[str, Any]:
    parameters = entry.get("parameters", {})
    if not isinstance(parameters, dict):
        raise RefusedError(400, "parameters: expected an object")
    taken = cast("dict[str, Any]", parameters)
    for name in taken:
        if name.startswith("shared_memory"):
            raise RefusedError(400, f"parameters: {name}: this server shares no memory")
    return taken


def _wanted(entry: dict[str, Any]) -> _Wanted:
    parameters = _parameters(entry)
    n_classes = parameters.get("classification", 0)
    if type(n_classes) is not int or n_classes < 0:
        raise RefusedError(400, "parameters: classification: expected a number from 0")
    return _Wanted(is_binary=_flag(entry, "binary_data"), n_classes=n_classes)


def _flag(entry: dict[str, Any], name: str) -> bool | None:
    flag = _parameters(entry).get(name)
    if not isinstance(flag, bool | None):
        raise RefusedError(400, f"parameters: {name}: expected true or false")
    return flag


def outputs_of(
    model: Model, request: InferRequest, *, timeout: float | None
) -> dict[str, NDArray[Any]]:
    """What the model answers: all its outputs, by name.

    Inputs are the tensors of ``model.signature``, or raw inputs as BYTES: files of images and
    sound, texts.

    Args:
        model: That answers.
        request: Its inputs.
        timeout: In seconds, of the run; None sets no limit.

    Raises:
        EdgesmithError: As ``Model.run`` and ``Model.predict_batch``.
    """
    if not request.is_raw:
        return model.run(request.inputs, timeout=timeout)
    raw_names = {raw.name for raw in model.manifest.raw_inputs if raw.kind in _AS_TEXTS}
    for name, array in request.inputs.items():
        if array.dtype != object or set(request.inputs) != raw_names:
            raise RefusedError(
                400,
                f"input '{name}': expected the tensors "
                f"{[spec.name for spec in model.signature.inputs]}, or as BYTES the raw inputs "
                f"{sorted(raw_names)}",
            )
    columns = {name: array.reshape(-1).tolist() for name, array in request.inputs.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise RefusedError(400, "expected as many raw inputs in each BYTES tensor, one or more")
    raws = columns if len(columns) > 1 else next(iter(columns.values()))
    predictions = model.predict_batch(raws, timeout=timeout)
    return {
        name: np.stack([prediction.outputs[name] for prediction in predictions])
        for name in predictions[0].outputs
    }


def answer_of(
    model: Model,
    request: InferRequest,
    outputs: dict[str, NDArray[Any]],
    *,
    name: str,
    version: str | None,
) -> Answer:
    """The answer's bytes, with the outputs that the request asks for.

    Args:
        model: That answered.
        request: Which outputs go back, and how.
        outputs: All that the model gave.
        name: Under which the model is served.
        version: Of the model; None where another may have answered, after a swap.

    Raises:
        RefusedError: 400, it asks for one that the model has not, or that has not the form.
    """
    wanted = request.outputs or dict.fromkeys(outputs, _Wanted())
    entries: list[dict[str, Any]] = []
    parts: list[bytes | memoryview] = []
    for output, how in wanted.items():
        if output not in outputs:
            raise RefusedError(400, f"output '{output}': expected one of {[*outputs]}")
        array = outputs[output]
        if how.n_classes:
            array = _classes(model, output, array, how.n_classes)
        entry: dict[str, Any] = {
            "name": output,
            "datatype": DATATYPES.get(array.dtype.name, "BYTES"),
            "shape": list(array.shape),
        }
        if request.is_binary if how.is_binary is None else how.is_binary:
            content = raw_bytes_of(array)
            entry["parameters"] = {"binary_data_size": len(content)}
            parts.append(content)
        elif array.dtype == np.float16:
            raise RefusedError(
                400,
                f"output '{output}': FP16 has no form in JSON; ask for it with the parameter "
                "binary_data",
            )
        else:
            entry["data"] = json_of(array)
        entries.append(entry)
    members: dict[str, Any] = {
        "model_name": name,
        **({} if version is None else {"model_version": version}),
        "outputs": entries,
    }
    if request.id is not None:
        members["id"] = request.id
    head = json_bytes(members)
    if not parts:
        return Answer(body=head)
    return Answer(
        body=b"".join([head, *parts]),
        media_type="application/octet-stream",
        headers=((HEADER_LENGTH, str(len(head))),),
    )


def _classes(
    model: Model, name: str, array: NDArray[Any], n_classes: int
) -> NDArray[np.object_]:
    """The best classes as ``score:index:label``, ``(batch, n)``; Triton's classification extension."""
    manifest = model.manifest
    output = next((one for one in manifest.outputs if one.name == name), None)
    if output is None or output.labels is None or manifest.task is not Task.CLASSIFICATION:
        raise RefusedError(400, f"output '{name}': classification: this output has no classes")
    predictions = decode(manifest.task, [output], {name: array})
    rows: list[list[bytes]] = []
    for prediction in predictions:
        scores = prediction.scores
        if scores is None:
            raise RefusedError(
                400, f"output '{name}': classification: this output has no classes"
            )
        ranked = sorted(enumerate(scores.items()), key=lambda one: -one[1][1])[:n_classes]
        rows.append([f"{score:f}:{index}:{label}".encode() for index, (label, score) in ranked])
    made = np.empty((len(rows), len(rows[0]) if rows else 0), object)
    for index, row in enumerate(rows):
        made[index] = row
    return made
