"""A list file over a folder or a zip."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from edgesmith.config import ListSource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Kind, Task
from edgesmith_runtime.transforms.series import ReadSeries

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset

LIST = "path,label,part\nb/2.png,dog,test\na/1.png,cat,train\n"


def png(level: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((2, 2), level, np.uint8)).save(stream, "png")
    return stream.getvalue()


def load(path: Path, **options: object) -> Dataset:
    source = ListSource.model_validate({"kind": "list", "path": path, **options})
    return load_dataset(
        source, split=SplitConfig.model_validate({"column": "part"}), task=Task.CLASSIFICATION
    )


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    for name, level in (("a/1.png", 1), ("b/2.png", 2)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(png(level))
    path = tmp_path / "list.csv"
    path.write_text(LIST)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a/1.png", png(1))
        made.writestr("b/2.png", png(2))
    return path


def test_files_are_handed_on_as_paths(listed: Path) -> None:
    dataset = load(listed)

    assert dataset.samples.read(np.array([0]))["image"] == [listed.parent / "b" / "2.png"]
    assert dataset.targets.tolist() == ["dog", "cat"]
    assert dataset.splits.tolist() == ["test", "train"]


def test_members_of_a_zip_are_handed_on_as_bytes(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST)

    dataset = load(path, base=archive)

    assert dataset.samples.read(np.array([1]))["image"] == [png(1)]
    assert dataset.samples.place(1) == f"{archive}: a/1.png"


def test_a_folder_and_a_zip_of_the_same_files_have_the_same_keys(
    listed: Path, archive: Path
) -> None:
    folder, zipped = load(listed), load(listed, base=archive)

    assert folder.samples.key(0) == zipped.samples.key(0)
    assert folder.provenance.sha256 == zipped.provenance.sha256


def test_arrays_can_be_listed(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(6.0).reshape(2, 3))
    path = tmp_path / "list.csv"
    path.write_text("path,label,part\nx.npy,up,train\n")

    dataset = load(path, holds="tensor")

    (array,) = dataset.samples.read(np.array([0]))["tensor"]
    np.testing.assert_array_equal(array, np.arange(6.0).reshape(2, 3))
    assert dataset.raw_inputs[0].accepts == "an array of numbers (2, 3)"


def test_a_file_that_is_not_there_is_named_with_its_row(listed: Path) -> None:
    (listed.parent / "a" / "1.png").unlink()

    with pytest.raises(DataError, match=r"list\.csv, row 1: there is no file .*1\.png"):
        load(listed)


def test_a_missing_path_is_named(listed: Path) -> None:
    listed.write_text("path,label,part\n,dog,test\n")

    with pytest.raises(DataError, match=r"list\.csv, row 0: the 'path' is missing"):
        load(listed)


def test_a_member_that_is_not_there_is_named(listed: Path, archive: Path) -> None:
    listed.write_text("path,label,part\nc/3.png,dog,test\n")

    with pytest.raises(DataError, match=r"images\.zip: there is no member 'c/3\.png'"):
        load(listed, base=archive)


def test_what_is_no_zip_is_refused(listed: Path, archive: Path) -> None:
    archive.write_bytes(b"not a zip")

    with pytest.raises(DataError, match=r"images\.zip: not readable as a zip archive"):
        load(listed, base=archive)


def test_a_text_named_npy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_text("words")
    path = tmp_path / "list.csv"
    path.write_text("path,label,part\nx.npy,up,train\n")

    with pytest.raises(DataError, match=r"x\.npy: not an \.npy array of numbers"):
        load(path, holds="tensor")


def test_a_damaged_member_is_told_when_it_is_read(listed: Path, archive: Path) -> None:
    content = archive.read_bytes()
    first = png(1)
    archive.write_bytes(content.replace(first, first[:-1] + b"!", 1))

    samples = load(listed, base=archive).samples

    assert samples.read(np.array([0]))["image"] == [png(2)]
    with pytest.raises(DataError, match=r"images\.zip: a/1\.png: cannot be read: Bad CRC-32"):
        samples.read(np.array([1]))


def test_a_file_is_no_base(listed: Path) -> None:
    with pytest.raises(DataError, match=r"list\.csv: expected a folder, got a file"):
        load(listed, base=listed)


@pytest.mark.parametrize("is_archive", [False, True])
def test_series_are_handed_on_as_files(tmp_path: Path, *, is_archive: bool) -> None:
    path = tmp_path / "list.csv"
    path.write_text("path,label,part\na.csv,cat,train\nb.csv,dog,test\n")
    contents = {"a.csv": "x,y\n1,2\n3,4\n", "b.csv": "5,6\n"}
    with zipfile.ZipFile(tmp_path / "series.zip", "w") as archive:
        for name, content in contents.items():
            (tmp_path / name).write_text(content)
            archive.writestr(name, content)

    dataset = load(
        path, holds="series", base=tmp_path / "series.zip" if is_archive else tmp_path
    )

    raws = dataset.samples.read(np.array([1, 0]))["series"]
    assert dataset.raw_inputs[0].kind is Kind.SERIES
    assert [one.tolist() for one in ReadSeries(channels=2)(raws)] == [
        [[5, 6]],
        [[1, 2], [3, 4]],
    ]
