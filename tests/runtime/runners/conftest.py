"""Artifacts for the runners, one of each format."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import Artifact, make_bundle, write_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import Parity
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import Manifest

TINY_WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
TINY_BIAS = np.array([0.1, -0.2, 0.3], np.float32)
SIGNATURE = Signature(
    inputs=(TensorSpec("features", "float32", ("batch", 4)),),
    outputs=(TensorSpec("probabilities", "float32", ("batch", 3)),),
)


def _artifact(
    content: bytes | memoryview, fmt: Format = Format.ONNX, signature: Signature = SIGNATURE
) -> Artifact:
    return Artifact(
        file=f"model.{fmt}",
        format=fmt,
        precision=Precision.FLOAT32,
        version=18,
        signature=signature,
        content=content,
    )


@pytest.fixture(params=[Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)])
def fmt(request: pytest.FixtureRequest) -> Format:
    return request.param


@pytest.fixture
def artifact(fmt: Format, tiny_onnx: bytes, request: pytest.FixtureRequest) -> Artifact:
    if fmt is Format.ONNX:
        return _artifact(tiny_onnx)
    return _artifact(request.getfixturevalue("tiny_tflite"), fmt)


@pytest.fixture
def make_artifact() -> Callable[..., Artifact]:
    """Names content as an artifact, with the tiny model's signature unless told."""
    return _artifact


@pytest.fixture
def onnx_artifact() -> Callable[..., Artifact]:
    """Makes an artifact of ONNX nodes."""
    helper = pytest.importorskip("onnx").helper

    def make(
        nodes: list[tuple[str, list[str], list[str]]],
        signature: Signature,
        initializers: tuple[Any, ...] = (),
    ) -> Artifact:
        def values(specs: tuple[TensorSpec, ...]) -> list[Any]:
            return [
                helper.make_tensor_value_info(
                    spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), spec.shape
                )
                for spec in specs
            ]

        graph = helper.make_graph(
            [helper.make_node(op, inputs, outputs) for op, inputs, outputs in nodes],
            "made",
            values(signature.inputs),
            values(signature.outputs),
            initializers,
        )
        opset = helper.make_opsetid("", 18)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        return _artifact(model.SerializeToString(), signature=signature)

    return make


