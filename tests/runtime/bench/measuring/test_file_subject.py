"""A bare model file in its engine, in this process."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import onnx
import pytest

from edgesmith_runtime.bench.measuring.file_subject import open_file
from edgesmith_runtime.bench.measuring.samples import Samples
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.golden import GoldenSamples, Tolerance
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.bench.measuring.exchange import Request


@pytest.fixture
def samples(tiny_golden: GoldenSamples) -> Samples:
    return Samples(
        inputs=dict(tiny_golden.tensors),
        expected=dict(tiny_golden.outputs["model.onnx"]),
        tolerances={"probabilities": Tolerance(1e-5, 0.0)},
    )


@pytest.fixture
def file_request(tiny_request: Request, tiny_onnx: bytes, tmp_path: Path) -> Request:
    path = tmp_path / "stock.onnx"
    path.write_bytes(tiny_onnx)
    return dataclasses.replace(
        tiny_request,
        name="stock.onnx in onnxruntime",
        kind=SubjectKind.FILE,
        model=str(path),
        artifact=None,
        engine=Engine.ONNXRUNTIME,
    )


def renamed(content: bytes, *, batch: int | None) -> bytes:
    """The model with other names, and with a fixed batch axis."""
    model = onnx.load_from_string(content)
    for value, name in ((model.graph.input[0], "in_0"), (model.graph.output[0], "out_0")):
        for node in model.graph.node:
            for side in (node.input, node.output):
                for place, one in enumerate(side):
                    if one == value.name:
                        side[place] = name
        value.name = name
        if batch is not None:
            value.type.tensor_type.shape.dim[0].dim_value = batch
    return model.SerializeToString()


def test_an_onnx_file_answers(file_request: Request, samples: Samples) -> None:
    (lane,) = open_file(file_request, samples, 0).lanes

    outputs = lane.outputs(lane.call(lane.prepare(samples.batch(4))))

    samples.check(outputs, 4)
    assert lane.fixed_batch is None


def test_other_names_than_the_bundles_are_taken_in_order(
    file_request: Request, samples: Samples, tiny_onnx: bytes, tmp_path: Path
) -> None:
    (tmp_path / "stock.onnx").write_bytes(renamed(tiny_onnx, batch=1))

    (lane,) = open_file(file_request, samples, 0).lanes

    samples.check(lane.outputs(lane.call(lane.prepare(samples.batch(1)))), 1)
    assert lane.fixed_batch == 1


def test_a_file_with_other_inputs_is_refused(file_request: Request, samples: Samples) -> None:
    more = {"a": samples.inputs["features"], "b": samples.inputs["features"]}

    with pytest.raises(
        BackendError,
        match=r"^expected the inputs \['a', 'b'\] of the bundle, the file has \['features'\]$",
    ):
        open_file(file_request, dataclasses.replace(samples, inputs=more), 0)


def test_without_litert_a_tflite_file_says_what_it_needs(
    file_request: Request, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)

    with pytest.raises(
        BackendError,
        match=r"^LiteRT is not installed here .*edgesmith-runtime\[tflite\]', or leave this",
    ):
        open_file(dataclasses.replace(file_request, engine=Engine.LITERT), samples, 0)
