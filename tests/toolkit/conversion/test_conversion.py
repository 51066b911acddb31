from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from edgesmith.config.delivery import ConversionConfig
from edgesmith.conversion import convert
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact

layers = keras.layers
both_formats = pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)


def _run(artifact: Artifact, tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return open_runner(artifact, n_threads=1).run(tensors)


def _convert(reference: Reference, fmt: Format, directory: Path, **limits: float) -> Artifact:
    return convert(
        reference,
        Recipe(name="any", format=fmt),
        labels={"digit": ("zero", "one", "two")},
        config=ConversionConfig.model_validate(limits),
        directory=directory,
    )


@pytest.mark.slow
@both_formats
@pytest.mark.parametrize("n_samples", [1, 5])
def test_an_artifact_answers_as_keras(
    artifacts: dict[Format, Artifact],
    reference: Reference,
    images: NDArray[np.float32],
    fmt: Format,
    n_samples: int,
) -> None:
    tensors = {"image": images[:n_samples]}

    outputs = _run(artifacts[fmt], tensors)

    np.testing.assert_allclose(outputs["digit"], reference.run(tensors)["digit"], atol=1e-6)


@pytest.mark.slow
def test_modules_in_the_working_directory_stay_out_of_the_converter(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('not the one that was meant')")
    monkeypatch.chdir(tmp_path)

    artifact = _convert(reference, Format.ONNX, tmp_path)

    assert artifact.file == "model.onnx"


@pytest.mark.slow
@both_formats
def test_an_artifact_says_what_it_is(artifacts: dict[Format, Artifact], fmt: Format) -> None:
    artifact = artifacts[fmt]

    assert artifact.file == f"model.{fmt}"
    assert artifact.precision is Precision.FLOAT32
    assert artifact.version == {Format.ONNX: 18, Format.TFLITE: 3}[fmt]
    assert artifact.signature.inputs == (TensorSpec("image", "float32", ("batch", 8, 8, 1)),)
    assert artifact.signature.outputs == (TensorSpec("digit", "float32", ("batch", 3)),)


@pytest.mark.slow
@both_formats
def test_the_same_graph_gives_the_same_bytes(
    artifacts: dict[Format, Artifact], reference: Reference, tmp_path: Path, fmt: Format
) -> None:
    again = _convert(reference, fmt, tmp_path)

    assert again.content == artifacts[fmt].content
    assert list(tmp_path.iterdir()) == []


@both_formats
def test_plain_variables_of_a_model_are_in_its_artifact(
    line_model: keras.Model, artifact_of: Callable[..., Artifact], fmt: Format
) -> None:
    reference = trace(line_model, samples=np.zeros((1, 2), np.float32))

    outputs = _run(artifact_of(reference, fmt), {"x": np.array([[1, 1], [10, 0]], np.float32)})

    np.testing.assert_array_equal(outputs["output"], [[10.0], [25.0]])


@both_formats
def test_names_of_several_inputs_and_outputs_are_kept(
    artifact_of: Callable[..., Artifact], fmt: Format
) -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), dtype="int32", name="b.count")
    sums = layers.Add()([a, keras.ops.cast(b, "float32")])
    model = keras.Model({"a": a, "b.count": b}, {"sum": sums, "left": layers.ReLU()(a)})
    ones = np.ones((3, 4), np.float32)

    outputs = _run(
        artifact_of(trace(model), fmt), {"a": -ones, "b.count": ones.astype(np.int32)}
    )

    assert sorted(outputs) == ["left", "sum"]
    np.testing.assert_array_equal(outputs["sum"], 0 * ones)
    np.testing.assert_array_equal(outputs["left"], 0 * ones)


@both_formats
def test_an_input_that_nothing_uses_is_kept(
    artifact_of: Callable[..., Artifact], fmt: Format
) -> None:
    class First(keras.Model):
        def call(self, a: Any, b: Any) -> Any:
            return a + 1.0

    ones = np.ones((2, 4), np.float32)
    reference = trace(First(), samples={"a": ones, "b": ones})

    outputs = _run(artifact_of(reference, fmt), {"a": ones, "b": ones})

    np.testing.assert_array_equal(outputs["output"], ones + 1)


@both_formats
def test_one_tensor_may_have_several_names(
    artifact_of: Callable[..., Artifact], fmt: Format
) -> None:
    x = keras.Input((4,), name="x")
    y = layers.ReLU()(x)
    reference = trace(keras.Model({"x": x}, {"x": x, "y": y, "z": y}))
    ones = np.ones((2, 4), np.float32)

    outputs = _run(artifact_of(reference, fmt), {"x": -ones})

    np.testing.assert_array_equal(outputs["x_output"], -ones)
    np.testing.assert_array_equal(outputs["y"], 0 * ones)
    np.testing.assert_array_equal(outputs["z"], 0 * ones)


@both_formats
def test_layers_that_only_train_are_gone(
    artifact_of: Callable[..., Artifact], images: NDArray[np.float32], fmt: Format
) -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.RandomFlip(),
            layers.GaussianNoise(1.0),
            layers.Dropout(0.9),
            layers.Flatten(name="flat"),
        ]
    )

    outputs = _run(artifact_of(trace(model), fmt), {"image": images})

    np.testing.assert_array_equal(outputs["flat"], images.reshape(7, -1))


@pytest.mark.slow
def test_what_a_converter_refuses_comes_back_as_an_error(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3, 3)), layers.Lambda(tf.linalg.pinv, name="p")])

    with pytest.raises(
        ConversionError,
        match=r"^the onnx converter: ONNX has no counterpart for Svd \(layer '.*p'\)",
    ):
        _convert(trace(model), Format.ONNX, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_converter_that_takes_too_long_is_ended(reference: Reference, tmp_path: Path) -> None:
    with pytest.raises(
        ConversionError,
        match=r"^the tflite converter took longer than 0\.1 s and was ended.*conversion.timeout_s",
    ):
        _convert(reference, Format.TFLITE, tmp_path, timeout_s=0.1)

    assert list(tmp_path.iterdir()) == []


def test_labels_are_in_the_metadata_of_an_onnx_file(
    artifacts: dict[Format, Artifact],
) -> None:
    model = onnx.load_model_from_string(bytes(artifacts[Format.ONNX].content))

    properties = {entry.key: json.loads(entry.value) for entry in model.metadata_props}

    assert properties["labels"] == {"digit": ["zero", "one", "two"]}


@both_formats
def test_a_model_that_no_file_can_hold_is_refused_with_the_way_out(
    reference: Reference, tmp_path: Path, fmt: Format
) -> None:
    large = dataclasses.replace(reference, size_bytes=3_200_000_000)

    with pytest.raises(
        ConversionError,
        match=rf"^the weights take 3\.2 GB, and one \.{fmt} file holds at most 2 GB: .* split it",
    ):
        _convert(large, fmt, tmp_path)

    assert list(tmp_path.iterdir()) == []


@both_formats
def test_answers_come_in_the_order_of_the_signature(
    artifact_of: Callable[..., Artifact], fmt: Format
) -> None:
    given = keras.Input((3,), name="given")
    outputs = [layers.Dense(width, name=name)(given) for name, width in (("b", 2), ("a", 1))]

    artifact = artifact_of(trace(keras.Model(given, outputs)), fmt)

    assert list(_run(artifact, {"given": np.zeros((1, 3), np.float32)})) == ["b", "a"]
