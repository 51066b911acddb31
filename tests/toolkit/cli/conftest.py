"""A small bundle as one file: softmax(x @ W) over four features and two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import helper

from edgesmith_runtime.bundle import make_bundle, write_bundle
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
    from pathlib import Path

WEIGHTS = np.arange(8, dtype=np.float32).reshape(4, 2) / 8
SIGNATURE = Signature(
    inputs=(TensorSpec("features", "float32", ("batch", 4)),),
    outputs=(TensorSpec("scores", "float32", ("batch", 2)),),
)


@pytest.fixture(scope="session")
def onnx_bytes() -> bytes:
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["scores"]),
        ],
        "small",
        [helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["batch", 2])],
        [onnx.numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="hand"
    )
    helper.set_model_props(model, {"labels": "left\nright"})
    return model.SerializeToString(deterministic=True)


@pytest.fixture(scope="session")
def small_bundle(onnx_bytes: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    features = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    exponents = np.exp(features @ WEIGHTS)
    golden = GoldenSamples(
        raw=tuple({"x": sample} for sample in features),
        tensors={"features": features},
        outputs={"model.onnx": {"scores": exponents / exponents.sum(axis=1, keepdims=True)}},
        tensor_tolerances={"features": Tolerance(atol=0.0, rtol=0.0)},
        output_tolerances={"model.onnx": {"scores": Tolerance(atol=1e-6, rtol=1e-5)}},
    )
    path = tmp_path_factory.mktemp("small") / "small.edge"
    bundle = make_bundle(_manifest(), {"model.onnx": onnx_bytes, **golden_files(golden)})
    write_bundle(bundle, path)
    return path


def _manifest() -> Manifest:
    return Manifest(
        name="small",
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
                name="scores",
                shape=(2,),
                labels=("left", "right"),
                decode=Decode(op=DecodeOp.ARGMAX),
            ),
        ),
        artifacts=(
            ArtifactEntry(
                file="model.onnx",
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=18,
                signature=SIGNATURE,
                starts_after=0,
            ),
        ),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
    )
