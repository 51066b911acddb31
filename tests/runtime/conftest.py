"""A tiny real bundle, softmax(x @ W + b) over four features and three classes; and killed writers."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings

from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Decode,
    DecodeOp,
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

settings.register_profile("unhurried", deadline=None)  # the machine may be busy
settings.load_profile("unhurried")

TINY_OPSET = 18
TINY_WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
TINY_BIAS = np.array([0.1, -0.2, 0.3], np.float32)
TINY_SIGNATURE = Signature(
    inputs=(TensorSpec("features", "float32", ("batch", 4)),),
    outputs=(TensorSpec("probabilities", "float32", ("batch", 3)),),
)


def tiny_reference(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """What the tiny model answers, in float64: ``(batch, 4)`` to ``(batch, 3)``."""
    logits = features.astype(np.float64) @ TINY_WEIGHTS + TINY_BIAS
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


@pytest.fixture(scope="session")
def tiny_features() -> NDArray[np.float32]:
    """Five samples of four features, ``(5, 4)``."""
    return np.random.default_rng(7).normal(size=(5, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def tiny_expected(tiny_features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The answers to ``tiny_features`` by numpy alone, ``(5, 3)``."""
    return tiny_reference(tiny_features).astype(np.float32)


@pytest.fixture(scope="session")
def tiny_onnx() -> bytes:
    """``model.onnx`` of the tiny bundle: MatMul, Add, Softmax."""
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "weights"], ["product"], name="product"),
            helper.make_node("Add", ["product", "bias"], ["logits"], name="logits"),
            helper.make_node("Softmax", ["logits"], ["probabilities"], name="softmax", axis=-1),
        ],
        "tiny",
        [helper.make_tensor_value_info("features", floats, ["batch", 4])],
        [helper.make_tensor_value_info("probabilities", floats, ["batch", 3])],
        [
            onnx.numpy_helper.from_array(TINY_WEIGHTS, "weights"),
            onnx.numpy_helper.from_array(TINY_BIAS, "bias"),
        ],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", TINY_OPSET)], ir_version=8
    )
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


@pytest.fixture(scope="session")
def tiny_manifest() -> Manifest:
    """One raw tensor, one step, three classes, one artifact."""
    return Manifest(
        name="tiny",
        task=Task.CLASSIFICATION,
        raw_inputs=(RawInput("x", Kind.TENSOR, "an array of 4 numbers"),),
        transform=(
            Step(
                op="tensor",
                inputs=("x",),
                outputs=("features",),
                params={"dtype": "float32", "shape": [4]},
            ),
        ),
        outputs=(
            Output(
                name="probabilities",
                shape=(3,),
                labels=("ant", "bee", "cat"),
                decode=Decode(op=DecodeOp.ARGMAX),
            ),
        ),
        artifacts=(
            ArtifactEntry(
                file="model.onnx",
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=TINY_OPSET,
                signature=TINY_SIGNATURE,
                starts_after=0,
            ),
        ),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
        provenance={"data_set": "made up", "seed": 7},
    )


@pytest.fixture(scope="session")
def tiny_golden(
    tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> GoldenSamples:
    """The first three samples, with outputs by numpy."""
    return GoldenSamples(
        raw=tuple({"x": sample} for sample in tiny_features[:3]),
        tensors={"features": tiny_features[:3]},
        outputs={"model.onnx": {"probabilities": tiny_expected[:3]}},
        tensor_tolerances={"features": Tolerance(atol=0.0, rtol=0.0)},
        output_tolerances={"model.onnx": {"probabilities": Tolerance(atol=1e-6, rtol=1e-5)}},
    )


@pytest.fixture(scope="session")
def tiny_bundle(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> Bundle:
    """The tiny bundle in memory."""
    return make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(tiny_golden)})


@pytest.fixture(scope="session")
def tiny_bundle_path(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle as one file; read it, do not change it."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.edge"
    write_bundle(tiny_bundle, path)
    return path


KILLED = 77


@pytest.fixture
def fork() -> Callable[[Callable[[], object]], int]:
    """Starts a child that acts and ends, with 0 when done and 1 after an exception."""

    def start(act: Callable[[], object]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # other tests left threads behind
            pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)

    return start


@pytest.fixture
def ends_before_operation(
    fork: Callable[[Callable[[], object]], int],
) -> Callable[[int, Callable[[], object]], bool]:
    """Acts in a child that dies before its k-th call into the system; False when it got through."""

    def run(number: int, act: Callable[[], object]) -> bool:
        n_calls = 0

        def count(frame: object, event: str, function: object) -> None:
            nonlocal n_calls
            owner = type(getattr(function, "__self__", None)).__module__
            modules = {owner, getattr(function, "__module__", None)}
            if event == "c_call" and modules & {"posix", "fcntl", "_io"}:
                n_calls += 1
                if n_calls == number:
                    os._exit(KILLED)

        def counted() -> None:
            sys.setprofile(count)
            act()

        code = os.waitstatus_to_exitcode(os.waitpid(fork(counted), 0)[1])
        assert code in (0, KILLED)
        return code == KILLED

    return run


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
