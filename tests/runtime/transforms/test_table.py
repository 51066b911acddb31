"""Tables: strict about what a number is, one text for one value, known categories only."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.dates import Dates
from edgesmith_runtime.transforms.table import (
    Categories,
    FillCategories,
    Numbers,
    OneHot,
    Ordinal,
)
from edgesmith_runtime.transforms.table_texts import ColumnTexts

NAN = float("nan")
INF = float("inf")


def _numbers(values: Any, *markers: str) -> list[float]:
    return Numbers(("age",), (markers,))({"age": values})[:, 0].tolist()


def _number_or_message(text: str) -> float | str:
    try:
        return _numbers([text])[0]
    except InputError as error:
        return str(error)


def _categories(values: Any, *markers: str) -> list[str | None]:
    return Categories(("sex",), (markers,))({"sex": values})[:, 0].tolist()


def _texts(*rows: tuple[str | None, ...]) -> np.ndarray[Any, Any]:
    return np.array(rows, object)


def test_numbers_come_in_the_order_of_the_columns() -> None:
    table = {"a": [1, 2], "other": ["x", "y"], "b": ["3.5", " -4e1 "]}

    numbers = Numbers(("b", "a"), ((), ()))(table)

    np.testing.assert_array_equal(numbers, np.array([[3.5, 1.0], [-40.0, 2.0]]), strict=True)


@pytest.mark.parametrize("value", ["", "  ", None, NAN, "?", " NA ", "nan", np.float32("nan")])
def test_a_missing_number_is_nan(value: object) -> None:
    assert np.isnan(_numbers([value], "?", "NA"))


@pytest.mark.parametrize("values", [[-999], ["-999"], ["-999.0"], [-999.0], np.array([-999])])
def test_a_marker_that_is_a_number_stands_for_the_number(values: Any) -> None:
    assert np.isnan(_numbers(values, "-999"))


@pytest.mark.parametrize(
    "value", [True, np.True_, 1, 1.0, "1", np.int8(1), np.float16(1)], ids=repr
)
def test_every_kind_of_number_is_taken(value: object) -> None:
    assert _numbers([value]) == [1.0]


@given(st.lists(st.one_of(st.floats(allow_infinity=False), st.integers(-(2**53), 2**53))))
def test_lists_texts_and_arrays_give_the_same_numbers(values: list[float]) -> None:
    from_list = _numbers(values, "7")

    np.testing.assert_array_equal(_numbers([repr(value) for value in values], "7"), from_list)
    np.testing.assert_array_equal(_numbers(np.array(values, float), "7"), from_list)


@given(st.text())
def test_a_text_is_a_number_missing_or_refused_by_name(text: str) -> None:
    outcome = _number_or_message(text)

    if isinstance(outcome, str):
        assert outcome.startswith("column 'age': expected a number, got ")
    else:
        assert np.isnan(outcome) or outcome == float(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("abc", "'abc'"),
        ("1_000", "'1_000'"),
        ("1,5", "'1,5'"),
        ("0x10", "'0x10'"),
        ("inf", "'inf'"),
        ("-Infinity", "'-Infinity'"),
        ("1e999", "'1e999'"),
        (INF, "inf"),
        (10**400, "10000.*\\.\\.\\."),
        (b"1", "b'1'"),
        ([1], r"\[1\]"),
        (Fraction(1, 2), r"Fraction\(1, 2\)"),
    ],
)
def test_what_is_no_number_is_refused(value: object, shown: str) -> None:
    message = rf"^column 'age': expected a number or one of the missing markers '\?', 'NA', got {shown}$"

    with pytest.raises(InputError, match=message):
        _numbers([value], "?", "NA")


def test_infinity_in_an_array_is_refused() -> None:
    with pytest.raises(InputError, match=r"^column 'age': expected a number, got -inf$"):
        _numbers(np.array([1.0, -INF]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("male", "male"),
        (" male ", "male"),
        ("3.0", "3.0"),
        (True, "true"),
        ("True", "true"),
        ("FALSE", "false"),
        (np.False_, "false"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (np.int64(3), "3"),
        (np.float32(3), "3"),
        (2.5, "2.5"),
        (1e22, "10000000000000000000000"),
    ],
)
def test_one_value_has_one_text(value: object, text: str) -> None:
    assert _categories([value]) == [text]


@pytest.mark.parametrize("value", ["", "  ", None, NAN, "?", " ?", -1, -1.0, np.float64("nan")])
def test_a_missing_category_is_none(value: object) -> None:
    assert _categories([value], "?", "-1") == [None]


def test_categories_of_arrays_are_those_of_lists() -> None:
    assert _categories(np.array([1.0, NAN, 2.5])) == ["1", None, "2.5"]
    assert _categories(np.array(["a", ""])) == ["a", None]
    assert _categories(np.array([True, False])) == ["true", "false"]


@pytest.mark.parametrize(("value", "shown"), [(INF, "inf"), ([1], r"\[1\]"), (b"a", "b'a'")])
def test_what_has_no_text_is_refused(value: object, shown: str) -> None:
    message = rf"^column 'sex': expected a string, a boolean or a finite number, got {shown}$"

    with pytest.raises(InputError, match=message):
        _categories([value])


@pytest.mark.parametrize("op", [Numbers, Categories])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([{"age": 1}], "expected a table as a mapping of column name to values, got list"),
        ({"Age": [1], "x": [2]}, "column 'age': absent; the closest one given is 'Age'"),
        ({"height": [1], "x": [2]}, "column 'age': absent; given are 'height', 'x'"),
        ({}, "column 'age': absent; given are none"),
        (
            {str(i): [1] for i in range(10)},
            "column 'age': absent; given are '0', .*, '7' and 2 more",
        ),
        ({"age": "34"}, "column 'age': expected a sequence with one value a row, got '34'"),
        ({"age": 34}, "column 'age': expected a sequence with one value a row, got 34"),
        ({"age": np.zeros((1, 1))}, "column 'age': expected a sequence with one value a row"),
        ({"age": [1], "sex": [1, 2]}, "column 'sex': expected 1 values as in 'age', got 2"),
    ],
)
def test_a_table_without_its_columns_is_refused(op: Any, table: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        op(("age", "sex"), ((), ()))(table)


def test_no_rows_are_no_rows() -> None:
    assert Numbers(("a",), ((),))({"a": []}).shape == (0, 1)
    assert Categories(("a",), ((),))({"a": []}).shape == (0, 1)
    assert OneHot((("a", "b"),), "zeros")(np.empty((0, 1), object)).shape == (0, 2)


def test_missing_categories_are_filled_by_column() -> None:
    filled = FillCategories(("x", None))(_texts((None, None), ("a", "b")))

    assert filled.tolist() == [["x", None], ["a", "b"]]


def test_one_hot_is_what_scikit_learn_gives() -> None:
    categories = (("a", "b", "c"), ("x", "y"))
    texts = _texts(("c", "x"), ("a", "nothing"), ("d", "y"))
    known: Any = [list(texts) for texts in categories]
    encoder = OneHotEncoder(categories=known, handle_unknown="ignore").fit(_texts(("a", "x")))

    hot = OneHot(categories, "zeros")(texts)

    expected = np.asarray(encoder.transform(texts).todense(), np.float32)
    np.testing.assert_array_equal(hot, expected, strict=True)


def test_one_hot_can_give_the_unknown_a_column_of_its_own() -> None:
    hot = OneHot((("a",), ("x", "y")), "column")(_texts(("a", "y"), (None, "z")))

    assert hot.tolist() == [[1, 0, 0, 1, 0], [0, 1, 0, 0, 1]]


def test_ordinal_is_what_scikit_learn_gives() -> None:
    categories = (("low", "mid", "high"), ("x", "y"))
    texts = _texts(("high", "x"), ("low", "y"))
    known: Any = [list(texts) for texts in categories]
    expected = OrdinalEncoder(categories=known).fit_transform(texts)

    codes = Ordinal(categories, "error")(texts)

    np.testing.assert_array_equal(codes, expected.astype(np.float32), strict=True)


def test_ordinal_counts_the_unknown_after_the_last() -> None:
    codes = Ordinal((("low", "high"),), "index")(_texts(("?",), (None,), ("high",)))

    np.testing.assert_array_equal(codes, np.array([[2], [2], [1]], np.float32), strict=True)


@pytest.mark.parametrize("op", [OneHot, Ordinal])
@pytest.mark.parametrize(("text", "got"), [("z", "'z'"), (None, "a missing value")])
def test_an_unknown_category_can_be_an_error(op: Any, text: str | None, got: str) -> None:
    message = f"^categorical column 1: expected one of 'x', 'y', got {got}$"

    with pytest.raises(InputError, match=message):
        op((("a",), ("x", "y")), "error")(_texts(("a", text)))


@pytest.mark.parametrize(
    "op", [FillCategories(("a",)), OneHot((("a",),), "zeros"), Ordinal((("a",),), "index")]
)
def test_texts_of_another_width_are_refused(op: Any) -> None:
    message = r"^expected texts of shape \(batch, 1\), got dtype object and shape \(1, 2\)$"

    with pytest.raises(TransformError, match=message):
        op(_texts(("a", "b")))


def test_numbers_are_no_texts() -> None:
    numbers: Any = np.ones((1, 1))

    with pytest.raises(TransformError, match="got dtype float64"):
        OneHot((("1",),), "zeros")(numbers)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Numbers((), ()), r"columns: expected one or more names that differ, got \[\]"),
        (
            lambda: Categories(("a", "a"), ((), ())),
            "columns: expected one or more names that differ",
        ),
        (
            lambda: Numbers(("a", "b"), ((),)),
            "missing: expected markers for each of 2 columns, got 1",
        ),
        (
            lambda: OneHot((("a",),), "drop"),
            "unknown: expected one of 'zeros', 'column', 'error', got 'drop'",
        ),
        (
            lambda: Ordinal((("a",),), "zeros"),
            "unknown: expected one of 'index', 'error', got 'zeros'",
        ),
        (
            lambda: OneHot((), "zeros"),
            "categories: expected those of one or more columns, got none",
        ),
        (
            lambda: OneHot((("a",), ()), "zeros"),
            r"categories\[1\]: expected one or more texts that differ, got \[\]",
        ),
        (
            lambda: Ordinal((("a", "a"),), "index"),
            r"categories\[0\]: expected one or more texts that differ",
        ),
    ],
)
def test_bad_params_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "op",
    [
        Numbers(("a",), ((),)),
        Categories(("a",), ((),)),
        ColumnTexts("a"),
        Dates(("a",), ((),), ("year",)),
    ],
)
def test_a_number_of_more_digits_than_python_writes_is_refused(op: Any) -> None:
    with pytest.raises(InputError, match=r", got int with a number of too many digits to show"):
        op({"a": [10**5000]})
