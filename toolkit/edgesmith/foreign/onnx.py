# pyright: basic
"""An ONNX file that another tool exported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

# From 1.29 on it reports over the network unless it is told before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

from edgesmith.foreign.model import ForeignModel
from edgesmith.foreign.onnx_faults import refuse_what_artifacts_cannot_be, tensors_of
from edgesmith.foreign.onnx_sides import maps_by_output, signature_of
from edgesmith.inscription import compact_json, inscription
from edgesmith_runtime.errors import ConversionError, InputError
from edgesmith_runtime.spec import Format, Precision, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.foreign.onnx_sides import MapOutput
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["open_onnx"]

_FATAL = 4
_EXPORT_AGAIN = (
    "export it with opset 18, which every onnxruntime that the runtime takes can run"
)

# Under the names that a traced Keras model has for them; what is not here keeps its own.
_MAKERS = {"Gemm": "MatMul"}
_HANDING_ON = {"Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze"}


def open_onnx(path: Path, content: bytes) -> ForeignModel:
    """Open an ONNX file in onnxruntime, with nothing but the file itself.

    Raises:
        InputError: It is no ONNX model.
        ConversionError: It is one that an artifact cannot be.
    """
    model = _parsed(path, content)
    refuse_what_artifacts_cannot_be(path, model)
    maps = maps_by_output(model.graph)
    signature = signature_of(path, _checked(path, model, maps).graph, maps)
    session = _session(path, content)
    return ForeignModel(
        path=path,
        format=Format.ONNX,
        precision=_precision(model, signature),
        version=max(
            (one.version for one in model.opset_import if one.domain in ("", "ai.onnx")),
            default=model.opset_import[0].version,
        ),
        signature=signature,
        output_ops=tuple(_maker(model.graph, spec.name) for spec in signature.outputs),
        content=content,
        producer=" ".join(filter(None, (model.producer_name, model.producer_version))),
        _batch_size=signature.batch_size,
        _engine=lambda tensors: _run(session, signature, maps, tensors),
        _inscribe=lambda own, labels: _inscribed(content, own, labels),
    )


def _parsed(path: Path, content: bytes) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own error, whose package is not ours
        raise InputError(f"{path}: not an ONNX model: {error}") from error
    if not model.graph.output or not model.opset_import:
        raise InputError(f"{path}: not an ONNX model: it has no graph")
    return model


def _checked(
    path: Path, model: onnx.ModelProto, maps: Mapping[str, MapOutput]
) -> onnx.ModelProto:
    """The model, with the shapes of outputs that the file leaves out."""
    plain = [value for value in model.graph.output if value.name not in maps]
    try:
        if not all(value.type.tensor_type.HasField("shape") for value in plain):
            model = onnx.shape_inference.infer_shapes(model)
        onnx.checker.check_model(model)
    except Exception as error:  # its errors share no ancestor
        raise ConversionError(f"{path}: not valid ONNX: {_gist(error)}") from error
    return model


def _session(path: Path, content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    # External data was refused; what was overlooked shall not be found either.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # what onnxruntime raises shares no ancestor
        raise ConversionError(
            f"{path}: onnxruntime {onnxruntime.__version__} refuses it: {_gist(error)}; "
            f"{_EXPORT_AGAIN}"
        ) from error


def _gist(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _run(
    session: Any,
    signature: Signature,
    maps: Mapping[str, MapOutput],
    tensors: dict[str, NDArray[Any]],
) -> dict[str, NDArray[Any]]:
    names = [spec.name for spec in signature.outputs]
    values = session.run(names, tensors)
    return {
        name: maps[name].table(value) if name in maps else np.asarray(value)
        for name, value in zip(names, values, strict=True)
    }


def _precision(model: onnx.ModelProto, signature: Signature) -> Precision:
    """float32 where every weight and tensor with fractions is, and nothing was quantized."""
    strange = {"float16", "float64"} & {spec.dtype for spec in signature}
    floats = (
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.DOUBLE,
        onnx.TensorProto.BFLOAT16,
    )
    strange |= {"weights" for one in tensors_of(model) if one.data_type in floats}
    strange |= {
        node.op_type
        for node in model.graph.node
        if node.op_type.startswith(("QLinear", "Dequantize", "Quantize", "DynamicQuantize"))
        or node.op_type.endswith("Integer")
    }
    return Precision.OTHER if strange else Precision.FLOAT32


def _maker(graph: onnx.GraphProto, name: str) -> str:
    """The op that makes a tensor, behind those that only hand it on."""
    makers = {output: node for node in graph.node for output in node.output}
    while name in makers and makers[name].op_type in _HANDING_ON | {"ZipMap"}:
        name = makers[name].input[0]
    op = makers[name].op_type if name in makers else ""
    return _MAKERS.get(op, op)


def _inscribed(
    content: bytes, signature: Signature, labels: Mapping[str, tuple[str, ...]]
) -> bytes:
    """The same graph with the signature's axes, tensors for maps, and our metadata."""
    model = onnx.load_model_from_string(content)
    graph = model.graph
    for name, map_output in maps_by_output(graph).items():
        kept = [node for node in graph.node if name not in node.output]
        del graph.node[:]
        graph.node.extend(kept)
        graph.node.append(onnx.helper.make_node("Identity", [map_output.tensor], [name]))
    specs = {spec.name: spec for spec in signature}
    for value in (*graph.input, *graph.output):
        if value.name in specs:
            value.CopyFrom(_value_info(specs[value.name]))
    del graph.value_info[:]  # hints, with the axes as they were
    members = {key: compact_json(one) for key, one in inscription(signature, labels).items()}
    kept_props = {one.key: one.value for one in model.metadata_props}
    onnx.helper.set_model_props(model, {**kept_props, **members})
    return model.SerializeToString(deterministic=True)


def _value_info(spec: TensorSpec) -> onnx.ValueInfoProto:
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))
    return onnx.helper.make_tensor_value_info(spec.name, element, list(spec.shape))
