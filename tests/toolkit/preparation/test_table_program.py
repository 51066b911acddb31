"""Tables to tensors, against numpy, scikit-learn and hand-made tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from edgesmith.core import Split
from edgesmith.preparation import prepare
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.config import Config
    from edgesmith.core import Dataset, Prepared, Progress

N = 40
SPLITS = ["train"] * 30 + ["test"] * 10
TARGETS = ["a", "b"] * 20
TRAINING = slice(0, 30)


def table() -> dict[str, list[Any]]:
    rng = np.random.default_rng(0)
    size: list[Any] = [f"{value:.3f}" for value in rng.normal(5, 2, N)]
    size[3] = size[7] = size[35] = ""
    weight: list[Any] = rng.uniform(10, 20, N).tolist()
    colour: list[Any] = [["red", "blue", "green"][place] for place in rng.integers(0, 3, N)]
    colour[4] = colour[36] = "?"
    return {"size": size, "colour": colour, "weight": weight}


@pytest.fixture
def prepared(
    make_dataset: Callable[..., Dataset],
    make_config: Callable[..., Config],
    progress: Progress,
    tmp_path: Path,
) -> Callable[..., Prepared]:
    def run(values: dict[str, list[Any]] | None = None, **sections: Any) -> Prepared:
        dataset = make_dataset("table", values or table(), TARGETS, splits=SPLITS)
        config = make_config(**{"split": {"validation": 0}, **sections})
        return prepare(dataset, config, directory=tmp_path, progress=progress)

    return run


def features(prepared: Prepared, split: Split = Split.TRAIN) -> np.ndarray:
    return prepared.tensors(split, slice(None))["features"]


def sizes() -> np.ndarray:
    return np.array([float(text) if text else np.nan for text in table()["size"]])


def params(prepared: Prepared, op: str) -> Any:
    return next(step.params for step in prepared.transform.steps if step.op == op)


def test_numbers_are_filled_and_scaled_as_scikit_learn_does(
    prepared: Callable[..., Prepared],
) -> None:
    made = prepared()

    numbers = np.stack([sizes(), np.array(table()["weight"])], axis=1)
    imputer = SimpleImputer(strategy="median").fit(numbers[TRAINING])
    scaler = StandardScaler().fit(imputer.transform(numbers[TRAINING]))
    expected = np.asarray(scaler.transform(imputer.transform(numbers)))
    np.testing.assert_allclose(features(made)[:, :2], expected[:30], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(features(made, Split.TEST)[:, :2], expected[30:], atol=1e-6)


def test_categories_are_one_hot_as_scikit_learn_has_it(
    prepared: Callable[..., Prepared],
) -> None:
    made = prepared()

    colours = np.array(table()["colour"], object)[:, None]
    encoder = OneHotEncoder(
        categories=cast("Any", [["blue", "green", "red"]]), handle_unknown="ignore"
    )
    expected = encoder.fit(colours).transform(colours).toarray()
    np.testing.assert_array_equal(features(made)[:, 2:], expected[:30])
    assert made.inputs[0].shape == ("batch", 5)
    assert made.inputs[0].dtype == "float32"


@pytest.mark.parametrize(
    ("way", "statistic"),
    [
        ("mean", np.nanmean),
        ("median", np.nanmedian),
        ("min", np.nanmin),
        ("max", np.nanmax),
    ],
)
def test_the_fill_is_a_statistic_of_the_training_split(
    prepared: Callable[..., Prepared], way: str, statistic: Callable[..., float]
) -> None:
    made = prepared(cleaning={"fill": way})

    np.testing.assert_allclose(params(made, "fill")["values"][0], statistic(sizes()[TRAINING]))
    assert made.account.filled == {"size": 3}


def test_the_most_frequent_number_fills_and_ties_take_the_smallest(
    prepared: Callable[..., Prepared],
) -> None:
    values = {"size": [3, 1, 3, 1, 2, None] * 6 + [2] * 4, "weight": list(range(N))}

    made = prepared(values, cleaning={"fill": "most_frequent"})

    assert params(made, "fill")["values"][0] == 1.0


def test_columns_can_be_filled_each_in_its_way(prepared: Callable[..., Prepared]) -> None:
    made = prepared(cleaning={"fill_by_column": {"size": -1.0, "colour": "none given"}})

    assert params(made, "fill")["values"][0] == -1.0
    assert params(made, "one_hot")["categories"] == [["blue", "green", "none given", "red"]]
    assert made.account.filled == {"size": 3, "colour": 2}


def test_the_most_frequent_category_fills(prepared: Callable[..., Prepared]) -> None:
    made = prepared(cleaning={"fill_categories": "most_frequent"})

    colours = [colour for colour in table()["colour"][TRAINING] if colour != "?"]
    commonest = max(sorted(set(colours)), key=colours.count)
    assert params(made, "fill_categories")["values"] == [commonest]


def test_rows_with_missing_cells_can_be_dropped(prepared: Callable[..., Prepared]) -> None:
    made = prepared(cleaning={"fill": "drop_row"})

    assert made.account.n_by_split == {Split.TRAIN: 28, Split.TEST: 9}
    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows) == ("no 'size'", 3)
    assert dropped.examples == ("held, row 3", "held, row 7", "held, row 35")
    assert "1 of the dropped rows (no 'size') are test rows" in made.account.warnings[0]


def test_cells_that_nothing_fills_are_an_error(prepared: Callable[..., Prepared]) -> None:
    with pytest.raises(
        DataError, match="column 'size': NaN after cleaning: 3 cells are missing"
    ):
        prepared(cleaning={"fill": "none"})


def test_all_rows_dropped_is_an_error_with_the_reasons(
    prepared: Callable[..., Prepared],
) -> None:
    values = {"size": [None] * 30 + [1.0] * 10, "colour": ["red"] * N}
    config = {"fill_by_column": {"size": "drop_row"}}

    with pytest.raises(DataError, match=r"no training row is left of 40 .*: 30 no 'size'"):
        prepared(values, cleaning=config)


def test_clipping_comes_before_scaling(prepared: Callable[..., Prepared]) -> None:
    made = prepared(cleaning={"clip": {"quantiles": (0.1, 0.9)}})

    weights = np.array(table()["weight"])
    low, high = np.quantile(weights[TRAINING], [0.1, 0.9])
    clipped = np.clip(weights, low, high)
    expected = (clipped - clipped[TRAINING].mean()) / clipped[TRAINING].std()
    np.testing.assert_allclose(features(made)[:, 1], expected[TRAINING], rtol=1e-5)


def test_nothing_of_the_test_split_is_in_the_transform(
    prepared: Callable[..., Prepared],
) -> None:
    changed = table()
    changed["size"][30:] = ["1000"] * 10
    changed["weight"][30:] = [-1e6] * 10
    changed["colour"][30:] = ["purple"] * 10
    cleaning = {"clip": {"sigmas": 2.0}, "fill": "mean", "fill_categories": "most_frequent"}

    first, second = prepared(cleaning=cleaning), prepared(changed, cleaning=cleaning)

    assert first.transform.steps == second.transform.steps


def test_ordinal_places_are_scaled_too(prepared: Callable[..., Prepared]) -> None:
    made = prepared(cleaning={"encode": "ordinal"}, normalization={"method": "minmax"})

    order = {"blue": 0, "green": 1, "red": 2, "?": 3}
    places = np.array([order[colour] for colour in table()["colour"]])
    np.testing.assert_allclose(features(made)[:, 2], places[TRAINING] / 3, rtol=1e-6)


def test_an_unknown_category_has_a_column_of_its_own(prepared: Callable[..., Prepared]) -> None:
    made = prepared(cleaning={"unknown_category": "column"})

    purple = made.transform({"row": {"size": [1], "weight": [1], "colour": ["purple"]}})
    np.testing.assert_array_equal(purple["features"][0, 2:], [0, 0, 0, 1])


def test_an_unknown_category_can_be_refused(prepared: Callable[..., Prepared]) -> None:
    values = table()
    values["colour"] = ["red"] * 20 + ["blue"] * 19 + ["purple"]

    with pytest.raises(
        DataError, match=r"held, row 39: .*expected one of 'blue', 'red', got 'purple'"
    ):
        prepared(values, cleaning={"unknown_category": "error"})


def test_numbers_can_be_forced_to_be_categories(prepared: Callable[..., Prepared]) -> None:
    source = {"kind": "table", "path": "t.csv", "target": "label", "categories": ("code",)}

    made = prepared({"code": [1, 2, 10, 2] * 10, "weight": table()["weight"]}, source=source)

    assert params(made, "one_hot")["categories"] == [["1", "2", "10"]]


def test_booleans_are_categories(prepared: Callable[..., Prepared]) -> None:
    made = prepared({"alone": [True, False] * 20, "weight": table()["weight"]})

    assert params(made, "one_hot")["categories"] == [["false", "true"]]


def test_markers_are_taken_by_column(prepared: Callable[..., Prepared]) -> None:
    source = {
        "kind": "table",
        "path": "t.csv",
        "target": "label",
        "missing_by_column": {"size": ("-9",)},
    }
    values = {"size": ["1", "2", "-9", "4"] * 10, "weight": ["-9", "NA", "1", "2"] * 10}

    made = prepared(values, source=source, cleaning={"drop_duplicates": False})

    assert made.account.filled == {"size": 10, "weight": 10}
    assert params(made, "fill")["values"] == [2.0, 1.0]


def test_without_normalization_the_numbers_stay(prepared: Callable[..., Prepared]) -> None:
    made = prepared({"weight": table()["weight"]}, normalization={"method": "none"})

    np.testing.assert_array_equal(
        features(made)[:, 0], np.array(table()["weight"][TRAINING], np.float32)
    )


def test_a_text_in_a_column_of_numbers_names_its_row(prepared: Callable[..., Prepared]) -> None:
    values = {"weight": [1.0] * 20 + [2.0] * 18 + ["heavy", 2.0]}

    with pytest.raises(DataError, match="held, row 38: column 'weight': expected a number"):
        prepared(values)


def test_a_column_without_a_training_value_is_refused(
    prepared: Callable[..., Prepared],
) -> None:
    values = {"weight": table()["weight"], "empty": [None] * 35 + [1] * 5}

    with pytest.raises(DataError, match="column 'empty': no value in the training split"):
        prepared(values)


def test_a_number_too_big_for_float32_names_its_column(
    prepared: Callable[..., Prepared],
) -> None:
    values = {"weight": [*table()["weight"][:39], 1e300]}

    with pytest.raises(
        DataError, match=r"held, row 39 \(test\): column 'weight': inf after cleaning"
    ):
        prepared(values)


@pytest.mark.parametrize(
    ("cleaning", "message"),
    [
        (
            {"fill_by_column": {"sise": 1.0}},
            "fill_by_column.sise: no such feature; did you mean 'size'",
        ),
        (
            {"fill_by_column": {"size": "blue"}},
            "a column of numbers; expected a number or one of",
        ),
        (
            {"fill_by_column": {"colour": "mean"}},
            "fill_by_column.colour: a column of categories",
        ),
        ({"filters": [{"op": "median_filter", "size": 3}]}, "a table have no order to filter"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(
    prepared: Callable[..., Prepared], cleaning: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        prepared(cleaning=cleaning)

    assert message in str(caught.value)


def test_noise_changes_numbers_and_never_codes(prepared: Callable[..., Prepared]) -> None:
    made = prepared(augmentation={"noise": 0.1})

    noisy = made.augmented(np.arange(30), np.random.default_rng(0))["features"]

    assert made.transform.steps[-1].augment_after
    assert (noisy[:, :2] != features(made)[:, :2]).all()
    np.testing.assert_array_equal(noisy[:, 2:], features(made)[:, 2:])


def test_the_device_gets_the_tensors_that_training_read(
    prepared: Callable[..., Prepared],
) -> None:
    made = prepared(cleaning={"clip": {"sigmas": 1.5}})
    raw = {name: cells[30:] for name, cells in table().items()}

    np.testing.assert_array_equal(
        made.transform({"row": raw})["features"], features(made, Split.TEST)
    )


def test_a_slip_among_numbers_is_told(prepared: Callable[..., Prepared]) -> None:
    values = {**table(), "weight": ["10,5", *table()["weight"][1:]]}

    made = prepared(values)

    assert (
        "column 'weight': '10,5' is no number, so all of its cells are categories; mend the cell "
        "or name it in source.missing; or name the column in source.categories"
    ) in made.account.warnings


def test_categories_by_wish_are_no_slip(prepared: Callable[..., Prepared]) -> None:
    values = {"size": ["4+", *["1", "2", "3"] * 13]}
    source = {"kind": "table", "path": "t.csv", "target": "label", "categories": ["size"]}

    assert not any(
        "no number" in text for text in prepared(values, source=source).account.warnings
    )


def test_a_column_with_many_texts_is_no_slip(prepared: Callable[..., Prepared]) -> None:
    made = prepared({"size": ["4+", "1", "2", "3"] * 10})

    assert not any("no number" in text for text in made.account.warnings)
