from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.profiling import onnx, tflite
from edgesmith.profiling.names import layer_names
from edgesmith.profiling.pieces import clue_rank, engine_tensors
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.settings import default_settings
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from edgesmith.reference import Reference

_CONVOLUTION = {Format.ONNX: "Conv", Format.TFLITE: "CONV_2D"}
_OPEN = {Format.ONNX: partial(onnx.open_pieces, twins={}), Format.TFLITE: tflite.open_pieces}


@pytest.mark.parametrize("fmt", Format)
def test_every_operation_runs_alone_and_tells_its_layer(
    artifacts: dict[Format, Artifact], reference: Reference, fmt: Format
) -> None:
    artifact = artifacts[fmt]
    tensors = {"image": np.ones((1, 8, 8, 1), np.float32)}

    pieces = _OPEN[fmt](artifact, default_settings(fmt, n_threads=1), tensors)

    names = layer_names(
        [], recorded=reference.freeze().scopes, file=artifact.file, manifest_layers=None
    )
    layers = {
        one.op: str(names.of(one.clues)).rpartition("/")[2].rstrip("_0123456789")
        for one in pieces.ops
    }
    assert pieces.lost == ()
    # The convolution has its normalization merged into it, and goes by its own name.
    assert layers[_CONVOLUTION[fmt]] == "conv2d"
    assert "digit" in layers.values()
    for call in (pieces.whole, pieces.empty, *(one.call for one in pieces.ops)):
        call()


def _artifact(spec: TensorSpec) -> Artifact:
    return Artifact(
        file="model.tflite",
        format=Format.TFLITE,
        precision=Precision.INT8,
        version=3,
        signature=Signature((spec,), (TensorSpec("y", "float32", ("batch", 1)),)),
        content=b"",
    )


def test_an_engine_with_a_fixed_batch_gets_the_sample_again_and_again() -> None:
    artifact = _artifact(TensorSpec("x", "float32", (3, 2)))

    given = engine_tensors(artifact, {"x": np.array([[1, 2]], np.float32)})

    assert given["x"].tolist() == [[1, 2]] * 3


def test_an_engine_with_whole_numbers_gets_codes() -> None:
    artifact = _artifact(TensorSpec("x", "int8", ("batch", 2), scale=0.5, zero_point=3))

    given = engine_tensors(artifact, {"x": np.array([[1, -2]], np.float32)})

    assert given["x"].dtype == np.int8
    assert given["x"].tolist() == [[2 + 3, -4 + 3]]


def test_weights_tell_the_layer_before_activations_and_these_before_normalizations() -> None:
    names = ["net/norm/batchnorm/add_1", "net/re_lu/Relu", "net/conv/convolution"]

    assert sorted(names, key=clue_rank) == names[::-1]
