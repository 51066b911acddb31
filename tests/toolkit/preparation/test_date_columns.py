"""Dates of a table, against Python's datetime and scikit-learn's scaler."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=9 * index) for index in range(40)]
TEXTS: list[Any] = [day.isoformat() for day in DAYS]


def _features(made: Prepared, split: Split) -> np.ndarray:
    return made.tensors(split, slice(None))["features"]


def test_a_date_becomes_its_parts_scaled_on_the_training_split(
    run: Callable[..., Prepared],
) -> None:
    made = run(
        "table",
        {"sold": TEXTS, "weight": list(range(40))},
        table={"dates": ["sold"], "date_parts": ["month", "year"]},
    )

    angles = [2 * math.pi * (day.month - 1) / 12 for day in DAYS]
    parts = np.array(
        [[math.sin(a), math.cos(a), d.year] for a, d in zip(angles, DAYS, strict=True)]
    )
    scaler = StandardScaler().fit(parts[:24])
    expected = np.asarray(scaler.transform(parts))
    np.testing.assert_allclose(_features(made, Split.TRAIN)[:, 1:], expected[:24], atol=1e-6)
    np.testing.assert_allclose(_features(made, Split.TEST)[:, 1:], expected[32:], atol=1e-5)


def test_the_parts_of_a_missing_date_are_filled(run: Callable[..., Prepared]) -> None:
    texts = [*TEXTS[:30], "", *TEXTS[31:]]

    made = run(
        "table",
        {"sold": texts},
        table={"dates": ["sold"], "date_parts": ["day"], "cyclic_dates": False},
        normalization={"method": "none"},
    )

    middle = np.median([day.day for day in DAYS[:24]])
    assert _features(made, Split.VALIDATION)[6].tolist() == [middle]
    assert made.account.filled == {"sold": 1}


def test_a_missing_date_can_drop_its_row(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"sold": [None, *TEXTS[1:]]},
        table={"dates": ["sold"]},
        cleaning={"fill_by_column": {"sold": "drop_row"}},
    )

    assert made.account.n_by_split[Split.TRAIN] == 23


def test_a_cell_that_is_no_date_names_its_row(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        DataError, match=r"held, row 30: column 'sold': expected a date of the format '%d', got"
    ):
        run(
            "table",
            {"sold": [*["01"] * 30, "first", *["02"] * 9]},
            table={"dates": ["sold"], "date_format": "%d"},
        )


def test_dates_that_nothing_fills_are_an_error(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        DataError, match=r"column 'sold': NaN after cleaning: 1 cells are missing"
    ):
        run(
            "table",
            {"sold": [None, *TEXTS[1:]]},
            table={"dates": ["sold"]},
            cleaning={"fill": "none"},
        )


@pytest.mark.parametrize(
    ("cleaning", "message"),
    [
        (
            {"fill": 5.0},
            "cleaning.fill: no date can be 5; set cleaning.fill_by_column.sold to one of mean, "
            "median, min, max, most_frequent, drop_row, none",
        ),
        (
            {"fill_by_column": {"sold": 5.0}},
            "cleaning.fill_by_column.sold: a column of dates; expected one of mean, median, min, "
            "max, most_frequent, drop_row, none, got 5",
        ),
        (
            {"fill_by_column": {"sold": "2024-01-01"}},
            "cleaning.fill_by_column.sold: a column of dates; expected one of mean, median, min, "
            "max, most_frequent, drop_row, none, got '2024-01-01'",
        ),
    ],
)
def test_a_number_or_a_text_cannot_stand_in_for_a_date(
    run: Callable[..., Prepared], cleaning: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        run("table", {"sold": [None, *TEXTS[1:]]}, table={"dates": ["sold"]}, cleaning=cleaning)

    assert str(caught.value) == message


def test_a_number_fills_numbers_beside_dates_that_have_a_way_of_their_own(
    run: Callable[..., Prepared],
) -> None:
    made = run(
        "table",
        {"sold": [None, *TEXTS[1:]], "weight": [None, *range(39)]},
        table={"dates": ["sold"], "date_parts": ["year"]},
        cleaning={"fill": 5.0, "fill_by_column": {"sold": "max"}},
        normalization={"method": "none"},
    )

    assert _features(made, Split.TRAIN)[0].tolist() == [5.0, 2024.0]


def test_a_column_has_one_role(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        ConfigError, match=r"^table.texts: 'sold' stands in table.dates too; keep it in one$"
    ):
        run("table", {"sold": TEXTS}, table={"dates": ["sold"], "texts": ["sold"]})


def test_a_column_that_is_not_there_is_named(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        ConfigError, match=r"^table.dates: no such feature 'solt'; did you mean 'sold'\?$"
    ):
        run("table", {"sold": TEXTS}, table={"dates": ["solt"]})


def test_the_device_is_told_what_is_no_date(run: Callable[..., Prepared]) -> None:
    made = run("table", {"sold": TEXTS}, table={"dates": ["sold"]})

    with pytest.raises(
        InputError, match=r"^input 'row': column 'sold': expected a date or time"
    ):
        made.transform({"row": {"sold": ["tomorrow"]}})
