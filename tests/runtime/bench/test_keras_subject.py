"""The original Keras model, in a process of its own."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench import Comparison, Plan, compare
from edgesmith_runtime.bench.comparison import CallStyle

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