def flatbuffer_node(kind: str, **members: object) -> Any:
    """A table of the TFLite schema (schema_v3.fbs) with some of its members set."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    node = getattr(schema, f"{kind}T")()
    for name, member in members.items():
        setattr(node, name, member)
    return node


def tflite_tensor(name: str, shape: tuple[int, ...], **members: object) -> Any:
    """A float32 tensor unless told; its first axis is free where ``shapeSignature`` says -1."""
    given = {"type": 0, "buffer": 0, **members}
    return flatbuffer_node("Tensor", name=name, shape=list(shape), **given)


@pytest.fixture(scope="session")
def tflite_file() -> Callable[..., bytes]:
    """Puts a .tflite together, one operator after the other, without a converter."""
    builder = pytest.importorskip("flatbuffers").Builder

    def make(
        tensors: list[Any],
        constants: dict[int, NDArray[np.float32]],
        operators: list[tuple[int, list[int], list[int], dict[str, Any]]],
        names: dict[str, int] | None,
    ) -> bytes:
        buffers = [flatbuffer_node("Buffer")]
        for index, values in constants.items():
            tensors[index].buffer = len(buffers)
            buffers.append(
                flatbuffer_node("Buffer", data=np.frombuffer(values.tobytes(), np.uint8))
            )
        first, last = operators[0][1][0], operators[-1][2][0]
        maps = [
            flatbuffer_node("TensorMap", name=name, tensorIndex=index)
            for name, index in (names or {}).items()
        ]
        signature = flatbuffer_node(
            "SignatureDef",
            signatureKey="serving_default",
            inputs=[item for item in maps if item.tensorIndex == first],
            outputs=[item for item in maps if item.tensorIndex == last],
        )
        graph = flatbuffer_node(
            "SubGraph",
            tensors=tensors,
            inputs=[first],
            outputs=[last],
            operators=[
                flatbuffer_node("Operator", opcodeIndex=index, inputs=i, outputs=o, **options)
                for index, (_, i, o, options) in enumerate(operators)
            ],
        )
        codes = [
            flatbuffer_node("OperatorCode", builtinCode=op, deprecatedBuiltinCode=op, version=1)
            for op, *_ in operators
        ]
        model = flatbuffer_node(
            "Model",
            version=3,
            buffers=buffers,
            operatorCodes=codes,
            subgraphs=[graph],
            signatureDefs=[signature] if names else [],
        )
        file = builder(1024)
        file.Finish(model.Pack(file), b"TFL3")
        return bytes(file.Output())

    return make


def _tiny_tflite_content(
    tflite_file: Callable[..., bytes],
    tensor_names: tuple[str, str],
    names: dict[str, int] | None,
) -> bytes:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    tensors = [
        tflite_tensor(tensor_names[0], (1, 4), shapeSignature=[-1, 4]),
        tflite_tensor("weights", (3, 4)),
        tflite_tensor("bias", (3,)),
        tflite_tensor("logits", (1, 3), shapeSignature=[-1, 3]),
        tflite_tensor(tensor_names[1], (1, 3), shapeSignature=[-1, 3]),
    ]
    dense = {
        "builtinOptionsType": schema.BuiltinOptions.FullyConnectedOptions,
        "builtinOptions": flatbuffer_node("FullyConnectedOptions"),
    }
    softmax = {
        "builtinOptionsType": schema.BuiltinOptions.SoftmaxOptions,
        "builtinOptions": flatbuffer_node("SoftmaxOptions", beta=1.0),
    }
    return tflite_file(
        tensors,
        {1: np.ascontiguousarray(TINY_WEIGHTS.T), 2: TINY_BIAS},
        [
            (schema.BuiltinOperator.FULLY_CONNECTED, [0, 1, 2], [3], dense),
            (schema.BuiltinOperator.SOFTMAX, [3], [4], softmax),
        ],
        names,
    )


@pytest.fixture(scope="session")
def tiny_tflite(tflite_file: Callable[..., bytes]) -> bytes:
    """The tiny model as TFLite, its names in a SignatureDef."""
    names = {"features": 0, "probabilities": 4}
    return _tiny_tflite_content(tflite_file, ("in:0", "out:0"), names)


@pytest.fixture(scope="session")
def tiny_tflite_bare(tflite_file: Callable[..., bytes]) -> bytes:
    """The tiny model as TFLite, its names on the tensors themselves."""
    return _tiny_tflite_content(tflite_file, ("features", "probabilities"), None)


SCALE, ZERO_POINT = float(np.float32(0.05)), -7  # of the features
SHARE_SCALE, SHARE_ZERO_POINT = 1 / 256, -128


def _quantized_signature(batch: int | str) -> Signature:
    return Signature(
        (TensorSpec("features", "int8", (batch, 4), scale=SCALE, zero_point=ZERO_POINT),),
        (
            TensorSpec(
                "probabilities",
                "int8",
                (batch, 3),
                scale=SHARE_SCALE,
                zero_point=SHARE_ZERO_POINT,
            ),
        ),
    )


@pytest.fixture(scope="session")
def quantized_tflite(tflite_file: Callable[..., bytes]) -> Callable[[int | str], bytes]:
    """The tiny model as TFLite with int8 features and probabilities; it computes in float."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    ops, options = schema.BuiltinOperator, schema.BuiltinOptions

    def side(name: str, width: int, batch: int | str, **members: object) -> Any:
        if isinstance(batch, int):
            return tflite_tensor(name, (batch, width), **members)
        return tflite_tensor(name, (1, width), shapeSignature=[-1, width], **members)

    def codes(scale: float, zero_point: int) -> dict[str, Any]:
        given = {"scale": [scale], "zeroPoint": [zero_point]}
        quantization = flatbuffer_node("QuantizationParameters", **given)
        return {"type": schema.TensorType.INT8, "quantization": quantization}

    def operator(op: int, kind: str, inputs: list[int], made: int, **members: object) -> Any:
        node = flatbuffer_node(kind, **members)
        built_in = {"builtinOptionsType": getattr(options, kind), "builtinOptions": node}
        return op, inputs, [made], built_in

    def make(batch: int | str) -> bytes:
        tensors = [
            side("in:0", 4, batch, **codes(SCALE, ZERO_POINT)),
            side("numbers", 4, batch),
            tflite_tensor("weights", (3, 4)),
            tflite_tensor("bias", (3,)),
            side("logits", 3, batch),
            side("shares", 3, batch),
            side("out:0", 3, batch, **codes(SHARE_SCALE, SHARE_ZERO_POINT)),
        ]
        operators = [
            operator(ops.DEQUANTIZE, "DequantizeOptions", [0], 1),
            operator(ops.FULLY_CONNECTED, "FullyConnectedOptions", [1, 2, 3], 4),
            operator(ops.SOFTMAX, "SoftmaxOptions", [4], 5, beta=1.0),
            operator(ops.QUANTIZE, "QuantizeOptions", [5], 6),
        ]
        constants = {2: np.ascontiguousarray(TINY_WEIGHTS.T), 3: TINY_BIAS}
        return tflite_file(tensors, constants, operators, {"features": 0, "probabilities": 6})

    return make


