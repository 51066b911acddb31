"""What the server tells of itself and its models: by the protocol, and for the page."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.serving.models import version_of
from edgesmith_runtime.serving.raw_bodies import media_types
from edgesmith_runtime.serving.tensors import DATATYPES
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["model_config", "model_metadata", "page_model", "server_metadata"]

EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "model_repository")
_PLATFORMS = {Format.ONNX: "onnx_onnxv1", Format.TFLITE: "tflite_flatbuffer"}
_COLUMN_PARAMS = ("columns", "column")


def server_metadata() -> dict[str, Any]:
    """``GET /v2``."""
    return {
        "name": "edgesmith-runtime",
        "version": version("edgesmith-runtime"),
        "extensions": list(EXTENSIONS),
    }


def model_metadata(name: str, model: Model) -> dict[str, Any]:
    """``GET /v2/models/{name}``: the tensors that ``infer`` takes and gives; -1 is a free axis."""
    return {
        "name": name,
        "versions": [version_of(model)],
        "platform": _PLATFORMS[model.artifact.format],
        "inputs": [_tensor(spec) for spec in model.signature.inputs],
        "outputs": [_tensor(spec) for spec in model.signature.outputs],
    }


def model_config(name: str, model: Model) -> dict[str, Any]:
    """``GET /v2/models/{name}/config``, as far as Triton's schema has words for it.

    ``max_batch_size`` is 0: the batch axis is among ``dims``.
    """
    return {
        "name": name,
        "platform": _PLATFORMS[model.artifact.format],
        "backend": str(model.artifact.format),
        "max_batch_size": 0,
        "input": [_config_tensor(spec) for spec in model.signature.inputs],
        "output": [_config_tensor(spec) for spec in model.signature.outputs],
        "parameters": {
            "identity": {"string_value": model.bundle.identity},
            "artifact": {"string_value": model.artifact.file},
        },
    }


def _dims(spec: TensorSpec) -> list[int]:
    return [-1 if isinstance(axis, str) else axis for axis in spec.shape]


def _datatype(spec: TensorSpec) -> str:
    # A quantized tensor takes and gives the numbers that its codes stand for.
    return DATATYPES[spec.dtype if spec.scale is None else "float32"]


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": _datatype(spec), "shape": _dims(spec)}


def _config_tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "data_type": f"TYPE_{_datatype(spec)}", "dims": _dims(spec)}


def page_model(name: str, model: Model) -> dict[str, Any]:
    """What the page needs to know to ask this model."""
    manifest = model.manifest
    return {
        "name": name,
        "task": str(manifest.task),
        "version": version_of(model),
        "artifact": model.artifact.file,
        "raw_inputs": [
            {
                "name": raw.name,
                "kind": str(raw.kind),
                "accepts": raw.accepts,
                **({"columns": _columns(manifest, raw.name)} if raw.kind is Kind.TABLE else {}),
                **(
                    {"sample_rate": _sample_rate(manifest, raw.name)}
                    if raw.kind is Kind.AUDIO
                    else {}
                ),
            }
            for raw in manifest.raw_inputs
        ],
        "media_types": list(media_types(manifest.raw_inputs)),
        "labels": [label for output in manifest.outputs[:1] for label in (output.labels or ())],
    }


def _columns(manifest: Manifest, name: str) -> list[str]:
    """The columns that the steps take from a table, each once."""
    columns: dict[str, None] = {}
    for step in manifest.transform:
        if name in step.inputs:
            for param in _COLUMN_PARAMS:
                value = step.params.get(param, [])
                columns.update(dict.fromkeys([value] if isinstance(value, str) else value))
    return list(columns)


def _sample_rate(manifest: Manifest, name: str) -> int:
    for step in manifest.transform:
        rate = step.params.get("sample_rate")
        if name in step.inputs and isinstance(rate, int):
            return rate
    return 16_000
