"""Tables become rows as the app will hand them in."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
import pytest

from edgesmith.config import SplitConfig, TableSource
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Dataset

CSV = "size,colour,label\n1.5,red,a\n,blue,b\n3,NA,a\n"


def load(path: Path, *, task: Task = Task.CLASSIFICATION, **options: object) -> Dataset:
    split = options.pop("split", SplitConfig.model_validate({}))
    source = TableSource.model_validate(
        {"kind": "table", "path": path, "target": "label", **options}, strict=False
    )
    return load_dataset(source, split=split, task=task)  # pyright: ignore[reportArgumentType]


def written(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_csv_cells_stay_text_and_blanks_are_none(tmp_path: Path) -> None:
    dataset = load(written(tmp_path, CSV))

    table = dataset.samples.read(np.array([2, 1]))["row"]

    assert table == {"size": ["3", None], "colour": ["NA", "blue"]}
    assert dataset.targets.tolist() == ["a", "b", "a"]
    assert dataset.raw_inputs[0].kind is Kind.TABLE
    assert "size, colour" in dataset.raw_inputs[0].accepts


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", CSV.replace(",", "\t").encode()),
        ("t.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("t.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("t.csv", CSV.replace("\n", "\r\n").encode()),
    ],
)
def test_other_writings_of_the_same_table_read_alike(
    tmp_path: Path, name: str, content: bytes
) -> None:
    dataset = load(written(tmp_path, content, name))

    assert dataset.samples.read(np.arange(3))["row"] == {
        "size": ["1.5", None, "3"],
        "colour": ["red", "blue", "NA"],
    }


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"n": [1, 2], "b": [True, None], "label": [1.0, 2.0]}).write_parquet(path)

    dataset = load(path)

    assert dataset.samples.read(np.arange(2))["row"] == {"n": [1, 2], "b": [True, None]}
    assert dataset.targets.tolist() == ["1", "2"]


def test_features_leave_out_target_split_group_and_dropped_columns(tmp_path: Path) -> None:
    content = "a,b,part,person,label\n1,2,train,x,u\n3,4,test,y,v\n"
    split = SplitConfig.model_validate({"column": "part", "group": "person"})

    dataset = load(written(tmp_path, content), drop=("b",), split=split)

    assert list(dataset.samples.read(np.arange(1))["row"]) == ["a"]
    assert dataset.splits.tolist() == ["train", "test"]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == ["x", "y"]


def test_missing_targets_are_none_or_nan(tmp_path: Path) -> None:
    path = written(tmp_path, "a,label\n1,2\n2,\n3,?\n")

    classes, values = load(path), load(path, task=Task.REGRESSION)

    assert classes.targets.tolist() == ["2", None, None]
    np.testing.assert_array_equal(values.targets, [2.0, np.nan, np.nan])


def test_equal_rows_have_equal_keys_whatever_their_target(tmp_path: Path) -> None:
    samples = load(written(tmp_path, "a,b,label\n1,x,u\n1,x,v\n1,y,u\n")).samples

    assert samples.key(0) == samples.key(1)
    assert samples.key(0) != samples.key(2)
    assert samples.place(2) == "t.csv, row 2"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "t.csv: the file is empty"),
        ("t.csv", b"a,label\n", "t.csv: a header and no rows"),
        ("t.csv", b"\r\n \n", "t.csv: nothing but blanks"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\0\0", "t.csv: not a text table: it holds zero bytes"),
        ("t.csv", b"a,label\n\xff\xfe,1\n", "t.csv: not readable as a table of UTF-8 text"),
        (
            "t.csv",
            b"a,label\n1,2,3\n",
            "t.csv: not readable as a table of UTF-8 text: row 0 has 3 cells, the header has 2",
        ),
        ("t.csv", b"a,a,label\n1,2,3\n", "t.csv: the header has 'a' twice; rename one"),
        (
            "t.csv",
            gzip.compress(b"a", mtime=0),
            "t.csv: its content is gzip; unpack it, or name it t.csv.gz",
        ),
        ("t.csv.gz", b"a,label\n1,2\n", "t.csv.gz: named .gz, but its content is not gzip"),
        (
            "t.csv.gz",
            gzip.compress(b"a,b\n" * 99, mtime=0)[:-9],
            "t.csv.gz: damaged gzip content",
        ),
        (
            "t.parquet",
            b"a,label\n",
            "t.parquet: named .parquet, but its content is not Parquet",
        ),
        ("t.parquet", b"PAR1 and more", "t.parquet: not readable as Parquet"),
        ("t.xls", b"a,label\n", "t.xls: expected a table named .csv, .tsv or .parquet"),
        ("t.csv", b"a,labels\n1,2\n", "there is no column 'label'; did you mean 'labels'?"),
        (
            "t.csv",
            b"a;label\n1;2\n",
            "the header is the one column 'a;label': set source.separator",
        ),
        ("t.csv", b"label\n1\n", "t.csv: no column is left to learn from"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = written(tmp_path, content, name)

    with pytest.raises(DataError) as caught:
        load(path)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: there is no such file"):
        load(tmp_path / "none.csv")


def test_another_separator_can_be_set(tmp_path: Path) -> None:
    dataset = load(written(tmp_path, "a;label\n1,5;u\n"), separator=";")

    assert dataset.samples.read(np.arange(1))["row"] == {"a": ["1,5"]}


@pytest.mark.parametrize("key", ["drop", "features", "categories"])
def test_an_unknown_column_is_named_with_the_closest(tmp_path: Path, key: str) -> None:
    path = written(tmp_path, CSV)

    with pytest.raises(DataError, match="there is no column 'color'; did you mean 'colour'"):
        load(path, **cast("Any", {key: ("color",)}))


def test_the_target_is_no_feature(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.features: 'label' is the target"):
        load(written(tmp_path, CSV), features=("size", "label"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("size",)}, "source.features: 'size' is in source.drop, too; keep one"),
        (
            {"split": SplitConfig.model_validate({"group": "size"})},
            "source.features: 'size' is for the split, too; keep one",
        ),
    ],
)
def test_what_is_left_out_is_no_feature(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, CSV), features=("size", "colour"), **options)

    assert str(caught.value) == message


def test_a_text_is_no_target_of_a_regression(tmp_path: Path) -> None:
    path = written(tmp_path, "a,label\n1,2\n2,high\n")

    with pytest.raises(DataError, match=r"row 1: expected a number as the target, got 'high'"):
        load(path, task=Task.REGRESSION)


def test_a_list_in_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"n": [[1], [2]], "label": ["a", "b"]}).write_parquet(path)

    with pytest.raises(
        DataError,
        match=r"column 'n': expected numbers, texts, booleans or dates, got .*; add it to source\.drop",
    ):
        load(path)


def test_a_list_in_parquet_can_be_dropped(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"n": [[1], [2]], "a": [1, 2], "label": ["a", "b"]}).write_parquet(path)

    dataset = load(path, drop=("n",))

    assert dataset.samples.read(np.arange(2))["row"] == {"a": [1, 2]}


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    first = load(written(tmp_path, CSV, "a.csv")).provenance.sha256
    same = load(written(tmp_path, CSV, "b.csv")).provenance.sha256
    other = load(written(tmp_path, CSV.replace("1.5", "1.6"), "c.csv")).provenance.sha256

    assert first == same
    assert first != other
