from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.profiling import profile_bundle
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_layers_come_in_keras_names_and_the_parts_add_up(
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
    assert 0 < found.layers_ns < 3 * found.total_ns.value
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

    profile = profile_bundle(path, files=["model.tflite"], n_processes=1, seconds=0.05)

    told = [one for one in profile.artifacts[0].notes if "what the build left" in one]
    assert told[0].startswith("what the build left is not used: ")
    assert "record.json" in told[0]
