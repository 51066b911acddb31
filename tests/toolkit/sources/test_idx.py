"""IDX files, plain and packed."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith.config import IdxSource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith.sources.idx import read_idx
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def source_of(**paths: Path) -> IdxSource:
    return IdxSource.model_validate({"kind": "idx", **paths})


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_images_and_labels_are_read(tmp_path: Path, suffix: str) -> None:
    pack = gzip.compress if suffix else bytes
    images, labels = tmp_path / f"images{suffix}", tmp_path / f"labels{suffix}"
    images.write_bytes(pack(idx(PIXELS)))
    labels.write_bytes(pack(idx(np.array([7, 3]))))

    dataset = load_dataset(
        source_of(images=images, labels=labels, test_images=images, test_labels=labels),
        split=SplitConfig.model_validate({}),
        task=Task.CLASSIFICATION,
    )

    np.testing.assert_array_equal(
        dataset.samples.read(np.array([3, 0]))["image"], [PIXELS[1], PIXELS[0]]
    )
    assert dataset.targets.tolist() == ["7", "3", "7", "3"]
    assert dataset.splits.tolist() == ["train", "train", "test", "test"]
    assert dataset.samples.key(0) == dataset.samples.key(2)
    assert dataset.samples.place(3) == f"{images}, sample 1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(PIXELS[0]), "expected the magic number 00000803, got 00000802"),
        (b"\x89PNG\r\n\x1a\n", "expected the magic number 00000803, got 89504e47"),
        (idx(PIXELS)[:9], "cut off within its header"),
        (idx(PIXELS)[:-1], r"its header says 24 values of shape \(2, 3, 4\), it holds 23"),
        (idx(PIXELS) + b"x", r"its header says 24 values of shape \(2, 3, 4\), it holds more"),
        (idx(PIXELS[:0]), r"its header says a shape of \(0, 3, 4\)"),
        (b"", "the file is empty"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_is_no_idx_of_images_is_refused(
    tmp_path: Path, suffix: str, content: bytes, message: str
) -> None:
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(content, mtime=0) if suffix and content else content)

    with pytest.raises(DataError, match=message):
        read_idx(path, n_axes=3)


@given(content=st.binary(max_size=40))
def test_any_bytes_give_an_array_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("idx") / "images"
    path.write_bytes(b"\0\0\x08\x03" + content)

    outcome = _outcome(path)

    assert str(path) in outcome if isinstance(outcome, str) else outcome


def _outcome(path: Path) -> str | bool:
    """The message of the error, or whether the array is of the shape that it claims."""
    try:
        rows = read_idx(path, n_axes=3)
    except DataError as error:
        return str(error)
    return rows.read(np.arange(rows.shape[0])).shape == rows.shape


def test_labels_and_images_differ_in_number(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx(PIXELS))
    (tmp_path / "labels").write_bytes(idx(np.array([1])))
    source = source_of(images=tmp_path / "images", labels=tmp_path / "labels")

    with pytest.raises(DataError, match="labels: expected 2 labels, one an image, got 1"):
        load_dataset(source, split=SplitConfig.model_validate({}), task=Task.CLASSIFICATION)


def test_test_images_need_test_labels(tmp_path: Path) -> None:
    source = source_of(images=tmp_path, labels=tmp_path, test_images=tmp_path)

    with pytest.raises(ConfigError, match="set both or none"):
        load_dataset(source, split=SplitConfig.model_validate({}), task=Task.CLASSIFICATION)
