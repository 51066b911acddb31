"""The two good bundles that are mutated: a small net as ``.onnx`` and as ``.tflite``, with golden samples."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema

from edgesmith_runtime.bundle import make_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import (
    Decode,
    DecodeOp,
    Output,
    Parity,
    Score,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, TensorSpec
from hostile.bundles import archive_of, manifest_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HELPER: Any = onnx.helper
_S: Any = schema
N_IN, N_HIDDEN, N_CLASSES = 8, 16, 3
_RNG = np.random.default_rng(11)
W1 = _RNG.normal(size=(N_HIDDEN, N_IN)).astype(np.float32)
B1 = _RNG.normal(size=N_HIDDEN).astype(np.float32)
W2 = _RNG.normal(size=(N_CLASSES, N_HIDDEN)).astype(np.float32)
B2 = _RNG.normal(size=N_CLASSES).astype(np.float32)
SAMPLES = _RNG.normal(size=(3, N_IN)).astype(np.float32)
PROBES = _RNG.normal(size=(16, N_IN)).astype(np.float32)  # that no golden sample shows


def reference(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the net answers: ``(batch, 8)`` to probabilities ``(batch, 3)``."""
    hidden = np.maximum(x.astype(np.float64) @ W1.T + B1, 0)
    powers = np.exp(hidden @ W2.T + B2)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _onnx_net() -> bytes:
    nodes = [
        _HELPER.make_node("Gemm", ["features", "w1", "b1"], ["h"], transB=1),
        _HELPER.make_node("Relu", ["h"], ["r"]),
        _HELPER.make_node("Gemm", ["r", "w2", "b2"], ["logits"], transB=1),
        _HELPER.make_node("Softmax", ["logits"], ["y"], axis=1),
    ]
    weights = [
        onnx.numpy_helper.from_array(array, name)
        for name, array in (("w1", W1), ("b1", B1), ("w2", W2), ("b2", B2))
    ]
    floats = onnx.TensorProto.FLOAT
    graph = _HELPER.make_graph(
        nodes,
        "net",
        [_HELPER.make_tensor_value_info("features", floats, ["batch", N_IN])],
        [_HELPER.make_tensor_value_info("y", floats, ["batch", N_CLASSES])],
        weights,
    )
    opsets = [_HELPER.make_opsetid("", 18)]
    return _HELPER.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def _tensor(name: str, shape: list[int], buffer: int = 0) -> Any:
    made = _S.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, 0, buffer
    if buffer == 0:
        made.shapeSignature = [-1, *shape[1:]]
    return made


def _dense(inputs: list[int], output: int, activation: int) -> Any:
    made, options = _S.OperatorT(), _S.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation
    made.opcodeIndex, made.inputs, made.outputs = 0, inputs, [output]
    made.builtinOptionsType = _S.BuiltinOptions.FullyConnectedOptions
    made.builtinOptions = options
    return made


def _tflite_net() -> bytes:
    model = _S.ModelT()
    model.version = 3
    ops = _S.BuiltinOperator.FULLY_CONNECTED, _S.BuiltinOperator.SOFTMAX
    model.operatorCodes = []
    for builtin in ops:
        code = _S.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, builtin, 1
        model.operatorCodes.append(code)
    softmax, options = _S.OperatorT(), _S.SoftmaxOptionsT()
    options.beta = 1.0
    softmax.opcodeIndex, softmax.inputs, softmax.outputs = 1, [6], [7]
    softmax.builtinOptionsType = _S.BuiltinOptions.SoftmaxOptions
    softmax.builtinOptions = options
    graph = _S.SubGraphT()
    graph.tensors = [
        _tensor("features", [1, N_IN]),
        *(_tensor(f"c{i}", [*array.shape], i) for i, array in enumerate((W1, B1, W2, B2), 1)),
        _tensor("h", [1, N_HIDDEN]),
        _tensor("logits", [1, N_CLASSES]),
        _tensor("y", [1, N_CLASSES]),
    ]
    relu = _S.ActivationFunctionType.RELU
    graph.operators = [_dense([0, 1, 2], 5, relu), _dense([5, 3, 4], 6, 0), softmax]
    graph.inputs, graph.outputs = [0], [7]
    model.subgraphs, model.buffers = [graph], [_S.BufferT()]
    for array in (W1, B1, W2, B2):
        buffer = _S.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        model.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@cache
def base_files(fmt: Format) -> dict[str, bytes]:
    """The files of a good bundle, without SHA256SUMS."""
    model = _onnx_net() if fmt is Format.ONNX else _tflite_net()
    tensor, scale = (
        Step(op="tensor", inputs=("raw",), outputs=("numbers",), params={"dtype": "float32", "shape": [N_IN]}),
        Step(
            op="scale",
            inputs=("numbers",),
            outputs=("features",),
            params={"offset": [0.0] * N_IN, "scale": [1.0] * N_IN},
        ),
    )  # fmt: skip
    around = manifest_around(
        fmt,
        x=TensorSpec("features", "float32", ("batch", N_IN)),
        y=TensorSpec("y", "float32", ("batch", N_CLASSES)),
        steps=(tensor, scale),
    )
    entry = dataclasses.replace(
        around.artifacts[0],
        score=Score(metric="accuracy", value=0.9, low=0.8, high=0.95, n_samples=100),
        parity=Parity(max_abs_error=1e-6, mean_abs_error=1e-7, agreement=1.0, n_samples=100),
    )
    output = Output(
        name="y",
        shape=(N_CLASSES,),
        labels=("ant", "bee", "cat"),
        decode=Decode(op=DecodeOp.ARGMAX),
    )
    manifest = dataclasses.replace(
        around,
        task=Task.CLASSIFICATION,
        artifacts=(entry,),
        outputs=(output,),
        provenance={"data_set": {"name": "made up", "licence": "none"}, "seed": 11},
    )
    golden = GoldenSamples(
        raw=tuple({"raw": sample} for sample in SAMPLES),
        tensors={"features": SAMPLES},
        outputs={entry.file: {"y": reference(SAMPLES)}},
        tensor_tolerances={"features": Tolerance(0.0, 0.0)},
        output_tolerances={entry.file: {"y": Tolerance(1e-5, 1e-4)}},
    )
    made = make_bundle(manifest, {entry.file: model, **golden_files(golden)})
    return {name: bytes(content) for name, content in made.files.items()}


@cache
def base_archive(fmt: Format) -> bytes:
    """The bundle as one file."""
    return archive_of(base_files(fmt))
