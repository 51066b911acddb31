"""Powers of skewed columns, against scipy's maximum likelihood and scikit-learn's transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import scipy.stats
from sklearn.preprocessing import PowerTransformer

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

SKEWED = np.exp(np.random.default_rng(0).normal(0, 1, 40))
SHIFTED = SKEWED - 1.0


def _features(made: Prepared, split: Split) -> np.ndarray:
    return made.tensors(split, slice(None))["features"]


@pytest.mark.parametrize(
    ("way", "values"), [("yeo_johnson", SHIFTED), ("box_cox", SKEWED)], ids=["yeo", "box"]
)
def test_a_power_and_the_scaling_after_it_are_what_scikit_learn_fits(
    run: Callable[..., Prepared], way: str, values: np.ndarray
) -> None:
    made = run("table", {"fare": values.tolist()}, table={"power": way})

    transformer = cast("Any", PowerTransformer(method=way.replace("_", "-")))
    transformer.fit(values[:24, None])
    np.testing.assert_allclose(
        _features(made, Split.TRAIN), transformer.transform(values[:24, None]), atol=1e-5
    )
    np.testing.assert_allclose(
        _features(made, Split.TEST), transformer.transform(values[32:, None]), atol=1e-5
    )


def test_the_power_is_the_most_likely_one(run: Callable[..., Prepared]) -> None:
    made = run("table", {"fare": SHIFTED.tolist()}, table={"power": "yeo_johnson"})

    (power,) = next(s.params for s in made.transform.steps if s.op == "yeo_johnson")["powers"]
    assert power == pytest.approx(scipy.stats.yeojohnson_normmax(SHIFTED[:24]), abs=1e-4)


def test_columns_can_be_changed_each_in_its_way(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"a": SKEWED.tolist(), "b": SHIFTED.tolist(), "c": [1.0] * 40, "d": SKEWED.tolist()},
        table={
            "power": "yeo_johnson",
            "power_by_column": {"a": "log1p", "b": "none", "d": "box_cox"},
        },
        normalization={"method": "none"},
    )

    tensor = _features(made, Split.TRAIN)
    np.testing.assert_allclose(tensor[:, 0], np.log1p(SKEWED[:24]), rtol=1e-6)
    np.testing.assert_allclose(tensor[:, 1], SHIFTED[:24], rtol=1e-6)
    np.testing.assert_array_equal(tensor[:, 2], np.ones(24))
    expected = cast("Any", scipy.stats.boxcox(SKEWED[:24]))[0]
    np.testing.assert_allclose(tensor[:, 3], expected, rtol=1e-3)


def test_a_number_of_another_split_that_box_cox_cannot_take_names_its_column(
    run: Callable[..., Prepared],
) -> None:
    with pytest.raises(
        DataError,
        match=r"^held, row 39: column 'fare': expected a number above 0 for Box-Cox, got -3; ",
    ):
        run(
            "table",
            {"age": list(range(40)), "fare": [*SKEWED[:39].tolist(), -3.0]},
            table={"power_by_column": {"fare": "box_cox"}},
        )


@pytest.mark.parametrize(
    ("values", "table", "held"),
    [
        (["a", "b"] * 20, {}, "categories"),
        (["2024-01-01", "2024-02-01"] * 20, {"dates": ["x"]}, "dates"),
        (["one word", "two"] * 20, {"texts": ["x"]}, "texts"),
    ],
)
def test_only_numbers_have_a_power(
    run: Callable[..., Prepared], values: list[str], table: dict[str, Any], held: str
) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"^table\.power_by_column: 'x' holds {held}, and only numbers have a power; leave",
    ):
        run("table", {"x": values}, table={**table, "power_by_column": {"x": "log1p"}})


def test_box_cox_of_a_number_that_is_not_above_0_is_refused(
    run: Callable[..., Prepared],
) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^table.power: column 'fare': Box-Cox takes numbers above 0, got 0 in the training "
        r"split; set it to yeo_johnson, or this column in table.power_by_column$",
    ):
        run("table", {"fare": list(range(40))}, table={"power": "box_cox"})
