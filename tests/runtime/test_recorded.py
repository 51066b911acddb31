"""A recording on the disk is the one in memory, and nothing else is taken for one."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.errors import InputError, WriteError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def recording(tiny_bundle_path: Path) -> er.Recording:
    model = er.load(tiny_bundle_path, n_threads=1)
    with model.record() as recorder:
        for _ in range(3):
            model.predict(np.zeros(4, np.float32))
    return recorder.recording()


def test_what_is_saved_is_read_back(recording: er.Recording, tmp_path: Path) -> None:
    recording.save(tmp_path / "app.json")
    back = er.Recording.read(tmp_path / "app.json")

    assert back.to_json() == recording.to_json()
    np.testing.assert_array_equal(back.total_ns, recording.total_ns)
    assert back.is_raw.dtype == np.bool_


def test_it_says_what_ran_where(recording: er.Recording, tiny_bundle_path: Path) -> None:
    bundle = er.read_bundle(tiny_bundle_path)

    assert (recording.bundle, recording.artifact) == ("tiny", "model.onnx")
    assert recording.identity == bundle.identity
    assert recording.artifact_bytes == bundle.artifact("model.onnx").size_bytes
    assert recording.host == er.this_host()
    assert str(recording.settings) == "onnxruntime, 1 thread, blocked layout"
    assert recording.n_process_threads is None or recording.n_process_threads >= 1


def test_a_place_that_cannot_be_written_to_is_named(
    recording: er.Recording, tmp_path: Path
) -> None:
    with pytest.raises(WriteError, match="make its directory first"):
        recording.save(tmp_path / "none" / "app.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("not JSON", "got no JSON"),
        ("[" * 100_000, "got no JSON: nested too deeply$"),
        ("[1]", "got another document"),
        ('{"kind": "edgesmith-recording", "version": 9}', "expected version 1 .*, got 9"),
        (
            '{"kind": "edgesmith-recording", "version": 1}',
            "a recording without 'settings': another version",
        ),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "app.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(InputError, match=message) as caught:
        er.Recording.read(path)

    assert str(path) in str(caught.value)


def test_columns_of_unlike_lengths_are_refused(recording: er.Recording) -> None:
    document = json.loads(json.dumps(recording.to_json()))
    document["cpu_ns"].pop()

    with pytest.raises(InputError, match="cpu_ns: expected one entry a call"):
        er.Recording.from_json(document, where="app.json")
    with pytest.raises(ValueError, match="stages_ns: expected"):
        dataclasses.replace(recording, stages_ns={})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("begins_ns", [10**30] * 3, "begins_ns: expected whole numbers up to 2"),
        ("cpu_ns", [-(2**63)] * 3, "cpu_ns: expected whole numbers up to 2"),
        ("n_rows", [1.0] * 3, "n_rows: expected whole numbers"),
        ("is_raw", [1] * 3, "is_raw: expected true or false"),
        ("wall_ns", 10**30, "wall_ns: expected a whole number from 0 .*, got 1000"),
        ("n_calls", 3.0, "n_calls: expected a whole number from 0 .*, got 3.0"),
    ],
)
def test_what_no_call_can_have_taken_is_refused(
    recording: er.Recording, name: str, value: object, message: str
) -> None:
    document = recording.to_json() | {name: value}

    with pytest.raises(InputError, match=f"app.json: damaged: ValueError: {message}"):
        er.Recording.from_json(document, where="app.json")


@pytest.mark.parametrize("taken", [1.9, 10**30, "5", None])
def test_stages_are_whole_numbers(recording: er.Recording, taken: object) -> None:
    document = recording.to_json()
    document["stages_ns"]["infer"] = [taken] * 3

    with pytest.raises(InputError, match="damaged: ValueError: infer: expected whole numbers"):
        er.Recording.from_json(document, where="app.json")
