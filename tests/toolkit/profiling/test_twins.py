from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import helper

from edgesmith.profiling.twins import twin_names
from edgesmith.tflite_file import tflite_bytes
from edgesmith_runtime.bundle import Bundle, make_bundle, read_bundle
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

_NAME = "net/depth/depthwise"


def _onnx(weights: NDArray[np.float32], name: str) -> bytes:
    channels = len(weights)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", name], ["y"], name="Conv__63", group=channels)],
        "one",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, channels, 8, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, channels, 6, 6])],
        [onnx.numpy_helper.from_array(weights, name)],
    )
    return helper.make_model(graph, ir_version=8).SerializeToString()


def _tflite(stored: NDArray[np.float32], n_times: int = 1) -> bytes:
    depthwise, float32 = schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.TensorType.FLOAT32
    tensors: list[Any] = [
        schema.TensorT(name="x", shape=[1, 8, 8, 4], type=float32, buffer=0),
        schema.TensorT(name=f"{_NAME}/w", shape=list(stored.shape), type=float32, buffer=1),
        schema.TensorT(
            name=f"net/act/Relu;{_NAME}", shape=[1, 6, 6, 4], type=float32, buffer=0
        ),
    ]
    graph = schema.SubGraphT(
        name="main",
        tensors=tensors,
        operators=[
            schema.OperatorT(
                opcodeIndex=0,
                inputs=[0, 1, -1],
                outputs=[2],
                builtinOptionsType=schema.BuiltinOptions.DepthwiseConv2DOptions,
                builtinOptions=schema.DepthwiseConv2DOptionsT(),
            )
        ]
        * n_times,
        inputs=[0],
        outputs=[2],
    )
    content = np.frombuffer(np.ascontiguousarray(stored).tobytes(), np.uint8)
    code = schema.OperatorCodeT(
        builtinCode=depthwise, deprecatedBuiltinCode=depthwise, version=1
    )
    model = schema.ModelT(
        version=3,
        operatorCodes=[code],
        subgraphs=[graph],
        buffers=[schema.BufferT(), schema.BufferT(data=content)],
    )
    return tflite_bytes(model, size_bytes=5_000)


@pytest.fixture
def bundled(planted_bundle: Callable[..., Path]) -> Callable[[bytes, bytes], Bundle]:
    """The planted bundle with other model files."""
    manifest = read_bundle(planted_bundle(golden=False)).manifest

    def make(onnx_file: bytes, tflite_file: bytes) -> Bundle:
        return make_bundle(manifest, {"model.onnx": onnx_file, "model.tflite": tflite_file})

    return make


def _weights() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(4, 1, 3, 3)).astype(np.float32)


def test_the_same_weights_have_the_name_of_the_layer(
    bundled: Callable[[bytes, bytes], Bundle],
) -> None:
    weights = _weights()
    folded = weights * np.float32(1 + 1e-7)
    bundle = bundled(_onnx(weights, "Conv__63_weight"), _tflite(folded.transpose(1, 2, 3, 0)))

    names = twin_names(bundle.artifact("model.onnx"), bundle)

    assert names == {"Conv__63_weight": (f"{_NAME}/w", _NAME, "net/act/Relu")}


def test_other_weights_several_that_fit_and_a_weight_with_a_scope_tell_nothing(
    bundled: Callable[[bytes, bytes], Bundle],
) -> None:
    weights, name = _weights(), "Conv__63_weight"
    stored = weights.transpose(1, 2, 3, 0)
    for files in (
        (_onnx(weights, name), _tflite(stored * 2)),
        (_onnx(weights, name), _tflite(stored, n_times=2)),
        (_onnx(weights, "net/depth/w"), _tflite(stored)),
    ):
        bundle = bundled(*files)

        assert twin_names(bundle.artifact("model.onnx"), bundle) == {}


def test_without_a_file_of_the_other_format_there_is_nothing(
    bundled: Callable[[bytes, bytes], Bundle],
) -> None:
    weights = _weights()
    bundle = bundled(_onnx(weights, "w"), _tflite(weights.transpose(1, 2, 3, 0)))
    alone = tuple(one for one in bundle.manifest.artifacts if one.format is Format.ONNX)
    manifest = dataclasses.replace(bundle.manifest, artifacts=alone)

    assert (
        twin_names(
            bundle.artifact("model.onnx"), dataclasses.replace(bundle, manifest=manifest)
        )
        == {}
    )
