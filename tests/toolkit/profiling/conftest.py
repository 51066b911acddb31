"""A bundle in both formats with one layer that takes nearly all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import helper

from edgesmith.tflite_file import signature_def, tflite_bytes
from edgesmith_runtime.bundle import Artifact, make_bundle, write_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Kind,
    Manifest,
    Output,
    RawInput,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


_WIDTHS = {"before": (4, 512), "huge": (512, 2048), "answer": (2048, 3)}


@pytest.fixture(scope="session")
def planted() -> dict[Format, Artifact]:
    """Three dense layers; ``huge`` has 100 times the products of the others together.

    Made by hand, with the names that a conversion gives.
    """
    rng = np.random.default_rng(0)
    weights = {
        layer: rng.normal(0, 0.05, widths).astype(np.float32)
        for layer, widths in _WIDTHS.items()
    }
    contents = {Format.ONNX: _onnx(weights), Format.TFLITE: _tflite(weights)}
    return {
        fmt: Artifact(
            file=f"model.{fmt}",
            format=fmt,
            precision=Precision.FLOAT32,
            version=18 if fmt is Format.ONNX else 3,
            signature=Signature(
                (TensorSpec("x", "float32", (1, 4)),), (TensorSpec("y", "float32", (1, 3)),)
            ),
            content=content,
        )
        for fmt, content in contents.items()
    }


def _onnx(weights: dict[str, NDArray[np.float32]]) -> bytes:
    nodes: list[Any] = []
    value = "x"
    for layer in weights:
        made = "y" if layer == "answer" else f"net/{layer}/MatMul:0"
        name = f"net/{layer}/MatMul"
        nodes.append(helper.make_node("MatMul", [value, f"{name}/weights"], [made], name=name))
        value = made
    graph = helper.make_graph(
        nodes,
        "planted",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 3])],
        [
            onnx.numpy_helper.from_array(array, f"net/{layer}/MatMul/weights")
            for layer, array in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return model.SerializeToString()


def _tflite(weights: dict[str, NDArray[np.float32]]) -> bytes:
    float32, dense = schema.TensorType.FLOAT32, schema.BuiltinOperator.FULLY_CONNECTED
    tensors = [schema.TensorT(name="x", shape=[1, 4], type=float32, buffer=0)]
    buffers, operators = [schema.BufferT()], []
    value = 0
    for layer, array in weights.items():
        name = f"net/{layer}/MatMul"
        stored = np.ascontiguousarray(array.T)
        buffers.append(schema.BufferT(data=np.frombuffer(stored.tobytes(), np.uint8)))
        made = "y" if layer == "answer" else f"{name};net/{layer}/Relu"
        tensors += [
            schema.TensorT(
                name=f"{name}/weights",
                shape=list(stored.shape),
                type=float32,
                buffer=len(buffers) - 1,
            ),
            schema.TensorT(name=made, shape=[1, len(stored)], type=float32, buffer=0),
        ]
        operators.append(
            schema.OperatorT(
                opcodeIndex=0,
                inputs=[value, len(tensors) - 2, -1],
                outputs=[len(tensors) - 1],
                builtinOptionsType=schema.BuiltinOptions.FullyConnectedOptions,
                builtinOptions=schema.FullyConnectedOptionsT(),
            )
        )
        value = len(tensors) - 1
    graph = schema.SubGraphT(
        name="main", tensors=tensors, operators=operators, inputs=[0], outputs=[value]
    )
    code = schema.OperatorCodeT(builtinCode=dense, deprecatedBuiltinCode=dense, version=1)
    model = schema.ModelT(
        version=3,
        operatorCodes=[code],
        subgraphs=[graph],
        buffers=buffers,
        signatureDefs=[signature_def({"x": 0}, {"y": value})],
    )
    return tflite_bytes(model, size_bytes=5_000_000)


@pytest.fixture(scope="session")
def planted_bundle(
    planted: dict[Format, Artifact], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Writes it, with golden samples or without."""

    def write(*, golden: bool) -> Path:
        files: dict[str, Any] = {
            f"model.{fmt}": bytes(one.content) for fmt, one in planted.items()
        }
        if golden:
            files |= golden_files(_golden(planted))
        path = tmp_path_factory.mktemp("planted") / "planted.edge"
        write_bundle(make_bundle(_manifest(planted), files), path)
        return path

    return write


def _golden(planted: dict[Format, Artifact]) -> GoldenSamples:
    from edgesmith_runtime.runners import open_runner

    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    loose = Tolerance(atol=1e-3, rtol=1e-3)
    answers = {f"model.{fmt}": open_runner(one).run({"x": x}) for fmt, one in planted.items()}
    return GoldenSamples(
        raw=tuple({"numbers": sample} for sample in x),
        tensors={"x": x},
        outputs=answers,
        tensor_tolerances={"x": loose},
        output_tolerances={
            file: dict.fromkeys(outputs, loose) for file, outputs in answers.items()
        },
    )


def _manifest(planted: dict[Format, Artifact]) -> Manifest:
    entries = tuple(
        ArtifactEntry(
            file=f"model.{fmt}",
            format=fmt,
            precision=one.precision,
            version=one.version,
            signature=one.signature,
            starts_after=0,
        )
        for fmt, one in planted.items()
    )
    return Manifest(
        name="planted",
        task=Task.TENSOR,
        raw_inputs=(RawInput("numbers", Kind.TENSOR, "an array of 4 numbers"),),
        transform=(
            Step(
                op="tensor",
                inputs=("numbers",),
                outputs=("x",),
                params={"dtype": "float32", "shape": [4]},
            ),
        ),
        outputs=(Output(name="y", shape=(3,)),),
        artifacts=entries,
        default_artifact=Selection(file="model.onnx", reason="the usual one"),
    )
