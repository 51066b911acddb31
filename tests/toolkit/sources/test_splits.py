"""Given splits come from a column, a file or separate paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from edgesmith.config import SplitConfig
from edgesmith.core import Split
from edgesmith.sources.splits import given_groups, given_splits, splits_of_parts
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_gives_splits_by_row_and_leaves_the_others_open(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("row,split\n3,test\n0,train\n1,Val\n")

    splits = given_splits(
        SplitConfig.model_validate({"file": path}), None, n_samples=4, where="x"
    )

    assert splits.tolist() == ["train", "validation", "", "test"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("4,test", "row 0: expected a row from 0 to 3, got '4'"),
        ("x,test", "row 0: expected a row from 0 to 3, got 'x'"),
        ("1,learn", r"row 0: expected train, validation \(or val\) or test, got 'learn'"),
        ("1,test\n1,train", "row 1: row 1 stands twice"),
    ],
)
def test_a_wrong_line_of_a_split_file_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(f"row,split\n{line}\n")

    with pytest.raises(DataError, match=message):
        given_splits(SplitConfig.model_validate({"file": path}), None, n_samples=4, where="x")


def test_a_column_gives_splits_and_a_blank_leaves_one_open() -> None:
    frame = pl.DataFrame({"part": ["train", None, "test"]})

    splits = given_splits(
        SplitConfig.model_validate({"column": "part"}), frame, n_samples=3, where="x"
    )

    assert splits.tolist() == ["train", "", "test"]


def test_an_unknown_word_in_a_column_names_its_row() -> None:
    frame = pl.DataFrame({"part": ["train", "dev"]})

    with pytest.raises(DataError, match=r"list\.csv, row 1: expected train"):
        given_splits(
            SplitConfig.model_validate({"column": "part"}), frame, n_samples=2, where="list.csv"
        )


def test_a_source_without_columns_cannot_give_a_column_or_a_group() -> None:
    with pytest.raises(ConfigError, match=r"split\.column: this source has no columns"):
        given_splits(
            SplitConfig.model_validate({"column": "part"}), None, n_samples=2, where="x"
        )
    with pytest.raises(ConfigError, match=r"split\.group: this source has no columns"):
        given_groups(SplitConfig.model_validate({"group": "person"}), None, where="x")


def test_separate_parts_are_splits() -> None:
    splits = splits_of_parts(
        SplitConfig.model_validate({}), [(Split.TRAIN, 2), (Split.TEST, 1)], where="x"
    )

    assert splits.tolist() == ["train", "train", "test"]


def test_separate_parts_and_a_file_contradict(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("row,split\n0,test\n")

    with pytest.raises(ConfigError, match="both set; keep one"):
        splits_of_parts(
            SplitConfig.model_validate({"file": path}),
            [(Split.TRAIN, 2), (Split.TEST, 1)],
            where="x",
        )


def test_a_missing_group_is_one_of_its_own() -> None:
    frame = pl.DataFrame({"person": ["ann", None, "ann", None]})

    groups = given_groups(SplitConfig.model_validate({"group": "person"}), frame, where="x")

    assert groups is not None
    assert len(set(groups)) == 3
    assert groups[0] == groups[2]
