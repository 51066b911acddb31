"""Categories: rare ones merged, codes for embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

ALL = {"drop_duplicates": False}
COLOURS: list[Any] = [
    *["red"] * 12,
    *["blue"] * 8,
    *["green"] * 3,
    "pink",
    *["red", "violet"] * 8,
]


def _params(made: Prepared, op: str) -> Any:
    return next(step.params for step in made.transform.steps if step.op == op)


def test_rare_categories_become_one_and_unknown_ones_join_it(
    run: Callable[..., Prepared],
) -> None:
    made = run("table", {"colour": COLOURS}, table={"min_count": 4}, cleaning=ALL)

    tensor = made.transform({"row": {"colour": ["blue", "red", "green", "pink", "never seen"]}})

    assert _params(made, "one_hot")["categories"] == [["blue", "red", "(rare)"]]
    expected = [[1, 0, 0], [0, 1, 0], *[[0, 0, 1]] * 3]
    assert tensor["features"].tolist() == expected


def test_a_column_without_rare_categories_stays_as_it_is(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"colour": COLOURS, "side": ["left", "right"] * 20},
        table={"min_count": 4},
        cleaning=ALL,
    )

    assert _params(made, "merge_rare")["kept"] == [["blue", "red"], None]
    assert not any("every category" in warning for warning in made.account.warnings)


def test_where_unknown_categories_join_the_rare_ones_none_can_be_an_error(
    run: Callable[..., Prepared],
) -> None:
    sections = {
        "table": {"min_count": 4},
        "cleaning": {"unknown_category": "error", **ALL},
    }

    with pytest.raises(ConfigError) as caught:
        run("table", {"side": ["left", "right"] * 20, "colour": COLOURS}, **sections)

    assert str(caught.value) == (
        "table.min_count: column 'colour' has rare categories, which unknown ones join, so "
        'cleaning.unknown_category = "error" would refuse none; leave one of the two out'
    )
    made = run("table", {"side": ["left", "right"] * 20}, **sections)
    with pytest.raises(InputError, match=r"expected one of 'left', 'right', got 'up'"):
        made.transform({"row": {"side": ["up"]}})


def test_a_column_whose_categories_all_become_one_is_told(run: Callable[..., Prepared]) -> None:
    made = run("table", {"colour": COLOURS}, table={"min_count": 40}, cleaning=ALL)

    assert (
        "column 'colour': every category is in fewer than table.min_count rows, so all of them "
        "are one, nothing to learn from; lower it, or add the column to source.drop"
    ) in made.account.warnings


def test_the_text_that_fills_counts_too(run: Callable[..., Prepared]) -> None:
    colours = [None if colour == "blue" else colour for colour in COLOURS]

    made = run(
        "table",
        {"colour": colours},
        table={"min_count": 4},
        cleaning={"fill_categories": "none given", **ALL},
    )

    assert _params(made, "merge_rare")["kept"] == [["none given", "red"]]


def test_a_missing_category_is_no_rare_one(run: Callable[..., Prepared]) -> None:
    made = run("table", {"colour": COLOURS}, table={"min_count": 4}, cleaning=ALL)

    assert made.transform({"row": {"colour": [None]}})["features"].tolist() == [[0, 0, 0]]


def test_codes_are_places_as_they_are_after_the_numbers(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"colour": COLOURS, "weight": np.arange(40.0).tolist()},
        cleaning={"encode": "codes"},
        training={"architecture": "tabular"},
    )

    order = {"blue": 0, "green": 1, "pink": 2, "red": 3, "violet": 4}
    codes = made.tensors(Split.TEST, slice(None))["features"][:, 1]
    assert codes.tolist() == [order[colour] for colour in COLOURS[32:]]


def test_a_column_that_is_all_missing_in_training_is_refused(
    run: Callable[..., Prepared],
) -> None:
    with pytest.raises(
        DataError,
        match=r"^column 'colour': no value in the training split; add it to source.drop$",
    ):
        run(
            "table",
            {"colour": [None] * 40, "side": ["left", "right"] * 20},
            source={"kind": "table", "path": "t", "target": "y", "categories": ["colour"]},
        )


def test_a_column_that_is_all_missing_on_the_device_is_filled(
    run: Callable[..., Prepared],
) -> None:
    made = run(
        "table",
        {"colour": COLOURS, "weight": [None, *range(39)]},
        cleaning={"fill_categories": "most_frequent"},
        normalization={"method": "none"},
    )

    tensor = made.transform({"row": {"colour": [None, None], "weight": [None, None]}})

    assert tensor["features"].tolist() == [[11.0, 0, 0, 0, 1]] * 2