@pytest.fixture
def quantized_artifact(
    fmt: Format, onnx_artifact: Callable[..., Artifact], request: pytest.FixtureRequest
) -> Callable[..., Artifact]:
    """The tiny model of either format with int8 features and probabilities."""

    def make(batch: int | str = "batch") -> Artifact:
        signature = _quantized_signature(batch)
        if fmt is Format.TFLITE:
            content = request.getfixturevalue("quantized_tflite")(batch)
            return _artifact(content, fmt, signature)
        from_array = pytest.importorskip("onnx").numpy_helper.from_array
        constants = {
            "scale": np.float32(SCALE),
            "zero": np.int8(ZERO_POINT),
            "share_scale": np.float32(SHARE_SCALE),
            "share_zero": np.int8(SHARE_ZERO_POINT),
            "weights": TINY_WEIGHTS,
            "bias": TINY_BIAS,
        }
        return onnx_artifact(
            [
                ("DequantizeLinear", ["features", "scale", "zero"], ["numbers"]),
                ("MatMul", ["numbers", "weights"], ["product"]),
                ("Add", ["product", "bias"], ["logits"]),
                ("Softmax", ["logits"], ["shares"]),
                ("QuantizeLinear", ["shares", "share_scale", "share_zero"], ["probabilities"]),
            ],
            signature,
            tuple(from_array(np.asarray(one), name) for name, one in constants.items()),
        )

    return make


def _quantized_reference(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities by numpy, of features as their codes say them."""
    codes = np.clip(np.round(features / np.float32(SCALE)) + ZERO_POINT, -128, 127)
    powers = np.exp((codes.astype(np.float64) - ZERO_POINT) * SCALE @ TINY_WEIGHTS + TINY_BIAS)
    return powers / powers.sum(axis=1, keepdims=True)


def _two(
    manifest: Manifest, quantized: Artifact, *, file: str, default: str = "model.onnx"
) -> Manifest:
    entry = dataclasses.replace(
        manifest.artifacts[0],
        file=file,
        format=quantized.format,
        precision=Precision.INT8,
        signature=quantized.signature,
        parity=Parity(max_abs_error=0.03, mean_abs_error=0.01, agreement=1.0, n_samples=5),
    )
    selection = dataclasses.replace(manifest.default_artifact, file=default)
    artifacts = (*manifest.artifacts, entry)
    return dataclasses.replace(manifest, artifacts=artifacts, default_artifact=selection)


@pytest.fixture
def both(
    tiny_bundle: Bundle,
    tiny_golden: GoldenSamples,
    quantized_artifact: Callable[..., Artifact],
    tmp_path: Path,
) -> Callable[..., Path]:
    """A bundle of the tiny model in float32 (ONNX) and in int8 (of either format)."""
    quantized = quantized_artifact()
    file = f"model.int8.{quantized.format}"
    golden = dataclasses.replace(
        tiny_golden,
        outputs={
            **tiny_golden.outputs,
            file: {
                "probabilities": _quantized_reference(tiny_golden.tensors["features"]).astype(
                    np.float32
                )
            },
        },
        output_tolerances={
            **tiny_golden.output_tolerances,
            file: {"probabilities": Tolerance(atol=SHARE_SCALE, rtol=0.0)},
        },
    )

    def write(*, default: str = "model.onnx") -> Path:
        chosen = file if default == "int8" else default
        manifest = _two(tiny_bundle.manifest, quantized, file=file, default=chosen)
        files = {
            "model.onnx": bytes(tiny_bundle.files["model.onnx"]),
            file: bytes(quantized.content),
            **golden_files(golden),
        }
        path = tmp_path / "both.edge"
        write_bundle(make_bundle(manifest, files), path)
        return path

    return write
