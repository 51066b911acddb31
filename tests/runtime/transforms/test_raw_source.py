"""Paths of raw inputs: what is no file is refused before it is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.audio import DecodeAudio
from edgesmith_runtime.transforms.image import DecodeImage
from edgesmith_runtime.transforms.raw_source import content_of
from edgesmith_runtime.transforms.series import ReadSeries

if TYPE_CHECKING:
    from pathlib import Path

READERS = [
    (DecodeImage("grey"), "an image file"),
    (DecodeAudio(8000), "an audio file"),
    (ReadSeries(), "a CSV file"),
]


@pytest.mark.parametrize(("read", "what"), READERS)
def test_a_device_a_pipe_and_a_directory_are_refused(
    read: Any, what: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    for path, kind in (
        (tmp_path / "pipe", "a device or a pipe"),
        ("/dev/zero", "a device or a pipe"),
        (tmp_path / "folder", "a directory"),
    ):
        with pytest.raises(InputError) as caught:
            read([path])
        assert str(caught.value) == f"{path}: expected {what}, got {kind}"


@pytest.mark.parametrize(("read", "what"), READERS)
def test_a_missing_file_is_named(read: Any, what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: there is no such file$"):
        read([tmp_path / "none"])


def test_a_file_beyond_the_limit_is_refused_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.wav"
    with path.open("wb") as stream:
        stream.truncate((1 << 31) + 1)

    with pytest.raises(InputError) as caught:
        DecodeAudio(8000)([path])

    assert str(caught.value) == (
        f"{path}: expected an audio file of at most 2048 MiB, got 2048 MiB"
    )


def test_a_file_is_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")

    assert content_of(str(tmp_path / "a"), "a file", 3) == b"abc"
