from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.packing.record import (
    ORIGINAL,
    SampleSet,
    leave,
    leave_candidates,
    read_record,
)
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.core import Candidate
    from edgesmith.reference import Reference


def _batches(images: NDArray[np.float32]) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, len(images), 3):
        yield {"image": images[start : start + 3]}


@pytest.fixture
def left(
    tmp_path: Path,
    reference: Reference,
    candidates: tuple[Candidate, ...],
    images: NDArray[np.float32],
) -> Path:
    (tmp_path / ORIGINAL).write_bytes(b"keras")
    leave(
        tmp_path,
        name="digits",
        reference=reference,
        candidates=candidates,
        sets={
            "calibration": SampleSet(n_samples=2, batches=[{"image": images[:2]}]),
            "test": SampleSet(
                n_samples=7,
                batches=_batches(images),
                outputs=reference.run({"image": images}),
                targets=np.arange(7) % 3,
            ),
        },
    )
    return tmp_path


def test_what_was_left_is_found(
    left: Path,
    reference: Reference,
    candidates: tuple[Candidate, ...],
    images: NDArray[np.float32],
) -> None:
    record = read_record(left)

    test = record.sets["test"]
    assert (record.name, record.signature) == ("digits", reference.signature)
    assert record.original == left / ORIGINAL
    graph = reference.freeze()
    assert record.graph is not None
    assert record.graph.read_bytes() == graph.content
    assert (record.input_nodes, record.output_nodes) == (graph.input_nodes, graph.output_nodes)
    assert {file: path.read_bytes() for file, path in record.candidates.items()} == {
        one.artifact.file: one.artifact.content for one in candidates
    }
    assert (test.n_samples, record.sets["calibration"].n_samples) == (7, 2)
    np.testing.assert_array_equal(np.load(test.tensors["image"], mmap_mode="r"), images)
    np.testing.assert_array_equal(
        np.load(test.outputs["digit"]), reference.run({"image": images})["digit"]
    )
    assert test.targets is not None
    np.testing.assert_array_equal(np.load(test.targets), np.arange(7) % 3)
    assert record.sets["calibration"].targets is None


def test_a_model_that_keras_cannot_save_has_no_original(
    tmp_path: Path, reference: Reference
) -> None:
    leave(tmp_path, name="n", reference=reference, candidates=(), sets={})

    assert read_record(tmp_path).original is None


@pytest.mark.parametrize(
    "name",
    [ORIGINAL, "original.pb", "candidates/model.onnx", "test/input_0.npy", "test/targets.npy"],
)
def test_a_changed_file_is_named(left: Path, name: str) -> None:
    content = bytearray((left / name).read_bytes())
    content[-1] ^= 1
    (left / name).write_bytes(content)

    with pytest.raises(BundleError, match=f"{name}.*was changed since the build: build again"):
        read_record(left)


def test_a_missing_file_is_named(left: Path) -> None:
    (left / "candidates/model.tflite").unlink()

    with pytest.raises(
        BundleError, match=r"model\.tflite: the build left it and it is missing"
    ):
        read_record(left)


def test_a_build_that_did_not_end_has_no_record(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError,
        match=r"expected record\.json of a finished build.*give --original, --samples",
    ):
        read_record(tmp_path)


def test_a_build_that_fails_takes_the_old_record_away(
    left: Path, reference: Reference, images: NDArray[np.float32]
) -> None:
    with pytest.raises(ValueError, match="test: 9 samples announced, 7 came"):
        leave(
            left,
            name="digits",
            reference=reference,
            candidates=(),
            sets={"test": SampleSet(n_samples=9, batches=_batches(images))},
        )

    with pytest.raises(BundleError, match=r"expected record\.json"):
        read_record(left)
    assert np.load(left / "test/input_0.npy").shape == (7, 8, 8, 1)


def test_a_record_of_another_version_is_refused(left: Path) -> None:
    members = json.loads((left / "record.json").read_text())
    (left / "record.json").write_text(json.dumps({**members, "version": 9}))

    with pytest.raises(BundleError, match="expected version 2, got 9; build again"):
        read_record(left)


def test_a_file_that_the_record_does_not_vouch_for_is_refused(left: Path) -> None:
    members = json.loads((left / "record.json").read_text())
    members["sets"]["test"]["targets"] = "../elsewhere.npy"
    (left / "record.json").write_text(json.dumps(members))

    with pytest.raises(BundleError, match=r"'\.\./elsewhere\.npy' is not among the files"):
        read_record(left)


def test_tensors_may_be_called_what_no_file_can_be(
    tmp_path: Path, reference: Reference
) -> None:
    batches = [{"a/b\n": np.ones((2, 3), np.uint8), "..": np.zeros((2,), np.float64)}]

    leave(
        tmp_path,
        name="n",
        reference=reference,
        candidates=(),
        sets={"test": SampleSet(n_samples=2, batches=batches)},
    )

    tensors = read_record(tmp_path).sets["test"].tensors
    np.testing.assert_array_equal(np.load(tensors["a/b\n"]), np.ones((2, 3)))
    assert np.load(tensors[".."]).dtype == np.float64


def test_a_candidate_that_a_killed_run_wrote_and_did_not_list_is_listed(
    left: Path, candidates: tuple[Candidate, ...]
) -> None:
    members = json.loads((left / "record.json").read_text())
    members["candidates"].remove("model.onnx")
    del members["files"]["candidates/model.onnx"]
    (left / "record.json").write_text(json.dumps(members))

    leave_candidates(left, candidates)

    assert set(read_record(left).candidates) == {one.artifact.file for one in candidates}


def test_arrays_of_objects_are_not_written(tmp_path: Path, reference: Reference) -> None:
    targets = SampleSet(n_samples=1, batches=[], targets=np.array([None]))

    with pytest.raises(ValueError, match="expected numbers or texts of a fixed width, got obj"):
        leave(tmp_path, name="n", reference=reference, candidates=(), sets={"test": targets})


def test_samples_and_answers_may_be_dates(tmp_path: Path, reference: Reference) -> None:
    days = np.array(["2024-02-29", "2025-01-01"], "datetime64[D]")
    samples = SampleSet(
        n_samples=2,
        batches=[{"day": days[:1]}, {"day": days[1:]}],
        outputs={"gap": days - days[0]},
        targets=days,
    )

    leave(tmp_path, name="n", reference=reference, candidates=(), sets={"test": samples})

    left = read_record(tmp_path).sets["test"]
    assert left.targets is not None
    np.testing.assert_array_equal(np.load(left.targets), days)
    np.testing.assert_array_equal(np.load(left.tensors["day"]), days)
    np.testing.assert_array_equal(np.load(left.outputs["gap"]), days - days[0])
