"""Dates: what Python's datetime says, strict about what a date is."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.dates import PARTS, Dates, calendar_places

ALL = tuple(PARTS)
moments = st.datetimes()


def _by_hand(moment: dt.datetime) -> list[float]:
    year = moment.timetuple()
    return [year.tm_year, year.tm_mon, year.tm_mday, year.tm_wday, year.tm_yday, year.tm_hour]


def _parts(values: Any, **params: Any) -> np.ndarray:
    return Dates(("sold",), (("?",),), ALL, **params)({"sold": values})


@given(found=st.lists(moments, min_size=1, max_size=5))
def test_every_part_is_what_datetime_says(found: list[dt.datetime]) -> None:
    expected = np.array([_by_hand(moment) for moment in found], float)

    for values in (
        found,
        [moment.isoformat() for moment in found],
        [f" {moment.isoformat()} " for moment in found],
        np.array(found, "M8[us]"),
    ):
        np.testing.assert_array_equal(_parts(values), expected, strict=True)


@given(found=moments)
def test_a_cyclic_part_is_the_sine_and_cosine_of_its_turn(found: dt.datetime) -> None:
    made = _parts([found], cyclic=True)[0].tolist()

    year, *others = _by_hand(found)
    expected = [year]
    for number, first, length in zip(
        others, (1, 1, 0, 1, 0), (12, 31, 7, 366, 24), strict=True
    ):
        angle = 2 * math.pi * (number - first) / length
        expected += [math.sin(angle), math.cos(angle)]
    assert made == pytest.approx(expected, abs=1e-15)


def test_a_format_can_be_given() -> None:
    made = Dates(("d",), ((),), ("year", "month", "day"), "%Y%m%d")(
        {"d": [20240229, "19991231"]}
    )

    assert made.tolist() == [[2024, 2, 29], [1999, 12, 31]]


@pytest.mark.parametrize("value", [None, "", " ", "?", math.nan, np.datetime64("NaT")])
def test_a_missing_date_is_nan_in_every_part(value: Any) -> None:
    values = np.array([value]) if isinstance(value, np.datetime64) else [value]

    assert np.isnan(_parts(values)).all()
    assert np.isnan(_parts(values, cyclic=True)).all()


def test_an_offset_is_allowed_and_not_applied() -> None:
    made = _parts(["2024-12-31T23:30:00+02:00", "2024-12-31T23:30:00Z"])

    assert made.tolist() == [[2024, 12, 31, 1, 366, 23]] * 2


def test_columns_stand_side_by_side() -> None:
    dates = Dates(("b", "a"), ((), ()), ("year", "month"), cyclic=True)

    made = dates({"a": [dt.date(2020, 1, 1)], "b": ["1999-01-09"]})

    assert made.tolist() == [[1999, 0, 1, 2020, 0, 1]]
    assert calendar_places("b", ("year", "month"), cyclic=True) == (
        "b.year",
        "b.month.sin",
        "b.month.cos",
    )


def test_no_rows_give_no_parts() -> None:
    assert _parts([]).shape == (0, 6)


@pytest.mark.parametrize("value", ["yesterday", "2023-02-29", True, 3.5, b"2024-01-01"])
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(
        InputError,
        match=r"^column 'sold': expected a date or time as ISO 8601 has it, e.g. 2024-02-29 or "
        "2024-02-29T13:45, got ",
    ):
        _parts([value])


def test_what_is_not_of_the_format_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"^column 'sold': expected a date of the format '%d.%m', got '1999'$"
    ):
        _parts(["1999"], format="%d.%m")


def test_an_absent_column_is_named() -> None:
    with pytest.raises(InputError, match=r"^column 'sold': absent; given are 'x'$"):
        Dates(("sold",), ((),), ("year",))({"x": []})


@pytest.mark.parametrize("parts", [(), ("year", "year"), ("century",)])
def test_bad_parts_are_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(
        ValueError,
        match=r"^parts: expected one or more of year, month, day, weekday, day_of_year, hour that",
    ):
        Dates(("sold",), ((),), parts)


@pytest.mark.parametrize("form", ["%Y %Y", "%Q", "%"])
def test_a_format_that_cannot_be_read_by_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match=rf"^format: '{form}' "):
        Dates(("sold",), ((),), ("year",), format=form)


def test_cells_of_datetime64_are_dates() -> None:
    made = _parts([np.datetime64("2024-12-31T23"), np.datetime64("NaT"), "2024-12-31"])

    assert made[0].tolist() == [2024, 12, 31, 1, 366, 23]
    assert np.isnan(made[1]).all()
    assert made[2].tolist() == [2024, 12, 31, 1, 366, 0]
