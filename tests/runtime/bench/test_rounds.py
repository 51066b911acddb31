"""The comparison, with real processes."""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench import Comparison, Plan, compare
from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, InputError, SignatureError, WriteError
from edgesmith_runtime.golden import GoldenSamples, golden_files
from edgesmith_runtime.host import this_host
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Manifest


# The tiny model as TFLite, on the last line.
CONVERT = """
import base64
import numpy as np
import tensorflow as tf

weights = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
bias = np.array([0.1, -0.2, 0.3], np.float32)

@tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, "features")])
def tiny(features):
    return {"probabilities": tf.nn.softmax(features @ weights + bias)}

module = tf.Module()
concrete = [tiny.get_concrete_function()]
content = tf.lite.TFLiteConverter.from_concrete_functions(concrete, module).convert()
print(base64.b64encode(content).decode())
"""


@pytest.fixture
def write_two(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> Callable[[NDArray[np.float32]], Path]:
    """Write the tiny bundle with its artifact twice; say what the second should give."""

    def write(second: NDArray[np.float32]) -> Path:
        entry = tiny_manifest.artifacts[0]
        manifest = dataclasses.replace(
            tiny_manifest, artifacts=(entry, dataclasses.replace(entry, file="second.onnx"))
        )
        tolerances = tiny_golden.output_tolerances["model.onnx"]
        golden = dataclasses.replace(
            tiny_golden,
            outputs={**tiny_golden.outputs, "second.onnx": {"probabilities": second}},
            output_tolerances={"model.onnx": tolerances, "second.onnx": tolerances},
        )
        files = {"model.onnx": tiny_onnx, "second.onnx": tiny_onnx, **golden_files(golden)}
        path = tmp_path / "two.edge"
        write_bundle(make_bundle(manifest, files), path)
        return path

    return write


@pytest.fixture(scope="module")
def comparison(tiny_bundle_path: Path, quick_plan: Plan) -> Comparison:
    return compare(tiny_bundle_path, plan=quick_plan)


@pytest.fixture
def write_both(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> Callable[[bytes], Path]:
    """Write the tiny bundle with a TFLite artifact of the given content beside the ONNX one."""

    def write(tflite: bytes) -> Path:
        entry = tiny_manifest.artifacts[0]
        second = dataclasses.replace(
            entry, file="model.tflite", format=Format.TFLITE, version=3
        )
        manifest = dataclasses.replace(tiny_manifest, artifacts=(entry, second))
        both = ("model.onnx", "model.tflite")
        golden = dataclasses.replace(
            tiny_golden,
            outputs=dict.fromkeys(both, tiny_golden.outputs["model.onnx"]),
            output_tolerances=dict.fromkeys(both, tiny_golden.output_tolerances["model.onnx"]),
        )
        files = {"model.onnx": tiny_onnx, "model.tflite": tflite, **golden_files(golden)}
        path = tmp_path / "both.edge"
        write_bundle(make_bundle(manifest, files), path)
        return path

    return write


def test_every_round_has_every_batch(comparison: Comparison) -> None:
    subject = comparison.subject("model.onnx")

    assert subject.problem is None
    assert [set(item.steady) for item in subject.rounds] == [{1, 4}, {1, 4}]
    assert all(
        5 <= len(item.latencies_ns) <= 20
        for round_ in subject.rounds
        for item in round_.steady.values()
    )


def test_a_comparison_knows_where_and_how_it_was_made(
    comparison: Comparison, quick_plan: Plan, tiny_onnx: bytes
) -> None:
    assert comparison.bundle == "tiny"
    assert comparison.host == this_host()
    assert comparison.plan == quick_plan
    assert comparison.n_threads == 1
    assert comparison.subject("model.onnx").size_bytes == len(tiny_onnx)


def test_a_measured_comparison_can_be_written_and_shown(comparison: Comparison) -> None:
    members = json.loads(json.dumps(comparison.to_json(), allow_nan=False))

    assert members["subjects"][0]["batches"]["4"]["latency_us_p50"] > 0
    assert "\nbatch 4 " in comparison.table()


def test_a_wrong_answer_is_reported_and_the_others_are_measured(
    write_two: Callable[[NDArray[np.float32]], Path],
    tiny_expected: NDArray[np.float32],
    quick_plan: Plan,
) -> None:
    path = write_two(tiny_expected[:3, ::-1])

    comparison = compare(path, plan=quick_plan)

    wrong = comparison.subject("second.onnx")
    assert wrong.rounds == ()
    assert wrong.problem is not None
    assert "is it the model that the bundle was made from?" in wrong.problem
    assert len(comparison.subject("model.onnx").rounds) == 2


@pytest.mark.slow
@pytest.mark.tflite
def test_artifacts_of_both_formats_are_measured(
    write_both: Callable[[bytes], Path], quick_plan: Plan
) -> None:
    converted = subprocess.run(
        [sys.executable, "-c", CONVERT], capture_output=True, check=True
    ).stdout
    path = write_both(base64.b64decode(converted.split()[-1]))

    comparison = compare(path, plan=dataclasses.replace(quick_plan, n_rounds=1))

    for file in ("model.onnx", "model.tflite"):
        assert comparison.subject(file).problem is None
        assert comparison.figures(file, 4) is not None


def test_without_the_extra_tflite_is_listed_with_the_reason(
    write_both: Callable[[bytes], Path],
    quick_plan: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_both(b"never read")
    hidden = "raise ModuleNotFoundError('hidden for this test', name='ai_edge_litert')"
    (tmp_path / "ai_edge_litert.py").write_text(hidden)
    monkeypatch.syspath_prepend(tmp_path)

    comparison = compare(path, plan=dataclasses.replace(quick_plan, n_rounds=1))

    assert comparison.subject("model.tflite").problem == (
        "TFLite needs an extra: pip install 'edgesmith-runtime[tflite]'"
    )
    assert comparison.figures("model.onnx", 1) is not None


def test_a_subject_with_a_problem_takes_no_part_in_later_rounds(
    write_two: Callable[[NDArray[np.float32]], Path],
    tiny_expected: NDArray[np.float32],
    quick_plan: Plan,
) -> None:
    path, names = write_two(tiny_expected[:3, ::-1]), list[str]()

    compare(path, plan=quick_plan, progress=lambda _done, _total, name: names.append(name))

    assert sorted(names) == [
        "round 1: model.onnx",
        "round 1: second.onnx",
        "round 2: model.onnx",
    ]


def test_the_order_is_drawn_anew_in_every_round(
    write_two: Callable[[NDArray[np.float32]], Path],
    tiny_expected: NDArray[np.float32],
    quick_plan: Plan,
) -> None:
    path, seen = write_two(tiny_expected[:3]), list[tuple[int, int, str]]()
    plan = dataclasses.replace(quick_plan, n_rounds=3, batches=(1,), seed=1)

    compare(path, plan=plan, progress=lambda *step: seen.append(step))

    firsts = [name.split(": ")[1] for _, _, name in seen[::2]]
    seconds = [name.split(": ")[1] for _, _, name in seen[1::2]]
    assert [(done, total) for done, total, _ in seen] == [(done, 6) for done in range(6)]
    assert set(firsts) == set(seconds) == {"model.onnx", "second.onnx"}
    assert all(first != second for first, second in zip(firsts, seconds, strict=True))


def test_a_batch_that_an_artifact_cannot_take_is_not_measured(
    fixed_bundle: Bundle, quick_plan: Plan, tmp_path: Path
) -> None:
    write_bundle(fixed_bundle, tmp_path / "fixed.edge")

    plan = dataclasses.replace(quick_plan, n_rounds=1)

    comparison = compare(tmp_path / "fixed.edge", plan=plan)

    assert comparison.figures("model.onnx", 1) is not None
    assert comparison.figures("model.onnx", 4) is None


def test_an_artifact_that_takes_no_batch_of_the_plan_says_so(
    fixed_bundle: Bundle, quick_plan: Plan, tmp_path: Path
) -> None:
    write_bundle(fixed_bundle, tmp_path / "fixed.edge")
    plan = dataclasses.replace(quick_plan, batches=(4, 8))

    comparison = compare(tmp_path / "fixed.edge", plan=plan)

    assert comparison.subject("model.onnx").problem == "it takes batches of 1 only, not of 4, 8"


def test_given_samples_are_measured(
    tiny_bundle_path: Path, quick_plan: Plan, tiny_features: NDArray[np.float32]
) -> None:
    plan = dataclasses.replace(quick_plan, n_rounds=1)

    comparison = compare(tiny_bundle_path, samples={"features": tiny_features * 3}, plan=plan)

    assert comparison.subject("model.onnx").problem is None


def test_samples_that_the_model_does_not_take_are_refused(
    tiny_bundle_path: Path, quick_plan: Plan
) -> None:
    with pytest.raises(SignatureError, match="expected dtype float32, got float64"):
        compare(tiny_bundle_path, samples={"features": np.zeros((2, 4))}, plan=quick_plan)


def test_an_original_that_is_not_there_is_refused(
    tiny_bundle_path: Path, quick_plan: Plan
) -> None:
    with pytest.raises(
        InputError,
        match=r"absent\.keras: no such file; expected the Keras model to compare with",
    ):
        compare(tiny_bundle_path, against="absent.keras", plan=quick_plan)


def test_a_place_for_temporary_files_that_is_none_is_told_of(
    tiny_bundle_path: Path, quick_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))

    with pytest.raises(WriteError, match=r"absent.*: cannot be written: No such file"):
        compare(tiny_bundle_path, plan=quick_plan)


def test_a_bundle_that_is_not_there_is_refused(quick_plan: Plan) -> None:
    with pytest.raises(BundleError, match=r"absent\.edge: no such file"):
        compare("absent.edge", plan=quick_plan)
