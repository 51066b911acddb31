"""Every form in which raw inputs may come, and what is told when they come otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.batches import as_batch, split_inputs
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Kind, RawInput

ROW = RawInput("row", Kind.TABLE, "columns a and b")
PHOTO = RawInput("photo", Kind.IMAGE, "grey images")
TEXT = RawInput("words", Kind.TEXT, "a sentence")


def test_rows_become_columns() -> None:
    batch = as_batch(ROW, [{"a": 1, "b": "x"}, {"b": None, "a": 2.5}])

    assert batch == {"a": [1, 2.5], "b": ["x", None]}


def test_columns_stay_columns() -> None:
    columns = {"a": [1, 2], "b": np.array([3, 4])}

    assert as_batch(ROW, columns) is columns


def test_rows_must_have_the_same_columns() -> None:
    with pytest.raises(
        InputError,
        match=r"'row', row 1: expected the columns of row 0, differs in \['b', 'c'\]; give None",
    ):
        as_batch(ROW, [{"a": 1, "b": 2}, {"a": 1, "c": 3}])


@pytest.mark.parametrize(("row", "got"), [([1, 2], "list"), ("1,2", "str"), (None, "NoneType")])
def test_a_row_is_a_mapping(row: object, got: str) -> None:
    with pytest.raises(
        InputError, match=f"'row', row 1: expected a mapping of column to cell, got {got}"
    ):
        as_batch(ROW, [{"a": 1}, row])


@pytest.mark.parametrize("raw", [PHOTO, TEXT])
def test_a_list_or_tuple_is_a_batch(raw: RawInput) -> None:
    assert as_batch(raw, ("one", "two")) == ["one", "two"]


def test_an_array_is_a_batch_as_it_is() -> None:
    images = np.zeros((2, 3, 3), np.uint8)

    assert as_batch(PHOTO, images) is images


@pytest.mark.parametrize(("raws", "got"), [("a.png", "str"), (7, "int"), ({"a": 1}, "dict")])
def test_one_thing_is_not_a_batch(raws: object, got: str) -> None:
    with pytest.raises(
        InputError,
        match=rf"expected a list with one image a sample \('photo': grey images\), got {got}; "
        "predict takes one, predict_batch a list",
    ):
        as_batch(PHOTO, raws)


def test_a_single_number_is_not_a_batch() -> None:
    with pytest.raises(
        InputError, match=r"'photo': expected an array with the batch as its first axis"
    ):
        as_batch(PHOTO, np.array(7))


def test_one_raw_input_is_not_named() -> None:
    assert split_inputs([PHOTO], ["a.png"]) == {"photo": ["a.png"]}


def test_several_raw_inputs_come_by_sample() -> None:
    samples = [{"photo": "a.png", "row": {"a": 1}}, {"row": {"a": 2}, "photo": "b.png"}]

    split = split_inputs([PHOTO, ROW], samples)

    assert split == {"photo": ["a.png", "b.png"], "row": [{"a": 1}, {"a": 2}]}


def test_several_raw_inputs_come_by_name() -> None:
    split = split_inputs([PHOTO, ROW], {"row": {"a": [1, 2]}, "photo": ["a.png", "b.png"]})

    assert split == {"photo": ["a.png", "b.png"], "row": {"a": [1, 2]}}


@pytest.mark.parametrize(
    ("raws", "message"),
    [
        ([{"row": {}}], r"sample 0: expected the raw inputs \['photo', 'row'\], got \['row'\]"),
        ([7], r"sample 0: expected a mapping of the raw inputs \['photo', 'row'\], got int"),
        ({"photo": []}, r"^expected the raw inputs \['photo', 'row'\], got \['photo'\]"),
        ("x", r"expected a list with one mapping of \['photo', 'row'\] a sample, got str"),
    ],
)
def test_a_raw_input_that_is_absent_is_named(raws: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_inputs([PHOTO, ROW], raws)
