from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgesmith.profiling import profile_bundle
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_layers_come_in_keras_names_and_the_one_with_the_products_has_the_time(
    planted_bundle: Callable[..., Path],
) -> None:
    seen: list[tuple[int, int, str]] = []

    profile = profile_bundle(
        planted_bundle(golden=True),
        files=["model.tflite"],
        n_processes=1,
        seconds=0.2,
        progress=lambda done, total, what: seen.append((done, total, what)),
    )

    found = profile.artifact("model.tflite")
    assert seen == [(0, 1, "model.tflite")]
    assert found.by_time[0].layer == "huge"
    assert {one.layer for one in found.layers} == {"before", "huge", "answer"}
    assert found.predict_ns is not None
    assert [step.op for step in found.transform] == ["tensor"]
    huge = found.by_time[0]
    assert sum(op.time_ns.value for op in huge.ops) == pytest.approx(
        huge.time_ns.value, rel=0.2
    )
    assert huge.share == pytest.approx(huge.time_ns.value / found.total_ns.value)
    # It has nearly all products of the call: it takes most of it, and not much more than it.
    assert 0.8 < huge.time_ns.value / found.layers_ns <= 1.0
    assert 0.4 < found.layers_ns / found.total_ns.value < 1.6
    assert found.total_ns.low == found.total_ns.high
    assert "one process: no intervals, which would be between processes" in found.notes
    assert profile.problems == {}


def test_a_process_that_takes_too_long_is_a_problem(
    planted_bundle: Callable[..., Path],
) -> None:
    profile = profile_bundle(planted_bundle(golden=True), files=["model.onnx"], deadline_s=0.01)

    assert profile.artifacts == ()
    assert profile.problems == {"model.onnx": "no answer within 0.01 s; the process was ended"}


def test_an_unknown_artifact_is_named(planted_bundle: Callable[..., Path]) -> None:
    with pytest.raises(
        InputError,
        match=r"no artifact 'x\.onnx' in the bundle; expected some of model\.onnx, model\.tflite",
    ):
        profile_bundle(planted_bundle(golden=False), files=["x.onnx"])


def test_more_threads_than_there_are_is_refused(planted_bundle: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"expected at most the \d+ threads .* got 100000"):
        profile_bundle(planted_bundle(golden=False), n_threads=100_000)


def test_a_record_that_cannot_be_read_is_told(planted_bundle: Callable[..., Path]) -> None:
    path = planted_bundle(golden=False)
    (path.parent / "build").mkdir()
    (path.parent / "build" / "record.json").write_text("{}")

    profile = profile_bundle(str(path), files=["model.tflite"], n_processes=1, seconds=0.05)

    told = [one for one in profile.artifacts[0].notes if "what the build left" in one]
    assert told[0].startswith("what the build left is not used: ")
    assert "record.json" in told[0]


def test_a_build_of_another_bundle_names_no_layers(
    planted_bundle: Callable[..., Path],
) -> None:
    path = planted_bundle(golden=False)
    build = path.parent / "build"
    build.mkdir()
    record: dict[str, object] = {"version": 2, "name": "planted", "candidates": [], "files": {}}
    for name, spec in (("input", "x"), ("output", "y")):
        record[f"{name}s"] = [{"name": spec, "dtype": "float32", "shape": [1, 4]}]
        record[f"{name}_nodes"] = []
    (build / "record.json").write_text(
        json.dumps(record | {"scopes": {"net/huge": "other"}, "sets": {}})
    )

    profile = profile_bundle(path, files=["model.tflite"], n_processes=1, seconds=0.05)

    told = f"{build} is of another bundle, its names of layers are not used"
    assert told in profile.artifacts[0].notes
    assert "huge" in {one.layer for one in profile.artifacts[0].layers}
