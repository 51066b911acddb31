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

from edgesmith_runtime.bench import Comparison, Phase, Plan, Setting, SubjectKind, compare
from edgesmith_runtime.bench.rounds import Job, measured
from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, InputError, SignatureError, WriteError
from edgesmith_runtime.golden import GoldenSamples, golden_files
from edgesmith_runtime.host import this_host
from edgesmith_runtime.settings import Engine
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

# A worker that gives the twin of the baseline a lane that is slower by a millisecond.
SLOWED = """
import dataclasses
import time

from edgesmith_runtime.bench.measuring.worker import main
from edgesmith_runtime.lifeline import read_question


def slowed(lane):
    def call(tensors):
        time.sleep(0.001)
        return lane.call(tensors)

    return dataclasses.replace(lane, call=call) if lane.name.endswith(" again") else lane


if __name__ == "__main__":
    main(read_question(), slowed)
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
def comparison(
    tiny_bundle_path: Path,
    tiny_onnx: bytes,
    quick_plan: Plan,
    tmp_path_factory: pytest.TempPathFactory,
) -> Comparison:
    stock = tmp_path_factory.mktemp("stock") / "stock.onnx"
    stock.write_bytes(tiny_onnx)
    plan = dataclasses.replace(
        quick_plan, phases=(Phase.SUSTAINED, Phase.STEADY, Phase.RAW), sustained_s=0.01
    )
    return compare(tiny_bundle_path, against=[stock], plan=plan)


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


def test_every_artifact_is_measured_from_raw_inputs_and_no_file_is(
    comparison: Comparison,
) -> None:
    raw = Setting(Phase.RAW)
    artifact, twin, file = comparison.subjects

    assert [len(subject.series(raw)) for subject in (artifact, twin, file)] == [2, 2, 0]
    assert set(artifact.series(raw)[0].stages_ns) >= {"decode", "prepare", "infer", "answer"}


def test_what_heats_the_machine_is_measured_once_and_kept_with_the_first_round(
    comparison: Comparison,
) -> None:
    sustained = Setting(Phase.SUSTAINED, 0.01)

    for subject in comparison.subjects:
        assert [sustained in item.series for item in subject.rounds] == [True, False]


def test_the_baseline_is_measured_again_in_processes_of_its_own(comparison: Comparison) -> None:
    twin = comparison.subject("model.onnx again")

    assert comparison.baseline == "model.onnx"
    assert (twin.kind, twin.engine) == (SubjectKind.AGAIN, Engine.ONNXRUNTIME)
    assert len(twin.rounds) == 2
    assert comparison.noise_floor(Setting(Phase.STEADY, 1)) is not None


def test_a_file_of_somebody_else_runs_in_its_bare_engine(comparison: Comparison) -> None:
    file = comparison.subject("stock.onnx in onnxruntime")

    assert (file.kind, file.engine, file.problem) == (
        SubjectKind.FILE,
        Engine.ONNXRUNTIME,
        None,
    )
    assert file.steady(4)


def test_a_comparison_knows_where_and_how_it_was_made(
    comparison: Comparison, tiny_onnx: bytes
) -> None:
    assert comparison.bundle == "tiny"
    assert comparison.host == this_host()
    assert comparison.plan.batches == (1, 4)
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
    write_both: Callable[[bytes], Path], quick_plan: Plan, tmp_path: Path
) -> None:
    converted = subprocess.run(
        [sys.executable, "-c", CONVERT], capture_output=True, check=True
    ).stdout
    stock = tmp_path / "stock.tflite"
    stock.write_bytes(base64.b64decode(converted.split()[-1]))
    path = write_both(stock.read_bytes())

    comparison = compare(path, against=stock, plan=dataclasses.replace(quick_plan, n_rounds=1))

    for name in ("model.onnx", "model.tflite", "stock.tflite in litert"):
        assert comparison.subject(name).problem is None
        assert comparison.figures(name, 4) is not None


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
        "round 1: model.onnx again",
        "round 1: second.onnx",
        "round 2: model.onnx",
        "round 2: model.onnx again",
    ]


def test_the_order_is_drawn_anew_in_every_round(
    tiny_bundle_path: Path, quick_plan: Plan
) -> None:
    seen = list[tuple[int, int, str]]()
    plan = dataclasses.replace(quick_plan, n_rounds=3, batches=(1,), seed=1)

    compare(tiny_bundle_path, plan=plan, progress=lambda *step: seen.append(step))

    names = [name.split(": ")[1] for _, _, name in seen]
    orders = list(zip(names[::2], names[1::2], strict=True))
    assert [(done, total) for done, total, _ in seen] == [(done, 6) for done in range(6)]
    assert {frozenset(order) for order in orders} == {
        frozenset({"model.onnx", "model.onnx again"})
    }
    assert len(set(orders)) == 2


def test_a_worker_of_a_benchmark_measures_an_altered_lane(
    tiny_bundle_path: Path,
    quick_plan: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "slowed_worker.py").write_text(SLOWED)
    monkeypatch.syspath_prepend(tmp_path)
    plan = dataclasses.replace(quick_plan, batches=(1,))

    comparison = measured(Job(bundle=tiny_bundle_path, plan=plan), worker="slowed_worker")

    ratio = comparison.ratio("model.onnx again", Setting(Phase.STEADY, 1))
    assert ratio is not None
    assert ratio.value > 5


def test_given_raw_inputs_are_measured(
    tiny_bundle_path: Path, quick_plan: Plan, tiny_features: NDArray[np.float32]
) -> None:
    plan = dataclasses.replace(quick_plan, n_rounds=1, phases=(Phase.RAW,), max_calls=7)

    comparison = compare(tiny_bundle_path, raws=list(tiny_features), plan=plan)

    (series,) = comparison.subject("model.onnx").series(Setting(Phase.RAW))
    assert len(series.measurement.latencies_ns) == 5


def test_without_golden_samples_raw_inputs_must_be_given(
    tiny_manifest: Manifest,
    tiny_onnx: bytes,
    tiny_features: NDArray[np.float32],
    quick_plan: Plan,
    tmp_path: Path,
) -> None:
    write_bundle(make_bundle(tiny_manifest, {"model.onnx": tiny_onnx}), tmp_path / "bare.edge")
    plan = dataclasses.replace(quick_plan, phases=(Phase.RAW,))

    with pytest.raises(
        InputError,
        match=r"^tiny: the bundle has no golden samples to take raw inputs from; give raws, or",
    ):
        compare(tmp_path / "bare.edge", samples={"features": tiny_features}, plan=plan)


def test_a_batch_that_an_artifact_cannot_take_is_not_measured(
    fixed_bundle: Bundle, quick_plan: Plan, tmp_path: Path
) -> None:
    write_bundle(fixed_bundle, tmp_path / "fixed.edge")

    plan = dataclasses.replace(quick_plan, n_rounds=1)

    comparison = compare(tmp_path / "fixed.edge", plan=plan)

    assert comparison.figures("model.onnx", 1) is not None
    assert comparison.figures("model.onnx", 4) is None


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
