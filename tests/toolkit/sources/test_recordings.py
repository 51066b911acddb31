"""Windows of long recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.config import RecordingsSource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset

TABLE = """x,y,who,act,part
1,10,anna,walk,train
2,,anna,walk,train
3,30,anna,walk,train
4,40,anna,run,train
5,50,anna,run,train
6,?,ben,run,test
7,70,ben,run,test
8,80,ben,run,test
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "long.csv"
    path.write_text(TABLE)
    return path


def _load(path: Path, column: str | None = "part", **options: Any) -> Dataset:
    values = {
        "kind": "recordings",
        "path": path,
        "target": "act",
        "recording": "who",
        **options,
    }
    source = RecordingsSource.model_validate(values)
    return load_dataset(source, split=SplitConfig(column=column), task=Task.CLASSIFICATION)


def _read(dataset: Dataset) -> list[list[list[float]]]:
    rows = np.arange(len(dataset.samples))
    return [one.tolist() for one in dataset.samples.read(rows)["series"]]


def test_windows_follow_each_other_within_a_recording(table: Path) -> None:
    dataset = _load(table, length=2, channels=("x",))

    assert _read(dataset) == [[[1], [2]], [[6], [7]]]
    assert dataset.targets.tolist() == ["walk", "run"]
    assert dataset.splits.tolist() == ["train", "test"]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == ["anna", "ben"]
    assert dataset.samples.place(1) == f"{table}, rows 5 to 6"
    assert dataset.notes == (f"{table}: 1 windows with more than one label are not used",)


def test_windows_may_overlap(table: Path) -> None:
    dataset = _load(table, length=2, hop=1, channels=("x",))

    assert [window[0] for window in _read(dataset)] == [[1], [2], [4], [6], [7]]


def test_a_window_of_several_labels_may_take_the_commonest(table: Path) -> None:
    dataset = _load(table, length=5, mixed="most_frequent", channels=("x",))

    assert dataset.targets.tolist() == ["walk"]
    assert dataset.notes == ()


def test_channels_are_the_other_columns_and_gaps_stay(table: Path) -> None:
    dataset = _load(table, length=3)

    np.testing.assert_array_equal(
        _read(dataset), [[[1, 10], [2, np.nan], [3, 30]], [[6, np.nan], [7, 70], [8, 80]]]
    )


def test_windows_that_overlap_without_a_group_are_warned_of(table: Path) -> None:
    dataset = _load(
        table, None, length=2, hop=1, recording=None, channels=("x",), mixed="most_frequent"
    )

    (note,) = dataset.notes
    assert note.startswith(
        f"{table}: windows overlap, and nothing keeps those of one recording"
    )
    assert len(dataset.samples) == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 9}, ": no window of 9 points lies within one recording"),
        (
            {"length": 2, "recording": None, "channels": ("who",)},
            ", row 0: 'who': expected a number, got 'anna'; name the columns to learn from in "
            "source.channels",
        ),
    ],
)
def test_a_table_that_gives_no_windows_is_refused(
    table: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as error:
        _load(table, **options)

    assert str(error.value) == f"{table}{message}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"channels": ("x", "act")},
            "source.channels: 'act' is source.target, which no device knows beforehand; leave it "
            "out",
        ),
        (
            {"channels": ("who",)},
            "source.channels: 'who' is source.recording, which no device knows beforehand; leave "
            "it out",
        ),
        (
            {"channels": ("part", "x")},
            "source.channels: 'part' is split.column, which no device knows beforehand; leave it "
            "out",
        ),
        ({"channels": ("x", "y", "x")}, "source.channels: 'x' stands twice; keep it once"),
        (
            {"length": 5},
            "source.mixed: \"drop\" leaves none of 1 windows, each has several values of 'act'; set "
            'it to "most_frequent", or take a smaller source.length',
        ),
    ],
)
def test_a_setting_that_gives_no_windows_to_learn_from_is_refused(
    table: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        _load(table, **{"length": 2, **options})

    assert str(error.value) == message


def test_a_point_of_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("x,who,act,part\n1,anna,walk,train\n2,,walk,train\n")

    with pytest.raises(DataError, match=r"long\.csv, row 1: the 'who' is missing$"):
        _load(path, length=1)


def test_an_unknown_column_is_named(table: Path) -> None:
    with pytest.raises(DataError, match="'activity'"):
        _load(table, length=2, target="activity")
