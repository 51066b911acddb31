"""What a model file is and holds, read without running or building the model."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["READERS", "ModelFile", "read_keras", "read_onnx", "read_tflite"]

MAX_CONFIG_BYTES = 64 << 20
_MALFORMED = (ValueError, TypeError, AttributeError)  # JSON of another form than Keras writes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model file on one screen.

    Args:
        file: Its path.
        format: In words.
        size_bytes: Of the file.
        version: Of the format, and what made it.
        inputs: Name, dtype and shape of each; a free axis is ``?`` or its name.
        outputs: Likewise.
        n_parameters: Numbers in it that were learned or are constant.
        parts: How many there are of each operator, or of each Keras layer.
        metadata: Texts that it carries.
    """

    file: str
    format: str
    size_bytes: int
    version: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    n_parameters: int
    parts: Mapping[str, int]
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


def read_onnx(path: Path) -> ModelFile:
    """An ONNX model; external data is not followed.

    Raises:
        InputError: Missing, or not ONNX.
    """
    content = _content(path)
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own error, whose package is not ours
        raise InputError(f"{path}: not an ONNX model: {error}") from error
    graph = model.graph
    if not graph.node and not graph.output:
        raise InputError(f"{path}: not an ONNX model: it has no graph")
    constants = {tensor.name for tensor in graph.initializer}
    opsets = ", ".join(f"{one.domain or 'ai.onnx'} {one.version}" for one in model.opset_import)
    producer = " ".join(part for part in (model.producer_name, model.producer_version) if part)
    return ModelFile(
        file=str(path),
        format="ONNX",
        size_bytes=len(content),
        version=f"{producer or 'unknown'}; opset {opsets}; IR {model.ir_version}",
        inputs=tuple(_onnx_value(one) for one in graph.input if one.name not in constants),
        outputs=tuple(_onnx_value(one) for one in graph.output),
        n_parameters=sum(math.prod(tensor.dims) for tensor in graph.initializer),
        parts=_counted(node.op_type for node in graph.node),
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )


def _onnx_value(value: Any) -> str:
    import onnx

    tensor = value.type.tensor_type
    dtype = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    axes = [axis.dim_param or (axis.dim_value or "?") for axis in tensor.shape.dim]
    return _spec(value.name, {"float": "float32", "double": "float64"}.get(dtype, dtype), axes)


