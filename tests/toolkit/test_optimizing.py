from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import edgesmith_runtime as er
from edgesmith.cli import run
from edgesmith.config.reading import parse_config
from edgesmith.optimizing import optimize
from edgesmith.packing import read_record
from edgesmith.pipeline import BuildResult, build
from edgesmith.recipe import Scheme, Target
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import (
    BudgetError,
    BundleError,
    ConfigError,
    DataError,
    InputError,
)
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = pytest.mark.slow

DIGITS = """
name = "digits"
task = "classification"
source = { kind = "sklearn", dataset = "digits" }
benchmark = { enabled = false }
image = { mode = "grey", height = 8, width = 8 }
[training]
architecture = "mlp"
options = { widths = [48] }
learning_rate = 0.01
epochs = 6
"""
NOTHING = Target(max_size_bytes=300, formats=(Format.ONNX,))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    config = parse_config(DIGITS, where="digits.toml", folder=Path(), overrides=())
    return build(config, tmp_path_factory.mktemp("built"))


@pytest.fixture
def own(built: BuildResult, tmp_path: Path) -> Path:
    """A copy of the build that a test may change; its bundle."""
    shutil.copytree(built.bundle.parent, tmp_path / "own")
    return tmp_path / "own" / built.bundle.name


@pytest.fixture
def alone(built: BuildResult, tmp_path: Path) -> Path:
    """The bundle without what its build left."""
    return Path(shutil.copy(built.bundle, tmp_path / "alone.edge"))


@pytest.fixture(scope="module")
def optimized(
    built: BuildResult, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, BuildResult]:
    folder = tmp_path_factory.mktemp("optimized") / "out"
    shutil.copytree(built.bundle.parent, folder)
    target = Target(max_size_bytes=9_000, max_accuracy_drop=0.05)
    return folder, optimize(folder / built.bundle.name, target=target, n_rounds=1)


def _digits(n_samples: int) -> tuple[NDArray[Any], NDArray[Any]]:
    digits: Any = load_digits()
    return digits.images[:n_samples].astype(np.uint8), digits.target[:n_samples]


def test_one_small_artifact_a_format_ships_and_proves_itself(
    optimized: tuple[Path, BuildResult],
) -> None:
    _, result = optimized
    bundle = read_bundle(result.bundle)

    assert {entry.format for entry in bundle.manifest.artifacts} == set(Format)
    for entry in bundle.manifest.artifacts:
        assert entry.precision is not Precision.FLOAT32
        assert len(bundle.files[entry.file]) <= 9_000
        er.load(result.bundle, artifact=entry.file).selftest()
    assert bundle.manifest.default_artifact.file.endswith(".onnx")


def test_what_ships_is_as_good_as_the_budget_asks(
    optimized: tuple[Path, BuildResult], built: BuildResult
) -> None:
    folder, result = optimized
    record = read_record(folder / "build")
    tensors = {name: np.load(path) for name, path in record.sets["test"].tensors.items()}
    path = record.sets["test"].targets
    assert path is not None
    targets = np.load(path)

    def accuracy(bundle: Path, file: str) -> float:
        outputs = er.load(bundle, artifact=file).run(tensors)
        return float((next(iter(outputs.values())).argmax(1) == targets).mean())

    original = accuracy(built.bundle, "model.onnx")
    for one in result.summary.candidates:
        assert accuracy(result.bundle, one.artifact.file) >= original - 0.05


def test_ranges_are_of_the_training_split_and_on_record(
    optimized: tuple[Path, BuildResult],
) -> None:
    folder, result = optimized
    calibration = read_bundle(result.bundle).manifest.calibration
    test = read_record(folder / "build").sets["test"]

    assert calibration is not None
    assert calibration["source"] == "training split"
    assert calibration["n_samples"] == len(calibration["sha256"]) == 512
    rows = np.load(next(iter(test.tensors.values())))
    digests = {_sha256(row) for row in rows}
    # Digits that are pixel for pixel the same may be in both splits.
    assert len(digests & set(calibration["sha256"])) <= 2


def _sha256(row: NDArray[Any]) -> str:
    import hashlib

    return hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest()


def test_every_candidate_stays_in_the_report_with_its_reason(
    optimized: tuple[Path, BuildResult],
) -> None:
    folder, result = optimized
    search = result.summary.search

    assert search is not None
    assert all(one.standing is not None and one.reason for one in search.candidates)
    assert search.n_computed >= len(search.candidates) - 2  # but for the float ones
    assert {one.recipe.scheme for one in search.candidates} >= {
        *(Scheme.FLOAT16, Scheme.INT8_WEIGHTS, Scheme.INT8_STATIC, Scheme.INT4_WEIGHTS)
    }
    told = json.loads((folder / "optimization.json").read_text())
    assert len(told["candidates"]) == len(search.candidates)
    assert result.report == folder / "optimization.html"
    assert (folder / "report.html").is_file()


