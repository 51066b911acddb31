"""The original Keras model, in a process of its own."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from edgesmith_runtime.bench import Comparison, Plan, compare
from edgesmith_runtime.bench.subject import CallStyle
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import Kind, Manifest, Output, RawInput, Task
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

# Softmax over a dense layer as the tiny bundle has it, and the same with other weights.
SAVE = """
import sys
import numpy as np
import keras

features = keras.Input((4,), name="features")
dense = keras.layers.Dense(3, activation="softmax", name="probabilities")
model = keras.Model(features, dense(features))
weights = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
for factor, path in ((1.0, "original.keras"), (1.5, "other.keras")):
    dense.set_weights([weights * factor, np.array([0.1, -0.2, 0.3], np.float32)])
    model.save(path)

left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
total = keras.layers.Add(name="total")([left, right])
rest = keras.layers.Subtract(name="rest")([left, right])
keras.Model([right, left], [total, rest]).save("two.keras")
"""


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    subprocess.run(
        [sys.executable, "-c", SAVE],
        check=True,
        capture_output=True,
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
    )
    return folder


@pytest.fixture
def two_sided_bundle_path(tiny_manifest: Manifest, tmp_path: Path) -> Path:
    """``total = left + right`` and ``rest = left - right``, over two numbers each."""
    floats, names = onnx.TensorProto.FLOAT, (("left", "right"), ("total", "rest"))
    inputs, outputs = (
        [onnx.helper.make_tensor_value_info(name, floats, ["batch", 2]) for name in side]
        for side in names
    )
    nodes = [
        onnx.helper.make_node(op, names[0], [name])
        for op, name in zip(("Add", "Sub"), names[1], strict=True)
    ]
    graph = onnx.helper.make_graph(nodes, "two", inputs, outputs)
    opset = onnx.helper.make_opsetid("", 18)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    signature = Signature(
        *(tuple(TensorSpec(name, "float32", ("batch", 2)) for name in side) for side in names)
    )
    manifest = dataclasses.replace(
        tiny_manifest,
        task=Task.TENSOR,
        raw_inputs=tuple(RawInput(name, Kind.TENSOR, "two numbers") for name in names[0]),
        transform=(),
        outputs=tuple(Output(name=name, shape=(2,)) for name in names[1]),
        artifacts=(
            dataclasses.replace(
                tiny_manifest.artifacts[0], signature=signature, starts_after=None
            ),
        ),
    )
    left, right = np.array([[1, 2]], np.float32), np.array([[30, 50]], np.float32)
    exact = Tolerance(0.0, 0.0)
    golden = GoldenSamples(
        raw=({"left": left[0], "right": right[0]},),
        tensors={"left": left, "right": right},
        outputs={"model.onnx": {"total": left + right, "rest": left - right}},
        tensor_tolerances=dict.fromkeys(names[0], exact),
        output_tolerances={"model.onnx": dict.fromkeys(names[1], exact)},
    )
    bundle = make_bundle(
        manifest, {"model.onnx": model.SerializeToString(), **golden_files(golden)}
    )
    path = tmp_path / "two.edge"
    write_bundle(bundle, path)
    return path


@pytest.fixture(scope="module")
def one_round(quick_plan: Plan) -> Plan:
    return dataclasses.replace(quick_plan, n_rounds=1)


@pytest.fixture(scope="module")
def comparison(tiny_bundle_path: Path, keras_files: Path, one_round: Plan) -> Comparison:
    return compare(tiny_bundle_path, against=keras_files / "original.keras", plan=one_round)


@pytest.mark.slow
@pytest.mark.parametrize("style", list(CallStyle))
def test_every_style_is_a_subject(comparison: Comparison, style: CallStyle) -> None:
    subject = comparison.subject(f"keras {style}")

    assert subject.problem is None
    assert [set(item.steady) for item in subject.rounds] == [{1, 4}]


@pytest.mark.slow
def test_the_artifact_is_compared_with_every_style(comparison: Comparison) -> None:
    figures = comparison.figures("model.onnx", 1)

    assert figures is not None
    assert set(figures.times_faster) == set(CallStyle)
    assert all(ratio.low > 1 for ratio in figures.times_faster.values())


@pytest.mark.slow
def test_the_file_and_the_versions_of_keras_are_recorded(
    comparison: Comparison, keras_files: Path
) -> None:
    assert (
        comparison.subject("keras call").size_bytes
        == (keras_files / "original.keras").stat().st_size
    )
    assert comparison.versions["keras"] == version("keras")
    assert comparison.versions["tensorflow"] == version("tensorflow")


@pytest.mark.slow
def test_a_model_with_other_weights_is_reported_and_not_measured(
    tiny_bundle_path: Path, one_round: Plan, keras_files: Path
) -> None:
    comparison = compare(tiny_bundle_path, against=keras_files / "other.keras", plan=one_round)

    for style in CallStyle:
        subject = comparison.subject(f"keras {style}")
        assert subject.problem is not None
        assert "is it the model that the bundle was made from?" in subject.problem
        assert subject.rounds == ()


@pytest.mark.slow
def test_several_inputs_and_outputs_are_told_apart_by_name(
    two_sided_bundle_path: Path, one_round: Plan, keras_files: Path
) -> None:
    comparison = compare(
        two_sided_bundle_path, against=keras_files / "two.keras", plan=one_round
    )

    assert [subject.problem for subject in comparison.subjects] == [None] * 4


@pytest.mark.slow
def test_a_file_that_keras_cannot_load_is_reported_in_one_line(
    tiny_bundle_path: Path, one_round: Plan, tmp_path: Path
) -> None:
    (tmp_path / "broken.keras").write_bytes(b"no model")

    comparison = compare(tiny_bundle_path, against=tmp_path / "broken.keras", plan=one_round)

    problem = comparison.subject("keras predict").problem
    assert problem is not None
    assert "broken.keras: Keras cannot load it: " in problem
    assert "\n" not in problem
    assert comparison.subject("model.onnx").problem is None


def test_without_keras_the_subject_says_so_and_the_artifacts_are_measured(
    tiny_bundle_path: Path,
    one_round: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "keras.py").write_text("raise ImportError('hidden for this test')")
    (tmp_path / "original.keras").write_bytes(b"never read")
    monkeypatch.syspath_prepend(tmp_path)

    comparison = compare(tiny_bundle_path, against=tmp_path / "original.keras", plan=one_round)

    for style in CallStyle:
        assert comparison.subject(f"keras {style}").problem == (
            "Keras is not installed here (hidden for this test), so the original cannot be "
            "measured; pip install tensorflow keras, or leave --against out"
        )
    assert comparison.subject("model.onnx").problem is None
