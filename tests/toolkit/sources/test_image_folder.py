"""A folder of images, one sub-folder a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from edgesmith.config import ImageFolderSource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset


def image(path: Path, level: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((3, 4), level, np.uint8)).save(path)
    return path


def load(path: Path, **options: Path) -> Dataset:
    source = ImageFolderSource.model_validate({"kind": "image_folder", "path": path, **options})
    return load_dataset(source, split=SplitConfig.model_validate({}), task=Task.CLASSIFICATION)


def test_classes_and_files_come_in_natural_order(tmp_path: Path) -> None:
    for name in ("10/a2.png", "10/a10.png", "2/deep/b.png"):
        image(tmp_path / name, 1)

    dataset = load(tmp_path)
    paths = dataset.samples.read(np.arange(3))["image"]

    assert dataset.targets.tolist() == ["2", "10", "10"]
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "2/deep/b.png",
        "10/a2.png",
        "10/a10.png",
    ]


def test_further_folders_are_splits(tmp_path: Path) -> None:
    for part in ("one", "two", "three"):
        image(tmp_path / part / "c" / "x.png", 1)

    dataset = load(
        tmp_path / "one", validation_path=tmp_path / "two", test_path=tmp_path / "three"
    )

    assert dataset.splits.tolist() == ["train", "validation", "test"]


def test_files_that_are_no_images_are_counted_and_hidden_ones_are_not(tmp_path: Path) -> None:
    image(tmp_path / "c" / "x.png", 1)
    (tmp_path / "c" / "notes.txt").write_text("n")
    (tmp_path / "c" / ".hidden").write_text("h")

    dataset = load(tmp_path)

    assert len(dataset.samples) == 1
    assert dataset.notes == (f"{tmp_path}: 1 files without an image's suffix are not used",)


def test_the_hash_knows_names_and_content_and_not_the_place(tmp_path: Path) -> None:
    image(tmp_path / "one" / "c" / "x.png", 1)
    image(tmp_path / "two" / "c" / "x.png", 1)
    image(tmp_path / "three" / "c" / "x.png", 2)
    image(tmp_path / "four" / "d" / "x.png", 1)

    hashes = [
        load(tmp_path / name).provenance.sha256 for name in ("one", "two", "three", "four")
    ]

    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_equal_files_have_equal_keys(tmp_path: Path) -> None:
    image(tmp_path / "c" / "x.png", 1)
    image(tmp_path / "c" / "y.png", 1)
    image(tmp_path / "d" / "z.png", 2)

    samples = load(tmp_path).samples

    assert samples.key(0) == samples.key(1)
    assert samples.key(0) != samples.key(2)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: there is no such folder"):
        load(tmp_path / "none")


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    image(tmp_path / "x.png", 1)

    with pytest.raises(DataError, match="expected one sub-folder a class, found none"):
        load(tmp_path)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    image(tmp_path / "c" / "x.png", 1)
    (tmp_path / "d").mkdir()

    with pytest.raises(DataError, match="d: no images found for this class"):
        load(tmp_path)


def test_folders_of_splits_are_not_taken_for_classes(tmp_path: Path) -> None:
    image(tmp_path / "train" / "c" / "x.png", 1)
    image(tmp_path / "test" / "c" / "x.png", 1)

    with pytest.raises(DataError, match="are splits, not classes"):
        load(tmp_path)


def test_images_in_hidden_folders_are_no_samples(tmp_path: Path) -> None:
    image(tmp_path / "c" / "x.png", 1)
    image(tmp_path / "c" / ".ipynb_checkpoints" / "x-checkpoint.png", 1)

    assert len(load(tmp_path).samples) == 1


def test_files_beside_the_classes_are_counted(tmp_path: Path) -> None:
    image(tmp_path / "c" / "x.png", 1)
    image(tmp_path / "y.png", 1)
    (tmp_path / ".hidden").write_text("h")

    dataset = load(tmp_path)

    assert dataset.targets.tolist() == ["c"]
    assert dataset.notes == (f"{tmp_path}: 1 files beside the sub-folders are of no class",)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = image(tmp_path / "x.png", 1)

    with pytest.raises(DataError, match=r"x\.png: expected a folder, got a file"):
        load(path)
