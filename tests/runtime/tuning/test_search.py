"""A real tuning of the tiny bundle: what is measured, what is out, and what is recorded."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.golden import GoldenSamples, golden_files
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.tuning import Effort, Schedule, Tuning, tune

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Manifest

ONE_ROUND = Effort(
    max_seconds=0.001,
    min_calls=3,
    max_calls=3,
    schedule=Schedule(n_rounds=1, min_rounds=1, leads=(1e6,)),
)


def test_every_setup_has_its_figures_or_a_reason(tuning: Tuning) -> None:
    names = [standing.name for standing in tuning.standings]

    assert names[:2] == [
        "model.onnx with onnxruntime, 1 thread, blocked layout",
        "model.onnx with onnxruntime, 1 thread, plain layout",
    ]
    assert names[2].startswith("model.onnx with openvino")
    assert len(names) == 3
    for standing in tuning.standings:
        assert (standing.median_ns is None) == (standing.n_rounds == 0)
        assert standing.n_rounds == 2 or standing.out


def test_the_choice_is_one_of_them_and_is_recorded(tuning: Tuning) -> None:
    assert tuning.chosen.out is None
    assert tuning.choice.reason
    members = json.loads(Path(tuning.recorded).read_bytes())
    assert members["file"] == "model.onnx"
    assert members["engine"] == tuning.choice.setup.settings.engine


def test_a_copy_is_tried_where_onnxruntime_won(tuning: Tuning) -> None:
    won = tuning.choice.setup.settings.engine is Engine.ONNXRUNTIME

    assert (tuning.copy is not None) == won
    if tuning.copy is not None:
        assert tuning.copy.is_kept == (tuning.choice.graph is not None)
        assert tuning.copy.ratio.high < 1.0 or not tuning.copy.is_kept


def test_engines_that_cannot_end_a_run_are_out_where_timeouts_are_asked_for(
    tiny_manifest: Manifest,
    tiny_onnx: bytes,
    tiny_golden: GoldenSamples,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "two.edge"
    write_bundle(_with_tflite(tiny_manifest, tiny_onnx, tiny_golden), path)
    monkeypatch.setitem(sys.modules, "openvino", None)

    found = tune(path, n_threads=1, timeouts=True, effort=ONE_ROUND)

    untried = {one.name: one.out for one in found.standings if one.setup is None}
    assert untried == {
        "model.onnx with openvino": (
            "OpenVINO is not installed: pip install 'edgesmith-runtime[openvino]'"
        ),
        "model.tflite with litert": "litert cannot end a run at its timeout",
    }


def test_a_default_that_does_not_reproduce_its_samples_is_refused(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples, tmp_path: Path
) -> None:
    off = {
        "model.onnx": {"probabilities": tiny_golden.outputs["model.onnx"]["probabilities"] + 1}
    }
    golden = dataclasses.replace(tiny_golden, outputs=off)
    bundle = make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(golden)})
    write_bundle(bundle, tmp_path / "off.edge")

    with pytest.raises(
        BackendError, match=r"does not run here as it should: sample 0, model\.onnx, output"
    ):
        tune(tmp_path / "off.edge", n_threads=1, effort=ONE_ROUND)

    assert not list((tmp_path / "cache").rglob("*.json"))


def test_a_bundle_without_golden_samples_is_refused(
    tiny_manifest: Manifest, tiny_onnx: bytes, tmp_path: Path
) -> None:
    write_bundle(make_bundle(tiny_manifest, {"model.onnx": tiny_onnx}), tmp_path / "bare.edge")

    with pytest.raises(BundleError, match="golden samples"):
        tune(tmp_path / "bare.edge")


def test_a_budget_for_nothing_says_so(tiny_bundle_path: Path) -> None:
    with pytest.raises(BackendError, match=r"could not be measured within 0\.001 s; give more"):
        tune(tiny_bundle_path, n_threads=1, budget_s=0.001, effort=ONE_ROUND)


def test_a_tuning_that_fails_leaves_no_folder(tiny_bundle_path: Path, cache: Path) -> None:
    with pytest.raises(BackendError, match="give more"):
        tune(tiny_bundle_path, n_threads=1, budget_s=0.001, effort=ONE_ROUND)

    assert not list((cache / "tuned").iterdir())


def test_without_an_interpreter_nothing_is_measured_and_nothing_left(
    tiny_bundle_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    with pytest.raises(BackendError, match="a measurement needs a Python interpreter"):
        tune(tiny_bundle_path, n_threads=1, effort=ONE_ROUND)

    assert not list((cache / "tuned").iterdir())


def test_an_engine_without_a_version_to_hold_a_choice_to_is_out(
    tiny_bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    links = tmp_path / "vendored"
    links.mkdir()
    for place in {Path(one) for one in sys.path if Path(one).is_dir()}:
        for entry in place.iterdir():
            if not entry.name.startswith("openvino-") and not (links / entry.name).exists():
                (links / entry.name).symlink_to(entry)
    monkeypatch.setattr(sys, "path", [str(links)])

    found = tune(tiny_bundle_path, n_threads=1, effort=ONE_ROUND)

    untried = {one.name: one.out for one in found.standings if one.setup is None}
    assert untried == {
        "model.onnx with openvino": (
            "no version of openvino is to be found, without which a choice is not used"
        )
    }


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"budget_s": 0.0}, "budget_s: expected seconds above 0, got 0.0"),
        ({"budget_s": math.nan}, "budget_s: expected seconds above 0, got nan"),
        ({"n_threads": 0}, "n_threads: expected 1 to"),
        ({"n_threads": 4096}, "n_threads: expected 1 to"),
    ],
    ids=["budget", "nan", "none", "many"],
)
def test_what_is_out_of_range_is_refused(
    tiny_bundle_path: Path, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        tune(tiny_bundle_path, **asked)


def _with_tflite(manifest: Manifest, onnx: bytes, golden: GoldenSamples) -> Bundle:
    """The tiny bundle with a second artifact; what is in it is never opened."""
    (entry,) = manifest.artifacts
    other = dataclasses.replace(entry, file="model.tflite", format="tflite")
    both = dataclasses.replace(manifest, artifacts=(entry, other))
    outputs = dict.fromkeys(("model.onnx", "model.tflite"), golden.outputs["model.onnx"])
    tolerances = dict.fromkeys(outputs, golden.output_tolerances["model.onnx"])
    samples = dataclasses.replace(golden, outputs=outputs, output_tolerances=tolerances)
    files = {"model.onnx": onnx, "model.tflite": b"not opened", **golden_files(samples)}
    return make_bundle(both, files)
