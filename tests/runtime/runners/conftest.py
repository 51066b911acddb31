"""Artifacts for the runners, one of each format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

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