def test_an_optimized_bundle_is_optimized_again_from_its_build(
    optimized: tuple[Path, BuildResult], tmp_path: Path
) -> None:
    folder, result = optimized

    again = optimize(
        result.bundle,
        target=Target(formats=(Format.ONNX,), max_size_bytes=100_000),
        out=tmp_path / "again",
        n_rounds=1,
    )

    assert again.bundle == tmp_path / "again" / "digits.edge"
    assert read_record(folder / "build").candidates["model.onnx"].is_file()
    er.load(again.bundle).selftest()


def test_an_impossible_budget_changes_nothing_and_names_the_nearest(own: Path) -> None:
    before = own.read_bytes()

    with pytest.raises(
        BudgetError,
        match=r"no artifact keeps the target; the nearest is onnx \w+: .*bytes, above 300.*as it was",
    ):
        optimize(own, target=NOTHING, n_rounds=1)

    assert own.read_bytes() == before
    assert (own.parent / "optimization.html").is_file()


def test_a_missed_budget_ends_the_command_with_1(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["optimize", str(own), "--max-size", "300", "--formats", "onnx", "--json"])

    told = capsys.readouterr()
    assert code == 1
    assert told.out == ""
    assert "error: no artifact keeps the target; the nearest is onnx" in told.err


def test_without_its_build_recipes_that_need_no_calibration_remain(alone: Path) -> None:
    class Told:
        def __init__(self) -> None:
            self.lines: list[str] = []

        def track(self, items: Any, label: str, *, total: int) -> Any:
            return iter(items)

        def say(self, message: str) -> None:
            self.lines.append(message)

    told = Told()
    with pytest.raises(BudgetError):
        optimize(alone, target=NOTHING, n_rounds=1, progress=told)

    assert "static recipes and mixed ones need --samples" in " ".join(told.lines)
    report = json.loads((alone.parent / "optimization.json").read_text())
    schemes = {one["recipe"] for one in report["candidates"]}
    assert schemes == {
        "float32_onnx",
        "float32_tflite",
        "float16",
        "int8_weights",
        "int8_dynamic",
        "int4_weights",
    }


def test_given_samples_stand_in_for_the_build(alone: Path) -> None:
    samples, expected = _digits(200)

    with pytest.raises(BudgetError):
        optimize(alone, target=NOTHING, samples=samples, expected=expected, n_rounds=1)

    report = json.loads((alone.parent / "optimization.json").read_text())
    assert "int8_static_mse" in {one["recipe"] for one in report["candidates"]}
    assert "judged on too" in report["search"]["calibration"]["source"]


def test_samples_that_are_all_the_same_are_refused(alone: Path) -> None:
    samples = np.repeat(_digits(1)[0], 20, axis=0)

    with pytest.raises(DataError, match="expected samples that differ, all 20 are the same"):
        optimize(alone, samples=samples)


def test_answers_without_their_samples_are_refused(alone: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected: answers without the samples .*, or neither"
    ):
        optimize(alone, expected=[0])


def test_a_changed_build_is_refused(own: Path) -> None:
    left = own.parent / "build" / "candidates" / "model.onnx"
    left.write_bytes(left.read_bytes() + b"x")

    with pytest.raises(BundleError, match=r"model\.onnx.* was changed since the build"):
        optimize(own)


def test_a_build_of_another_bundle_is_refused(own: Path, alone: Path) -> None:
    record = own.parent / "build" / "record.json"
    members = json.loads(record.read_text())
    members["candidates"].remove("model.tflite")
    record.write_text(json.dumps(members))

    with pytest.raises(BundleError, match=r"of another build .*give --samples and --expected"):
        optimize(own)


def test_given_samples_need_no_build_of_this_bundle(own: Path) -> None:
    record = own.parent / "build" / "record.json"
    members = json.loads(record.read_text())
    members["candidates"].remove("model.tflite")
    record.write_text(json.dumps(members))
    samples, expected = _digits(200)

    with pytest.raises(BudgetError):
        optimize(own, target=NOTHING, samples=samples, expected=expected, n_rounds=1)


def test_a_bundle_without_float_artifacts_needs_its_build(
    optimized: tuple[Path, BuildResult], tmp_path: Path
) -> None:
    alone = shutil.copy(optimized[1].bundle, tmp_path / "alone.edge")

    with pytest.raises(ConfigError, match="expected a float32 artifact to start from"):
        optimize(alone)


def test_a_model_needs_a_place_to_go() -> None:
    with pytest.raises(ConfigError, match="out: missing"):
        optimize("model.keras")