def read_tflite(path: Path) -> ModelFile:
    """A TFLite model, by its FlatBuffers schema.

    Raises:
        InputError: Missing, or not TFLite.
    """
    content = _content(path)
    if content[4:8] != b"TFL3":
        raise InputError(f"{path}: not a TFLite model: it does not have the identifier TFL3")
    # Its generated classes have no usable annotations.
    schema = cast("Any", import_module("ai_edge_litert.schema_py_generated"))

    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        graph = model.subgraphs[0]
        names = _constants(schema.BuiltinOperator)
        codes: list[str] = [
            code.customCode.decode() if code.customCode else names[code.builtinCode]
            for code in model.operatorCodes
        ]
        dtypes = _constants(schema.TensorType)
        return ModelFile(
            file=str(path),
            format="TFLite",
            size_bytes=len(content),
            version=f"{(model.description or b'unknown').decode()}; schema {model.version}",
            inputs=tuple(_tflite_tensor(graph.tensors[one], dtypes) for one in graph.inputs),
            outputs=tuple(_tflite_tensor(graph.tensors[one], dtypes) for one in graph.outputs),
            n_parameters=sum(
                math.prod(int(length) for length in tensor.shape)  # numpy's would overflow
                for tensor in graph.tensors
                if tensor.shape is not None and model.buffers[tensor.buffer].data is not None
            ),
            parts=_counted(
                codes[cast("int", operator.opcodeIndex)]
                for part in model.subgraphs
                for operator in part.operators or ()
            ),
            metadata=dict(_tflite_metadata(model)),
        )
    except (struct.error, IndexError, TypeError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a TFLite model: {error}") from error


def _constants(holder: type) -> dict[int, str]:
    """Names of the numbers that a generated class holds."""
    return {value: name for name, value in vars(holder).items() if not name.startswith("_")}


def _tflite_tensor(tensor: Any, dtypes: Mapping[int, str]) -> str:
    shape: Any = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    lengths = [] if shape is None else [int(length) for length in shape]
    axes = ["?" if length < 0 else length for length in lengths]
    return _spec(tensor.name.decode(), dtypes[tensor.type].lower(), axes)


def _tflite_metadata(model: Any) -> Iterator[tuple[str, str]]:
    for entry in model.metadata or ():
        stored = model.buffers[entry.buffer].data
        content = b"" if stored is None else bytes(stored)
        name = entry.name.decode()
        try:
            yield name, content.decode("utf-8").rstrip("\0")
        except UnicodeDecodeError:
            yield name, f"{len(content):,} bytes"


def read_keras(path: Path) -> ModelFile:
    """A ``.keras`` file, by its configuration and its weights; no class of it is imported.

    Raises:
        InputError: Missing, or not a ``.keras`` file.
    """
    content = _content(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            metadata = _member(archive, "metadata.json")
            config = _member(archive, "config.json")
            n_parameters = _n_weights(archive.read("model.weights.h5"))
        layers = list(_layers(config))
        inputs = tuple(_keras_ends(config, "input_layers", layers))
        outputs = tuple(_keras_ends(config, "output_layers", layers))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, *_MALFORMED) as error:
        raise InputError(f"{path}: not a .keras file: {error}") from error
    made_in = f"Keras {metadata.get('keras_version', 'unknown')}"
    return ModelFile(
        file=str(path),
        format=f"Keras {config.get('class_name', 'model')}",
        size_bytes=len(content),
        version=f"{made_in}, saved {metadata.get('date_saved', 'at an unknown time')}",
        inputs=inputs,
        outputs=outputs,
        n_parameters=n_parameters,
        parts=_counted(str(layer.get("class_name")) for layer in layers),
    )


def _member(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    if archive.getinfo(name).file_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{name} is larger than {MAX_CONFIG_BYTES:,} bytes")
    members = json.loads(archive.read(name))
    if not isinstance(members, dict):
        raise ValueError(f"{name}: expected an object")  # noqa: TRY004 - one kind of fault here
    return cast("dict[str, Any]", members)


def _layers(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All layers, those of nested models too; of a model without a list, none."""
    for layer in _settings(config).get("layers", ()):
        if isinstance(layer, dict):
            nested = list(_layers(cast("dict[str, Any]", layer)))
            yield from nested or [cast("dict[str, Any]", layer)]


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    inner = config.get("config")
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}


def _keras_ends(
    config: Mapping[str, Any], key: str, layers: list[dict[str, Any]]
) -> Iterator[str]:
    """The first or the last layers: of a functional model as listed, else by their order."""
    names = list(dict.fromkeys(_names(_settings(config).get(key))))
    if not names and layers:
        end = layers[0 if key == "input_layers" else -1]
        names = [str(_settings(end).get("name", end.get("class_name")))]
    by_name = {_settings(layer).get("name"): _settings(layer) for layer in layers}
    for name in names:
        settings = by_name.get(name, {})
        shape = settings.get("batch_shape")
        if shape is None:
            yield name
        else:
            axes = ["?" if length is None else length for length in shape]
            yield _spec(name, str(settings.get("dtype", "float32")), axes)


def _names(listed: Any) -> Iterator[str]:
    """Layer names in what Keras writes: ``[name, 0, 0]``, a list or a mapping of such."""
    if isinstance(listed, dict):
        for part in cast("dict[str, Any]", listed).values():
            yield from _names(part)
    elif isinstance(listed, list):
        parts = cast("list[Any]", listed)
        if parts and isinstance(parts[0], str):
            yield parts[0]
        else:
            for part in parts:
                yield from _names(part)


def _n_weights(content: bytes) -> int:
    """Numbers in the weights of all layers; the state of an optimizer does not count."""
    import h5py  # pyright: ignore[reportMissingTypeStubs]

    sizes: list[int] = []

    def count(name: str, node: object) -> None:
        if isinstance(node, h5py.Dataset) and not name.startswith("optimizer"):
            sizes.append(math.prod(cast("Any", node).shape))

    with h5py.File(io.BytesIO(content), "r") as file:
        cast("Any", file).visititems(count)
    return sum(sizes)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names))


def _spec(name: str, dtype: str, axes: list[Any]) -> str:
    return f"{name}: {dtype} {' x '.join(str(axis) for axis in axes) or 'scalar'}"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


READERS: Mapping[str, Callable[[Path], ModelFile]] = {
    ".onnx": read_onnx,
    ".tflite": read_tflite,
    ".keras": read_keras,
}
