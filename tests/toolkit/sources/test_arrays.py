"""Arrays in .npy and .npz files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.config import ArraySource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset

SAMPLES = np.arange(12, dtype=np.float32).reshape(4, 3)
TARGETS = np.array([0, 1, 1, 0])


def load(path: Path, *, task: Task = Task.CLASSIFICATION, **options: object) -> Dataset:
    source = ArraySource.model_validate({"kind": "arrays", "path": path, **options})
    return load_dataset(source, split=SplitConfig.model_validate({}), task=task)


def saved(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def test_npy_and_npz_give_the_same_samples(tmp_path: Path) -> None:
    npy = saved(tmp_path / "x.npy", SAMPLES)
    npz = tmp_path / "x.npz"
    np.savez(npz, samples=SAMPLES, targets=TARGETS)

    from_npy = load(npy, targets=saved(tmp_path / "y.npy", TARGETS))
    from_npz = load(npz)

    for dataset in (from_npy, from_npz):
        read = dataset.samples.read(np.array([3, 1]))["tensor"]
        np.testing.assert_array_equal(read, SAMPLES[[3, 1]])
        assert dataset.targets.tolist() == ["0", "1", "1", "0"]
        assert dataset.raw_inputs[0].accepts == "an array of numbers (3,)"


def test_a_second_pair_is_the_test_split(tmp_path: Path) -> None:
    x, y = saved(tmp_path / "x.npy", SAMPLES), saved(tmp_path / "y.npy", TARGETS)

    dataset = load(x, targets=y, test_path=x, test_targets=y)

    assert dataset.splits.tolist() == ["train"] * 4 + ["test"] * 4
    assert dataset.samples.key(1) == dataset.samples.key(5)


def test_images_are_named_so(tmp_path: Path) -> None:
    images = np.zeros((4, 5, 5), np.uint8)
    x, y = saved(tmp_path / "x.npy", images), saved(tmp_path / "y.npy", TARGETS)

    dataset = load(x, targets=y, holds="image")

    assert dataset.raw_inputs[0].kind is Kind.IMAGE


def test_float_targets_of_a_regression_stay(tmp_path: Path) -> None:
    values = np.array([[0.5], [np.nan], [2.0], [3.0]])
    x, y = saved(tmp_path / "x.npy", SAMPLES), saved(tmp_path / "y.npy", values)

    dataset = load(x, targets=y, task=Task.REGRESSION)

    np.testing.assert_array_equal(dataset.targets, [0.5, np.nan, 2.0, 3.0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello there", "x.npy: not readable as an .npy array of numbers"),
        (b"", "x.npy: the file is empty"),
    ],
)
def test_what_is_no_npy_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)

    with pytest.raises(DataError, match=message):
        load(path, targets=path)


def test_objects_are_refused(tmp_path: Path) -> None:
    x = saved(tmp_path / "x.npy", np.array([{}, {}], object))

    with pytest.raises(DataError, match=r"x\.npy: not readable as an \.npy array of numbers"):
        load(x, targets=x)


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"PK\x03\x04 broken")

    with pytest.raises(DataError, match=r"x\.npz: not readable as an \.npz of numbers"):
        load(path)


def test_an_unknown_member_is_named_with_the_known(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=SAMPLES, targets=TARGETS)

    with pytest.raises(
        DataError, match=r"no array 'samples'; set source\.samples_key; known: x, t"
    ):
        load(path)


def test_targets_must_be_as_many(tmp_path: Path) -> None:
    x, y = saved(tmp_path / "x.npy", SAMPLES), saved(tmp_path / "y.npy", TARGETS[:3])

    with pytest.raises(DataError, match=r"y\.npy: expected 4 targets, one a sample, got 3"):
        load(x, targets=y)


def test_one_hot_targets_are_refused_with_the_cure(tmp_path: Path) -> None:
    x, y = saved(tmp_path / "x.npy", SAMPLES), saved(tmp_path / "y.npy", np.eye(4))

    with pytest.raises(DataError, match=r"shape \(n,\), got \(4, 4\); for one-hot .* argmax"):
        load(x, targets=y)


def test_an_npy_needs_its_targets(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.targets: missing; the targets of x\.npy"):
        load(saved(tmp_path / "x.npy", SAMPLES))


def test_parts_must_agree_in_shape(tmp_path: Path) -> None:
    x, y = saved(tmp_path / "x.npy", SAMPLES), saved(tmp_path / "y.npy", TARGETS)
    other = saved(tmp_path / "z.npy", SAMPLES[:, :2])

    with pytest.raises(DataError, match=r"z\.npy: expected samples of shape \(3,\)"):
        load(x, targets=y, test_path=other, test_targets=y)


def test_classes_may_be_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, samples=np.zeros((2, 3)), targets=np.array([b"cat", "h\u00e4h".encode()]))

    assert load(path).targets.tolist() == ["cat", "h\u00e4h"]


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2\n")

    with pytest.raises(DataError, match=r"x\.csv: expected arrays named \.npy or \.npz"):
        load(path, targets=path)
