"""Columns that a person should look at are named."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith.preparation.columns import Column
from edgesmith.preparation.screening import screen
from edgesmith_runtime.manifest import Task

N = 60
RNG = np.random.default_rng(0)
TARGETS = np.array(["no", "yes", "yes"] * 20, object)
CODES = np.array([0, 1, 1] * 20, np.int32)


def number(name: str, values: object) -> Column:
    return Column(name=name, numbers=np.asarray(values, np.float64))


def category(name: str, codes: object, n_texts: int) -> Column:
    texts = tuple(f"t{code}" for code in range(n_texts))
    return Column(name=name, codes=np.asarray(codes, np.int32), texts=texts)


def warnings(*columns: Column) -> str:
    return "\n".join(screen(columns, TARGETS, task=Task.CLASSIFICATION, target="survived"))


def test_a_plain_column_is_not_named() -> None:
    assert (
        warnings(number("a", RNG.normal(size=N)), category("b", RNG.integers(0, 3, N), 3)) == ""
    )


def test_a_constant_column_is_named() -> None:
    assert "column 'a': one value only" in warnings(number("a", np.ones(N)))


@pytest.mark.parametrize(
    "column",
    [
        number("a", np.arange(N)),
        number("a", np.arange(N)[::-1]),
        number("a", RNG.permutation(N) + 1000),
        category("a", np.arange(N), N),
        category("a", np.arange(N) % 40, 40),
    ],
)
def test_an_identifier_is_named(column: Column) -> None:
    assert "column 'a': like an identifier" in warnings(column)


@pytest.mark.parametrize(
    "column",
    [
        number("a", RNG.uniform(0, 1, N)),
        number("a", RNG.integers(0, 20, N)),
        category("a", np.arange(N) % 20, 20),
    ],
)
def test_a_measurement_is_no_identifier(column: Column) -> None:
    assert "identifier" not in warnings(column)


@pytest.mark.parametrize(
    "column",
    [
        category("alive", CODES, 2),
        category("alive", np.where(CODES == 1, -1, 0), 1),
        category("alive", CODES * np.tile([1, 2], 30), 3),
        number("alive", 5.0 - CODES),
        number("alive", CODES + RNG.uniform(0, 0.5, N)),
        number("alive", np.where(np.arange(N) < 5, np.nan, CODES + RNG.uniform(0, 0.5, N))),
    ],
    ids=["same", "present or not", "finer", "numbers", "threshold", "gaps"],
)
def test_a_column_that_gives_the_class_away_is_named(column: Column) -> None:
    assert "column 'alive': gives the target 'survived' away" in warnings(column)


def test_a_good_feature_does_not_give_the_class_away() -> None:
    mostly = CODES.copy()
    mostly[:4] = 1 - mostly[:4]

    assert warnings(category("good", mostly, 2)) == ""


def test_columns_that_repeat_each_other_are_named_together() -> None:
    codes = RNG.integers(0, 3, N)
    sizes = RNG.uniform(0, 1, N)
    found = warnings(
        category("class", codes, 3),
        number("pclass", 3 - codes),
        category("other", RNG.integers(0, 3, N), 3),
        number("metres", sizes),
        number("feet", sizes * 3.28),
        number("depth", -sizes),
    )

    assert found.split("\n") == [
        "columns 'class', 'pclass': repeat each other; one is enough",
        "columns 'metres', 'feet', 'depth': repeat each other; one is enough",
    ]


def test_a_monotone_function_of_a_regressions_target_is_named() -> None:
    targets = RNG.uniform(0, 10, N)
    columns = [
        number("litres", 235.2 / (targets + 1)),
        number("weight", targets + RNG.normal(0, 2, N)),
    ]

    (found,) = screen(columns, targets, task=Task.REGRESSION, target="mpg")

    assert found.startswith("column 'litres': gives the target 'mpg' away")


def test_few_rows_say_nothing() -> None:
    columns = [number("a", np.ones(5))]

    assert screen(columns, TARGETS[:5], task=Task.CLASSIFICATION, target="x") == ()
