from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.cli import run
from edgesmith.core import Candidate, Choice, Original, Report, Standing
from edgesmith.evidence import Search
from edgesmith.recipe import Recipe, Target
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import EdgesmithError
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path


class Stage:
    """Stands in for the search, which has tests of its own: keeps what it was asked for."""

    def __init__(self, failure: EdgesmithError | None = None) -> None:
        self.source: Path | None = None
        self.asked: dict[str, Any] = {}
        self._failure = failure

    def optimize(self, source: Path, **asked: Any) -> SimpleNamespace:
        self.source, self.asked = source, asked
        if self._failure is not None:
            raise self._failure
        bundle = (asked["out"] or source.parent) / "small.edge"
        return SimpleNamespace(
            bundle=bundle,
            report=bundle.parent / "report.html",
            summary=_report(bundle, asked["target"]),
        )


def _report(bundle: Path, target: Target) -> Report:
    spec = TensorSpec("x", "float32", ("batch", 4))
    chosen = Candidate(
        recipe=Recipe(name="int8_static", format=Format.ONNX, precision=Precision.INT8),
        artifact=Artifact(
            file="model.onnx",
            format=Format.ONNX,
            precision=Precision.INT8,
            version=18,
            signature=Signature(inputs=(spec,), outputs=(spec,)),
            content=bytes(700),
        ),
        score=None,
        parity=None,
        standing=Standing.CHOSEN,
        reason="the smallest",
    )
    return Report(
        name="small",
        task=Task.TENSOR,
        bundle=bundle,
        original=Original(score=None, size_bytes=1000),
        candidates=(chosen,),
        choice=Choice(file="model.onnx", reason="the only one"),
        search=Search(target=target, candidates=(chosen,), n_computed=1, seconds=2.0),
    )


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return _installed(Stage(), monkeypatch)


def _installed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setitem(sys.modules, "edgesmith.optimizing", stage)
    return stage


def test_without_options_the_target_has_no_limits_and_a_bundle_its_own_formats(
    stage: Stage, small_bundle: Path
) -> None:
    code = run(["optimize", str(small_bundle)])

    assert code == 0
    assert stage.source == small_bundle
    assert stage.asked["target"] == Target(formats=(Format.ONNX,))
    assert {
        key: stage.asked[key]
        for key in ("out", "original", "samples", "expected", "class_names", "unsafe", "seed")
    } == {
        "out": None,
        "original": None,
        "samples": None,
        "expected": None,
        "class_names": None,
        "unsafe": False,
        "seed": 0,
    }


def test_every_option_reaches_the_search(stage: Stage, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.eye(4, dtype=np.float32))
    np.save(tmp_path / "y.npy", np.array([1, 1, 1, 0]))
    (tmp_path / "labels.txt").write_text("left\nright\n")
    words = (
        "--max-size 200KiB --max-p95-ms 5 --max-accuracy-drop 0.02 --formats tflite --opset 17 "
        f"--integer-only --original {tmp_path}/o.keras --samples {tmp_path}/x.npy --expected "
        f"{tmp_path}/y.npy --class-names {tmp_path}/labels.txt --out {tmp_path}/out --seed 7 "
        "--custom-objects json --unsafe"
    )

    code = run(["optimize", str(tmp_path / "m.keras"), *words.split()])

    asked = stage.asked
    assert code == 0
    assert asked["target"] == Target(
        formats=(Format.TFLITE,),
        max_size_bytes=204_800,
        max_p95_ms=5.0,
        max_accuracy_drop=0.02,
        opset=17,
        integer_only=True,
    )
    assert asked["original"] == tmp_path / "o.keras"
    assert asked["samples"].tolist() == np.eye(4).tolist()
    assert asked["expected"].tolist() == [1, 1, 1, 0]
    assert asked["class_names"] == ["left", "right"]
    assert asked["out"] == tmp_path / "out"
    assert (asked["seed"], asked["custom_objects"], asked["unsafe"]) == (7, ("json",), True)


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("m.onnx", (Format.ONNX,)),
        ("m.tflite", (Format.TFLITE,)),
        ("m.keras", (Format.ONNX, Format.TFLITE)),
    ],
)
def test_a_model_file_has_the_formats_that_can_be_made_of_it(
    name: str, formats: tuple[Format, ...], stage: Stage, tmp_path: Path
) -> None:
    assert run(["optimize", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 0

    assert stage.asked["target"].formats == formats


def test_results_are_printed_with_candidates_and_reasons(
    stage: Stage, small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["optimize", str(small_bundle)])

    shown = capsys.readouterr().out
    assert "int8_static onnx" in shown
    assert "ONNX   int8_static: the smallest" in shown
    assert f"bundle   {small_bundle.parent / 'small.edge'}" in shown


def test_json_is_one_object(
    stage: Stage, small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["optimize", str(small_bundle), "--max-size", "1kB", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert told["target"]["max_size_bytes"] == 1000
    assert [one["standing"] for one in told["candidates"]] == ["chosen"]


@pytest.mark.parametrize("wanted", [[], ["--json"]])
def test_a_missed_budget_is_one_line_and_nothing_on_standard_output(
    wanted: list[str],
    monkeypatch: pytest.MonkeyPatch,
    small_bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failure = EdgesmithError("no candidate keeps the budget; the nearest is int8_static")
    _installed(Stage(failure), monkeypatch)

    code = run(["optimize", str(small_bundle), *wanted])

    shown = capsys.readouterr()
    assert code == failure.exit_code
    assert shown.out == ""
    assert shown.err == "error: no candidate keeps the budget; the nearest is int8_static\n"


MISUSES = {
    "model without a place": (
        ["m.keras"],
        "--out: missing; it says where the bundle of a model file goes; see edgesmith optimize "
        "--help",
    ),
    "no size": (
        ["m.keras", "--max-size", "300KB"],
        "--max-size: expected a size such as 300kB or 1.5MB (1000 bytes a kB), or 200KiB (1024 "
        "bytes a KiB), got '300KB'; see edgesmith optimize --help",
    ),
    "size of nothing": (
        ["m.keras", "--out", "out", "--max-size", "0kB"],
        "target.max_size_bytes: expected more than 0, got 0",
    ),
    "latency of nothing": (
        ["m.keras", "--out", "out", "--max-p95-ms", "0"],
        "target.max_p95_ms: expected more than 0, got 0.0",
    ),
    "gain for a drop": (
        ["m.keras", "--out", "out", "--max-accuracy-drop", "-0.1"],
        "target.max_accuracy_drop: expected 0 or more, got -0.1",
    ),
    "unknown format": (
        ["m.keras", "--out", "out", "--formats", "tf"],
        "--formats: expected some of onnx, tflite, got 'tf'; see edgesmith optimize --help",
    ),
    "missing bundle": (
        ["no.edge"],
        "no.edge: no such file; expected a bundle: NAME.edge, or its unpacked directory",
    ),
    "missing samples": (
        ["m.keras", "--out", "out", "--samples", "x.npy"],
        "x.npy: no such file",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), MISUSES.values(), ids=MISUSES)
def test_wrong_use_is_one_line_and_2(
    arguments: list[str],
    message: str,
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code = run(["optimize", *arguments])

    shown = capsys.readouterr()
    assert code == 2
    assert (shown.out, shown.err) == ("", f"error: {message}\n")
    assert stage.source is None
