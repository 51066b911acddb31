"""Series of any source as points by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.series import ReadSeries

if TYPE_CHECKING:
    from pathlib import Path

NAN = np.nan


@pytest.mark.parametrize(
    ("content", "points"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("1, 2\r\n3, 4\r\n", [[1, 2], [3, 4]]),
        ("\ufeff1;2\n3;4", [[1, 2], [3, 4]]),
        ("1\t2\n3\t4\n", [[1, 2], [3, 4]]),
        ("1 2\n3  4\n", [[1, 2], [3, 4]]),
        ("0.5\n-1e2\n", [[0.5], [-100]]),
        ("x,y\n1,2\n", [[1, 2]]),
        ('"x";"y"\n"1";"2"\n', [[1, 2]]),
        ("1\n\n2\n\n", [[1], [2]]),
        ("1,\n,2\n", [[1, NAN], [NAN, 2]]),
        (
            "1, ,3\n4,NA,?\nnull,N/A,None\nNaN,nan,9\n",
            [[1, NAN, 3], [4, NAN, NAN], [NAN] * 3, [NAN, NAN, 9]],
        ),
        ("1\tNA\n\t2", [[1, NAN], [NAN, 2]]),
        ("? 1\n2 3\n", [[NAN, 1], [2, 3]]),
        (",1\n2,3\n", [[NAN, 1], [2, 3]]),
    ],
)
def test_a_csv_file_is_read(content: str, points: list[list[float]]) -> None:
    series = ReadSeries()([content.encode()])

    np.testing.assert_array_equal(series, np.array([points], np.float32), strict=True)


def test_a_path_its_bytes_a_list_and_an_array_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("a,b\n1,2\n,4\n")
    array = np.array([[1, 2], [NAN, 4]])

    raws = [path, str(path), path.read_bytes(), [[1, 2], [None, 4]], array]

    for raw in raws:
        np.testing.assert_array_equal(
            ReadSeries(channels=2)([raw])[0], array.astype(np.float32)
        )


def test_a_batch_in_one_array_is_its_series() -> None:
    batch = np.arange(12).reshape(2, 6)

    np.testing.assert_array_equal(ReadSeries()(batch), batch[..., None].astype(np.float32))
    np.testing.assert_array_equal(
        ReadSeries()(batch.reshape(2, 3, 2)), batch.reshape(2, 3, 2).astype(np.float32)
    )


def test_series_of_other_lengths_stay_a_list() -> None:
    series = ReadSeries()([[1, 2, 3], (4, 5)])

    assert [one.shape for one in series] == [(3, 1), (2, 1)]


@settings(max_examples=30, deadline=None)
@given(
    points=npst.arrays(
        np.float32,
        st.tuples(st.integers(1, 8), st.integers(2, 4)),
        elements=st.one_of(st.floats(-(2.0**99), 2.0**99, width=32), st.just(np.float32(NAN))),
    ),
    delimiter=st.sampled_from([",", ";", "\t", ", "]),
    missing=st.sampled_from(["", "NA", "nan", " ? "]),
)
def test_what_is_written_is_read(points: np.ndarray, delimiter: str, missing: str) -> None:
    rows = [
        delimiter.join(missing if np.isnan(cell) else repr(float(cell)) for cell in row)
        for row in points
    ]
    header = delimiter.join("abcd"[: points.shape[1]])

    series = ReadSeries()(["\n".join([header, *rows]).encode()])

    np.testing.assert_array_equal(series[0], points, strict=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (
            b"these are no numbers",
            "expected rows of numbers, the file holds one line without any",
        ),
        (
            b"a,b\n1,2\n3,four\n",
            "row 3: expected numbers: could not convert string 'four' to float64",
        ),
        (
            b"1,2\n3\n",
            "row 2: expected as many cells as in the rows before: the number of columns changed from 2 to 1",
        ),
        (b"1,5;2\n", "row 1: expected numbers: could not convert string '1,5' to float64"),
        (b"1\n1e60\n", "expected finite numbers in the range of float32, got infinity"),
        (b"\xff\xfe1", "not a CSV file in UTF-8: invalid start byte"),
        (b"1\x00\n", "not a CSV file: it holds zero bytes"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "one.csv"
    path.write_bytes(content)

    with pytest.raises(InputError) as by_path:
        ReadSeries()([path])
    with pytest.raises(InputError) as by_bytes:
        ReadSeries()([content])

    assert str(by_path.value) == f"{path}: {message}"
    assert str(by_bytes.value) == message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "the series holds no points"),
        (np.zeros((0, 2)), "the series holds no points"),
        ([[1, 2], [3]], "expected numbers, a list of them or rows of one length"),
        (["a", "b"], "expected numbers, got dtype <U1"),
        (3.5, "expected a path, bytes, a list of numbers or an array, got float"),
        (
            np.zeros((2, 2, 2)),
            "expected an array (time,) or (time, channels), got shape (2, 2, 2)",
        ),
        ([[1.0, 2.0, 3.0]], "expected 2 channels, got 3"),
        ([[1.0, 2.0]] * 3, "expected 4 points, got 3"),
        ("nowhere.csv", "nowhere.csv: there is no such file"),
    ],
)
def test_a_raw_input_that_is_no_such_series_is_refused(raw: object, message: str) -> None:
    with pytest.raises(InputError) as error:
        ReadSeries(channels=2, length=4)([raw])

    assert str(error.value) == message


def test_a_batch_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match=r"^expected 4 points, got 3$"):
        ReadSeries(length=4)(np.zeros((2, 3)))


def test_one_point_is_a_series() -> None:
    np.testing.assert_array_equal(ReadSeries()([[7]]), np.full((1, 1, 1), 7, np.float32))


@pytest.mark.parametrize("name", ["channels", "length"])
def test_a_count_of_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected 1 or more, got 0$"):
        ReadSeries(**{name: 0})


@pytest.mark.parametrize(
    ("content", "points"),
    [
        (b";\n1;2\n", [[NAN, NAN], [1, 2]]),
        (b"NaN,NaN\n1,2\n", [[NAN, NAN], [1, 2]]),
        (b'"",""\n1,2\n', [[NAN, NAN], [1, 2]]),
        (b',NA\n"1",2\n', [[NAN, NAN], [1, 2]]),
        (b'a,b\n1,""\n"NA",3\n', [[1, NAN], [NAN, 3]]),
        (b'a b\n1 ""\n', [[1, NAN]]),
        (b",b\n1,2\n", [[1, 2]]),
    ],
)
def test_a_first_point_may_be_missing_and_cells_in_quotes_too(
    content: bytes, points: list[list[float]]
) -> None:
    np.testing.assert_array_equal(ReadSeries()([content])[0], np.array(points, np.float32))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[10**400]], "expected finite numbers in the range of float32"),
        (["1.5", None], "expected numbers, got texts among them"),
        ([["1", None]], "expected numbers, got texts among them"),
    ],
)
def test_what_is_among_the_numbers_is_refused(raw: object, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        ReadSeries()([raw])
