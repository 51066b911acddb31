from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgesmith.foreign import open_foreign
from edgesmith_runtime.errors import ConversionError, SignatureError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    FileOf = Callable[..., Path]

BOTH = pytest.mark.parametrize("fmt", Format)


@BOTH
@pytest.mark.parametrize("batch", [None, 1, 2])
def test_the_file_answers_as_numpy_does(
    fmt: Format,
    batch: int | None,
    file_of: FileOf,
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> None:
    model = open_foreign(file_of(fmt, batch=batch))

    outputs = model.run({"x": features}, batch_size=3)

    np.testing.assert_allclose(outputs["y"], probabilities, atol=1e-6)


@BOTH
@pytest.mark.parametrize("batch", [None, 1, 2])
def test_a_batch_that_can_be_free_becomes_free(
    fmt: Format,
    batch: int | None,
    file_of: FileOf,
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> None:
    model = open_foreign(file_of(fmt, batch=batch)).tried_on({"x": features})

    artifact = model.artifact({})

    assert [spec.shape for spec in artifact.signature] == [("batch", 4), ("batch", 3)]
    outputs = open_runner(artifact).run({"x": features})
    np.testing.assert_allclose(outputs["y"], probabilities, atol=1e-6)


@BOTH
@pytest.mark.parametrize("batch", [1, 2])
def test_a_batch_that_is_written_into_the_graph_stays(
    fmt: Format,
    batch: int,
    file_of: FileOf,
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> None:
    model = open_foreign(file_of(fmt, batch=batch, shaped=True)).tried_on({"x": features})

    artifact = model.artifact({})

    assert artifact.signature.batch_size == batch
    outputs = open_runner(artifact).run({"x": features})
    np.testing.assert_allclose(outputs["y"], probabilities, atol=1e-6)


@BOTH
def test_the_artifact_is_called_as_a_bundle_calls_it(fmt: Format, file_of: FileOf) -> None:
    path = file_of(fmt)

    artifact = open_foreign(path).artifact({})

    assert (artifact.file, artifact.format) == (f"model.{fmt}", fmt)
    assert artifact.version == {Format.ONNX: 18, Format.TFLITE: 3}[fmt]


@BOTH
def test_the_original_is_the_very_file(fmt: Format, file_of: FileOf) -> None:
    path = file_of(fmt)

    model = open_foreign(path)

    assert model.content == path.read_bytes()
    assert model.size_bytes == path.stat().st_size
    assert model.provenance["file"] == path.name
    assert model.provenance["producer"] == "by hand"


@BOTH
def test_the_same_file_gives_the_same_artifact(fmt: Format, file_of: FileOf) -> None:
    path = file_of(fmt)

    one, other = (open_foreign(path).artifact({"y": ("a", "b", "c")}) for _ in range(2))

    assert one.sha256 == other.sha256


@BOTH
def test_another_dtype_is_refused_by_name(fmt: Format, file_of: FileOf) -> None:
    model = open_foreign(file_of(fmt))

    with pytest.raises(
        SignatureError, match=r"tensor 'x': expected dtype float32, got float64"
    ):
        model.run({"x": np.zeros((2, 4))})


def _value(name: str, shape: list[Any], dtype: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


@pytest.mark.parametrize("axis", ["n", 2])
def test_samples_that_change_each_other_are_refused(onnx_file: FileOf, axis: str | int) -> None:
    nodes = [
        helper.make_node("CumSum", ["x", "axis"], ["y"]),
    ]
    zero = onnx.numpy_helper.from_array(np.array(0, np.int64), "axis")
    path = onnx_file(nodes, [_value("x", [axis, 4])], [_value("y", [axis, 4])], [zero])
    rows = np.arange(20, dtype=np.float32).reshape(5, 4)

    with pytest.raises(
        ConversionError, match="output 'y' of a sample changes with the samples beside it"
    ):
        open_foreign(path).tried_on({"x": rows})


def test_an_output_without_the_batch_is_refused(onnx_file: FileOf) -> None:
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], keepdims=1)]
    path = onnx_file(nodes, [_value("x", ["n", 4])], [_value("y", ["m", 1])])

    with pytest.raises(
        ConversionError,
        match=r"output 'y' has shape \(1, 1\) for 3 samples; its first axis must be the batch",
    ):
        open_foreign(path).tried_on({"x": np.ones((3, 4), np.float32)})


def test_what_the_engine_cannot_run_is_told(onnx_file: FileOf) -> None:
    nodes = [helper.make_node("MatMul", ["x", "x"], ["y"])]
    path = onnx_file(nodes, [_value("x", ["n", "m"])], [_value("y", ["n", "m"])])

    with pytest.raises(ConversionError, match="the engine cannot run it on the samples: "):
        open_foreign(path).run({"x": np.ones((3, 4), np.float32)})


def test_an_output_can_be_made_the_first(onnx_file: FileOf) -> None:
    nodes = [
        helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0),
        helper.make_node("Softmax", ["x"], ["share"]),
    ]
    outputs = [_value("label", ["n"], TensorProto.INT64), _value("share", ["n", 4])]
    model = open_foreign(onnx_file(nodes, [_value("x", ["n", 4])], outputs))

    led = model.answered_by("share")

    assert [spec.name for spec in led.signature.outputs] == ["share", "label"]
    assert led.output_ops == ("Softmax", "ArgMax")
    assert list(led.run({"x": np.ones((2, 4), np.float32)})) == ["share", "label"]
