"""Series in .ts files as a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.config import SeriesSource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset

TRAIN = "@classLabel true up down\n@data\n1,2,3:up\n3,2:down\n"
TEST = "@classLabel true up down\n@data\n4,5:up\n"


def _load(path: Path, task: Task = Task.CLASSIFICATION, **options: object) -> Dataset:
    source = SeriesSource.model_validate({"kind": "series", "path": path, **options})
    return load_dataset(source, split=SplitConfig(), task=task)


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "tiny_TRAIN.ts"
    path.write_text(TRAIN)
    (tmp_path / "tiny_TEST.ts").write_text(TEST)
    return path


def test_a_case_is_a_sample(train: Path) -> None:
    dataset = _load(train)

    samples = dataset.samples.read(np.array([1, 0]))["series"]
    assert dataset.raw_inputs[0].kind is Kind.SERIES
    assert [one.tolist() for one in samples] == [[[3], [2]], [[1], [2], [3]]]
    assert dataset.targets.tolist() == ["up", "down"]
    assert dataset.samples.place(1) == f"{train}, line 4"
    assert dataset.samples.key(0) != dataset.samples.key(1)


def test_a_second_file_is_the_test_split(train: Path) -> None:
    dataset = _load(train, test_path=train.with_name("tiny_TEST.ts"))

    assert dataset.splits.tolist() == ["train", "train", "test"]
    assert dataset.provenance.sha256 != _load(train).provenance.sha256


def test_targets_of_a_regression_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "tiny.ts"
    path.write_text("@targetLabel true\n@data\n1,2:0.5\n")

    assert _load(path, Task.REGRESSION).targets.tolist() == [0.5]


def test_files_that_differ_in_channels_are_refused(train: Path) -> None:
    other = train.with_name("other.ts")
    other.write_text("@classLabel true up\n@data\n1:2:up\n")

    with pytest.raises(
        DataError,
        match=r"other\.ts, line 3: expected 1 channels as in .*TRAIN\.ts, line 3, got 2$",
    ):
        _load(train, test_path=other)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "n_train", "n_test", "length"),
    [("GunPoint", 50, 150, 150), ("ItalyPowerDemand", 67, 1029, 24)],
)
def test_sets_of_the_archive_have_their_sizes(
    data_dir: Path, name: str, n_train: int, n_test: int, length: int
) -> None:
    folder = data_dir / "timeseries" / name

    dataset = _load(folder / f"{name}_TRAIN.ts", test_path=folder / f"{name}_TEST.ts")

    assert np.unique(dataset.splits, return_counts=True)[1].tolist() == [n_test, n_train]
    shapes = {
        one.shape for one in dataset.samples.read(np.arange(len(dataset.samples)))["series"]
    }
    assert shapes == {(length, 1)}
