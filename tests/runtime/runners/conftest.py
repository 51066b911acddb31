"""Artifacts for the runners, one of each format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

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
    """A float32 tensor; its first axis is free where ``shapeSignature`` says -1."""
    return flatbuffer_node("Tensor", name=name, shape=list(shape), type=0, buffer=0, **members)


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
