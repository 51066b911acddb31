"""A folder of recordings, one sub-folder a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.io import wavfile

from edgesmith.config import AudioFolderSource, ListSource, SplitConfig
from edgesmith.core import Split
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/yes/1.wav", "a/yes/2.WAV", "a/no/1.wav", "b/no/9.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(path, 8000, np.arange(9, dtype=np.int16))
    (tmp_path / "a" / "no" / "notes.txt").write_text("x")
    return tmp_path


def _load(**keys: object) -> Dataset:
    source = AudioFolderSource.model_validate({"kind": "audio_folder", **keys})
    return load_dataset(source, split=SplitConfig(), task=Task.CLASSIFICATION)


def test_sub_folders_name_the_classes(folder: Path) -> None:
    dataset = _load(path=folder / "a", test_path=folder / "b")

    assert dataset.raw_inputs[0].kind is Kind.AUDIO
    assert dataset.targets.tolist() == ["no", "yes", "yes", "no"]
    assert dataset.splits.tolist()[-1] == Split.TEST
    assert dataset.samples.read(np.array([3]))["audio"] == [folder / "b" / "no" / "9.wav"]
    assert dataset.notes == (
        f"{folder / 'a'}: 1 files without a recording's suffix are not used",
    )
    assert dataset.provenance.source == "audio folder a"


def test_a_class_without_recordings_is_named(folder: Path) -> None:
    (folder / "a" / "maybe").mkdir()

    with pytest.raises(DataError, match="maybe: no recordings found for this class"):
        _load(path=folder / "a")


def test_a_list_can_name_recordings(folder: Path) -> None:
    path = folder / "list.csv"
    path.write_text("path,label\na/yes/1.wav,yes\nb/no/9.wav,no\n")
    source = ListSource.model_validate({"kind": "list", "path": path, "holds": "audio"})

    dataset = load_dataset(source, split=SplitConfig(), task=Task.CLASSIFICATION)

    assert dataset.raw_inputs[0].kind is Kind.AUDIO
    assert dataset.samples.read(np.array([1]))["audio"] == [folder / "b" / "no" / "9.wav"]
