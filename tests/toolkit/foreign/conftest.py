"""``softmax(x @ W)`` over four features and three classes as a file of each format, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from edgesmith.tflite_file import signature_def, tflite_bytes
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WEIGHTS = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)

FileOf = Callable[..., "Path"]


@pytest.fixture(scope="session")
def features() -> NDArray[np.float32]:
    return np.random.default_rng(6).normal(size=(7, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def probabilities(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """What numpy answers."""
    powers = np.exp(features.astype(np.float64) @ WEIGHTS)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def file_of(tmp_path: Path) -> FileOf:
    """Writes the model with a free or fixed batch; ``shaped``: its graph works with that alone."""

    def write(fmt: Format, *, batch: int | None = None, shaped: bool = False) -> Path:
        path = tmp_path / f"linear.{fmt}"
        make = onnx_linear if fmt is Format.ONNX else tflite_linear
        path.write_bytes(make(batch, shaped=shaped))
        return path

    return write


@pytest.fixture
def onnx_file(tmp_path: Path) -> FileOf:
    """Writes an ONNX model of some nodes."""

    def write(
        nodes: list[Any],
        inputs: list[Any],
        outputs: list[Any],
        constants: list[Any] | None = None,
        *,
        opset: int = 18,
    ) -> Path:
        path = tmp_path / "some.onnx"
        model = onnx_model(nodes, inputs, outputs, constants, opset=opset)
        path.write_bytes(model.SerializeToString())
        return path

    return write


@pytest.fixture
def tflite_graph() -> TfliteGraph:
    """An empty one, to be filled."""
    return TfliteGraph()


@pytest.fixture
def nameless_file(tmp_path: Path) -> Path:
    """The TFLite model without a SignatureDef."""
    path = tmp_path / "nameless.tflite"
    path.write_bytes(tflite_linear(None, named=False))
    return path


@pytest.fixture
def quantized_file(tmp_path: Path) -> Path:
    """``softmax`` of three logits of int8 with scale 0.1 and zero point 5, to int8."""
    path = tmp_path / "quantized.tflite"
    path.write_bytes(tflite_quantized_softmax())
    return path


def onnx_model(
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    constants: list[Any] | None = None,
    *,
    opset: int = 18,
) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "by_hand", inputs, outputs, constants or [])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="by hand")
    model.ir_version = 8
    return model


def tensor(name: str, shape: list[Any], dtype: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def onnx_linear(batch: int | None, *, shaped: bool) -> bytes:
    axis = "n" if batch is None else batch
    target = np.array([batch or -1, 3], np.int64)
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["product"]),
        helper.make_node("Reshape", ["product", "target"], ["logits"])
        if shaped
        else helper.make_node("Identity", ["product"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    constants = [onnx.numpy_helper.from_array(WEIGHTS, "weights")]
    constants += [onnx.numpy_helper.from_array(target, "target")] if shaped else []
    model = onnx_model(nodes, [tensor("x", [axis, 4])], [tensor("y", [axis, 3])], constants)
    return model.SerializeToString()


@dataclass
class TfliteGraph:
    """A TFLite model as it grows; tensor 0 is the input, the last one the output."""

    tensors: list[Any] = field(default_factory=list[Any])
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    operators: list[Any] = field(default_factory=list[Any])
    codes: list[Any] = field(default_factory=list[Any])

    def tensor(
        self,
        name: str,
        shape: list[int | None],
        *,
        dtype: int = schema.TensorType.FLOAT32,
        values: NDArray[Any] | None = None,
        quantization: tuple[float, int] | None = None,
    ) -> int:
        lengths = [1 if axis is None else axis for axis in shape]
        signature = [-1 if axis is None else axis for axis in shape]
        if values is not None:
            self.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        made: Any = schema.TensorT(
            name=name,
            shape=np.array(lengths, np.int32),
            shapeSignature=np.array(signature, np.int32) if None in shape else None,
            type=dtype,
            buffer=0 if values is None else len(self.buffers) - 1,
        )
        if quantization is not None:
            made.quantization = schema.QuantizationParametersT(
                scale=np.array([quantization[0]], np.float32),
                zeroPoint=np.array([quantization[1]], np.int64),
            )
        self.tensors.append(made)
        return len(self.tensors) - 1

    def operator(self, code: int, inputs: list[int], outputs: list[int], **extra: Any) -> None:
        options: Any = extra.get("options")
        self.codes.append(
            schema.OperatorCodeT(
                builtinCode=code,
                deprecatedBuiltinCode=min(code, 127),
                customCode=extra.get("custom"),
                version=1,
            )
        )
        self.operators.append(
            schema.OperatorT(
                opcodeIndex=len(self.codes) - 1,
                inputs=np.array(inputs, np.int32),
                outputs=np.array(outputs, np.int32),
                builtinOptionsType=0
                if options is None
                else getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T")),
                builtinOptions=options,
            )
        )

    def content(self, *, named: bool = True) -> bytes:
        last = len(self.tensors) - 1
        graph = schema.SubGraphT(
            tensors=self.tensors,
            inputs=np.array([0], np.int32),
            outputs=np.array([last], np.int32),
            operators=self.operators,
            name="main",
        )
        definitions = [signature_def({"x": 0}, {"y": last})] if named else None
        model = schema.ModelT(
            version=3,
            operatorCodes=self.codes,
            subgraphs=[graph],
            description="by hand",
            buffers=self.buffers,
            signatureDefs=definitions,
        )
        return tflite_bytes(model, size_bytes=1000)


def tflite_linear(batch: int | None, *, shaped: bool = False, named: bool = True) -> bytes:
    graph = TfliteGraph()
    ops = schema.BuiltinOperator
    graph.tensor("features", [batch, 4])
    weights = graph.tensor("weights", [3, 4], values=np.ascontiguousarray(WEIGHTS.T))
    logits = graph.tensor("logits", [batch, 3])
    graph.operator(
        ops.FULLY_CONNECTED,
        [0, weights, -1],
        [logits],
        options=schema.FullyConnectedOptionsT(keepNumDims=False),
    )
    if shaped:
        target = graph.tensor(
            "target",
            [2],
            dtype=schema.TensorType.INT32,
            values=np.array([batch or -1, 3], np.int32),
        )
        reshaped = graph.tensor("reshaped", [batch, 3])
        graph.operator(
            ops.RESHAPE, [logits, target], [reshaped], options=schema.ReshapeOptionsT()
        )
        logits = reshaped
    result = graph.tensor("probabilities", [batch, 3])
    graph.operator(ops.SOFTMAX, [logits], [result], options=schema.SoftmaxOptionsT(beta=1.0))
    return graph.content(named=named)


def tflite_quantized_softmax() -> bytes:
    graph, int8 = TfliteGraph(), schema.TensorType.INT8
    graph.tensor("logits", [None, 3], dtype=int8, quantization=(0.1, 5))
    graph.tensor("probabilities", [None, 3], dtype=int8, quantization=(1 / 256, -128))
    graph.operator(
        schema.BuiltinOperator.SOFTMAX, [0], [1], options=schema.SoftmaxOptionsT(beta=1.0)
    )
    return graph.content()
