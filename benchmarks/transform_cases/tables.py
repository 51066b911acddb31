"""Steps on tables, held against polars, scikit-learn and Python's datetime."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import polars as pl
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from transform_cases.case import Case
from transform_cases.real import column

__all__ = ["CASES"]

PARTS = ("year", "month", "day", "weekday", "day_of_year", "hour")
KNOWN = ("C", "Q", "S")


def ages() -> Any:
    found = column("titanic", "titanic.csv", "age")
    return None if found is None else {"x": found}


def number_texts(rng: np.random.Generator) -> Any:
    numbers = rng.normal(0, 10.0 ** rng.integers(-30, 30, 1000))
    return {"x": [*(repr(float(number)) for number in numbers), "", "NA"]}


def as_numbers(table: Any) -> np.ndarray:
    given = pl.Series(table["x"]).replace({"": None, "NA": None})
    return given.cast(pl.Float64).fill_null(math.nan).to_numpy()[:, None]


def ports() -> Any:
    found = column("titanic", "titanic.csv", "embarked")
    return None if found is None else {"x": found}


def some_ports(rng: np.random.Generator) -> Any:
    return {"x": rng.choice(["C", "Q", "S", "", "unheard of"], 500).tolist()}


def as_texts(table: Any) -> np.ndarray:
    return np.array(pl.Series(table["x"]).replace({"": None}).to_list(), object)[:, None]


def port_texts() -> Any:
    table = ports()
    return None if table is None else as_texts(table)


def some_port_texts(rng: np.random.Generator) -> np.ndarray:
    return as_texts(some_ports(rng))


def filled(texts: np.ndarray) -> np.ndarray:
    imputer = SimpleImputer(missing_values=None, strategy="constant", fill_value="none")
    return imputer.fit_transform(texts)


def one_hot(texts: np.ndarray) -> np.ndarray:
    encoder = OneHotEncoder(categories=[list(KNOWN)], handle_unknown="ignore")
    return np.asarray(encoder.fit([["C"]]).transform(texts).todense())


def ordinal(texts: np.ndarray) -> np.ndarray:
    encoder = OrdinalEncoder(
        categories=[list(KNOWN)], handle_unknown="use_encoded_value", unknown_value=3
    )
    codes = encoder.fit([["C"]]).transform(np.where(np.equal(texts, None), "missing", texts))
    return np.asarray(codes)


def infrequent(texts: np.ndarray) -> list[str]:
    encoder = OneHotEncoder(min_frequency=120).fit(texts)
    found = encoder.infrequent_categories_[0]
    return [] if found is None else list(found)


def kept(texts: np.ndarray) -> dict[str, Any]:
    names, counts = np.unique(texts[np.not_equal(texts, None)].astype(str), return_counts=True)
    return {"kept": (tuple(names[counts >= 120].tolist()),)}


def merged(texts: np.ndarray) -> np.ndarray:
    rare = infrequent(texts)
    return np.array(
        [["(rare)" if text in rare and text is not None else text] for (text,) in texts], object
    )


def eggs() -> Any:
    found = column("penguins", "penguins_raw.csv", "Date Egg")
    return None if found is None else {"x": found}


def any_dates(rng: np.random.Generator) -> Any:
    seconds = rng.integers(0, 9998 * 365 * 86400, 2000)
    moments = np.datetime64("0001-01-01T00:00:00") + seconds.astype("m8[s]")
    return {"x": moments.astype(str).tolist()}


def calendar(table: Any) -> np.ndarray:
    rows: list[list[int]] = []
    for text in table["x"]:
        moment = dt.datetime.fromisoformat(text)
        year = moment.timetuple()
        rows.append(
            [year.tm_year, year.tm_mon, year.tm_mday, year.tm_wday, year.tm_yday, year.tm_hour]
        )
    return np.array(rows, float)


def turns(table: Any) -> np.ndarray:
    month = calendar(table)[:, 1]
    return np.exp(2j * np.pi * (month - 1) / 12)[:, None].view(float)[:, ::-1]


def comments() -> Any:
    found = column("penguins", "penguins_raw.csv", "Comments")
    return None if found is None else {"x": found}


def as_bytes(table: Any) -> list[bytes]:
    given = pl.Series(table["x"]).replace({"": None, "NA": None}).fill_null("")
    return [bytes(text, "utf-8") for text in given.to_list()]


def _case(op: str, params: Any, against: str, expected: Any, **inputs: Any) -> Case:
    return Case(op=op, params=params, against=against, expected=expected, **inputs)


ONE: dict[str, Any] = {"columns": ("x",), "missing": (("NA",),)}
PORTS: dict[str, Any] = {"real": port_texts, "random": some_port_texts}

CASES = (
    _case("numbers", ONE, "polars' `cast`", as_numbers, real=ages, random=number_texts),
    _case("categories", ONE, "polars' `replace`", as_texts, real=ports, random=some_ports),
    _case(
        "fill_categories",
        {"values": ("none",)},
        "scikit-learn's `SimpleImputer`",
        filled,
        **PORTS,
    ),
    _case(
        "one_hot",
        {"categories": (KNOWN,), "unknown": "zeros"},
        "scikit-learn's `OneHotEncoder`",
        one_hot,
        **PORTS,
    ),
    _case(
        "ordinal",
        {"categories": (KNOWN,), "unknown": "index"},
        "scikit-learn's `OrdinalEncoder`",
        ordinal,
        **PORTS,
    ),
    _case(
        "merge_rare",
        kept,
        "the infrequent categories of scikit-learn's `OneHotEncoder`",
        merged,
        **PORTS,
    ),
    _case(
        "column_texts",
        {"column": "x", "missing": ("NA",)},
        "polars' `fill_null`",
        as_bytes,
        real=comments,
        random=some_ports,
    ),
    _case(
        "dates",
        {**ONE, "parts": PARTS},
        "Python's `datetime.timetuple`",
        calendar,
        real=eggs,
        random=any_dates,
    ),
    _case(
        "dates",
        {**ONE, "parts": ("month",), "cyclic": True},
        "`numpy.exp` on the unit circle",
        turns,
        real=eggs,
        random=any_dates,
        bound=1e-15,
    ),
)
