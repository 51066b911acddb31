"""Tables of texts become texts, one a sample."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesmith.config import SplitConfig, TextSource
from edgesmith.core import Dataset, Split
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import Kind, Task

CSV = 'text,label\n"Good, day",a\n,b\n🙂,a\n'


def _load(path: Path, *, task: Task = Task.CLASSIFICATION, **options: Any) -> Dataset:
    split = SplitConfig.model_validate(options.pop("split", {}), strict=False)
    values = {"kind": "text", "path": path, "text": "text", "target": "label", **options}
    return load_dataset(TextSource.model_validate(values, strict=False), split=split, task=task)


def _written(folder: Path, content: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def _texts(dataset: Dataset) -> list[str]:
    return list(dataset.samples.read(np.arange(len(dataset.samples)))["text"])


def test_a_cell_is_a_text_and_a_blank_one_the_empty_text(tmp_path: Path) -> None:
    dataset = _load(_written(tmp_path, CSV))

    assert _texts(dataset) == ["Good, day", "", "🙂"]
    assert dataset.targets.tolist() == ["a", "b", "a"]
    assert [(raw.name, raw.kind) for raw in dataset.raw_inputs] == [("text", Kind.TEXT)]


def test_without_quoting_a_quotation_mark_is_part_of_the_text(tmp_path: Path) -> None:
    path = _written(
        tmp_path, 'label\ttext\na\t"Open and not closed\nb\tShe said "no"\n', "t.tsv"
    )

    dataset = _load(path, quoting=False)

    assert _texts(dataset) == ['"Open and not closed', 'She said "no"']
    assert dataset.targets.tolist() == ["a", "b"]


def test_a_long_row_is_named_without_quoting_too(tmp_path: Path) -> None:
    path = _written(tmp_path, 'label,text\na,"x\nb,one,two\n')

    with pytest.raises(DataError, match=r"row 1 has 3 cells, the header has 2$"):
        _load(path, quoting=False)


def test_a_separator_can_be_given(tmp_path: Path) -> None:
    dataset = _load(_written(tmp_path, "text;label\na, b;c\n"), separator=";")

    assert _texts(dataset) == ["a, b"]


def test_a_second_file_is_the_test_split(tmp_path: Path) -> None:
    path, test_path = _written(tmp_path, CSV), _written(tmp_path, "label,text\nb,x\n", "u.csv")

    dataset = _load(path, test_path=test_path)

    assert dataset.splits.tolist() == [Split.TRAIN] * 3 + [Split.TEST]
    assert _texts(dataset)[3] == "x"
    assert dataset.samples.place(2) == "t.csv, row 2"
    assert dataset.samples.place(3) == "u.csv, row 0"
    assert dataset.provenance.source == "text t.csv and u.csv"


def test_a_split_file_counts_rows_from_0(tmp_path: Path) -> None:
    split = _written(tmp_path, "row,split\n0,test\n2,train\n", "split.csv")

    dataset = _load(_written(tmp_path, CSV), split={"file": split})

    assert dataset.splits.tolist() == ["test", "", "train"]


def test_columns_can_say_splits_and_groups(tmp_path: Path) -> None:
    path = _written(tmp_path, "text,label,part,who\nx,a,train,p\ny,b,test,q\n")

    dataset = _load(path, split={"column": "part", "group": "who"})

    assert dataset.splits.tolist() == ["train", "test"]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == ["p", "q"]


def test_equal_texts_have_equal_keys(tmp_path: Path) -> None:
    samples = _load(_written(tmp_path, "text,label\nx,a\ny,b\nx,b\n")).samples

    assert samples.key(0) == samples.key(2) != samples.key(1)


def test_a_regression_has_numbers(tmp_path: Path) -> None:
    dataset = _load(_written(tmp_path, "text,label\nx,1.5\ny,\n"), task=Task.REGRESSION)

    np.testing.assert_array_equal(dataset.targets, [1.5, np.nan])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"text": "txt"}, DataError, "there is no column 'txt'; did you mean 'text'\\?$"),
        ({"target": "text"}, ConfigError, "^source.target: 'text' is the text; name another"),
    ],
)
def test_a_wrong_column_is_named(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _load(_written(tmp_path, CSV), **options)


def test_a_column_of_splits_and_a_second_file_are_one_too_many(tmp_path: Path) -> None:
    path = _written(tmp_path, CSV)

    with pytest.raises(ConfigError, match=r"^split\.column and source\.test_path are both set"):
        _load(path, test_path=path, split={"column": "label"})


@pytest.mark.data
def test_the_rows_of_sms_spam_are_its_lines() -> None:
    folder = Path(os.environ.get("EDGESMITH_DATA", "")) / "sms_spam"
    if "EDGESMITH_DATA" not in os.environ:
        pytest.skip("EDGESMITH_DATA is not set")
    path = folder / "SMSSpamCollection.tsv"

    dataset = _load(
        path, text="SMS", target="Label", quoting=False, split={"file": folder / "split.csv"}
    )

    lines = path.read_text("utf-8").splitlines()[1:]
    rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [(row[0], row[1]) for row in rows] == list(
        zip(dataset.targets.tolist(), _texts(dataset), strict=True)
    )
    assert (dataset.splits == "test").sum() == 1133
