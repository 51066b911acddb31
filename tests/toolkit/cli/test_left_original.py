"""What a build left beside its bundle, as a subject of the bench."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.cli.left_original import LeftOriginal, left_original, scored
from edgesmith_runtime.bench import (
    CallStyle,
    Comparison,
    Load,
    Plan,
    Subject,
    SubjectKind,
)
from edgesmith_runtime.bundle import make_bundle, read_bundle, write_bundle
from edgesmith_runtime.host import this_host
from edgesmith_runtime.manifest import Score

if TYPE_CHECKING:
    from pathlib import Path

SETS = {
    "test": {
        "n_samples": 4,
        "tensors": {"features": "test/input_0.npy"},
        "outputs": {"scores": "test/output_0.npy"},
        "targets": "test/targets.npy",
        "source": "test split",
        "seed": None,
    }
}
SCORE = Score(metric="accuracy", value=0.9, low=0.8, high=0.95, n_samples=100)


def test_without_a_build_there_is_none(small_bundle: Path) -> None:
    assert left_original(small_bundle) is None


@pytest.fixture
def built(small_bundle: Path, tmp_path: Path) -> Path:
    """The small bundle with a score, and beside it what a build leaves of 4 test samples."""
    bundle = read_bundle(small_bundle)
    (entry,) = bundle.manifest.artifacts
    manifest = dataclasses.replace(
        bundle.manifest, artifacts=(dataclasses.replace(entry, score=SCORE),)
    )
    contents = {
        one: bytes(bundle.files[one])
        for one in bundle.files
        if one.startswith(("model", "golden"))
    }
    write_bundle(make_bundle(manifest, contents), tmp_path / "small.edge")
    build = tmp_path / "build"
    (build / "test").mkdir(parents=True)
    (build / "candidates").mkdir()
    (build / "candidates" / entry.file).write_bytes(bytes(bundle.files[entry.file]))
    (build / "original.keras").write_bytes(b"a model")
    np.save(build / "test/input_0.npy", np.zeros((4, 4), np.float32))
    np.save(build / "test/output_0.npy", np.eye(2, dtype=np.float32)[[0, 1, 1, 1]])
    np.save(build / "test/targets.npy", np.array([0, 1, 1, 0]))
    (build / "record.json").write_text(json.dumps(_record(build)))
    return tmp_path / "small.edge"


def _record(build: Path) -> dict[str, object]:
    files = [one for one in build.rglob("*") if one.is_file()]
    return {
        "version": 2,
        "name": "small",
        "candidates": [one.name for one in files if one.parent.name == "candidates"],
        "files": {
            one.relative_to(build).as_posix(): hashlib.sha256(one.read_bytes()).hexdigest()
            for one in files
        },
        "inputs": [{"name": "features", "dtype": "float32", "shape": ["batch", 4]}],
        "outputs": [{"name": "scores", "dtype": "float32", "shape": ["batch", 2]}],
        "input_nodes": [],
        "output_nodes": [],
        "scopes": {},
        "sets": SETS,
    }


def test_the_original_has_the_score_of_its_own_answers(built: Path) -> None:
    original = left_original(built)

    assert original is not None
    assert original.path == built.parent / "build" / "original.keras"
    assert original.score is not None
    assert (original.score.metric, original.score.value) == ("accuracy", 0.75)
    assert original.score.n_samples == 4


def test_a_build_of_another_bundle_of_the_same_name_is_not_taken(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = built.parent / "build"
    [candidate] = (build / "candidates").iterdir()
    candidate.write_bytes(b"of another build")
    (build / "record.json").unlink()
    (build / "record.json").write_text(json.dumps(_record(build)))

    assert left_original(built) is None
    assert capsys.readouterr().err == (
        f"{build / 'original.keras'} is of another bundle; give --against\n"
    )


def test_a_bundle_that_was_renamed_keeps_its_build(built: Path) -> None:
    record = built.parent / "build" / "record.json"
    record.write_text(record.read_text().replace('"small"', '"large"'))

    assert left_original(built) is not None


def test_the_score_stands_beside_the_original_alone(tmp_path: Path) -> None:
    comparison = Comparison(
        bundle="digits",
        identity="0" * 64,
        host=this_host(),
        versions={},
        plan=Plan(),
        n_threads=1,
        n_available_threads=1,
        load=Load(start=None, end=None),
        subjects=(
            Subject(name="model.onnx", size_bytes=1),
            Subject(
                name="keras call", kind=SubjectKind.KERAS, style=CallStyle.CALL, size_bytes=1
            ),
        ),
    )

    with_score = scored(comparison, LeftOriginal(tmp_path / "original.keras", SCORE))

    assert [one.score for one in with_score.subjects] == [None, SCORE]
