"""Rows dropped, leaks found, targets encoded, and settings that do not go with the data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError
from edgesmith_runtime.manifest import DecodeOp

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared


LABELS = ["b", "a"] * 20
IMAGE = {"mode": "grey", "height": 6, "width": 5}


def test_rows_without_a_target_are_dropped_and_counted(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": list(range(40))}, [None, *LABELS[1:]])

    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows, dropped.examples) == (
        "no target",
        1,
        ("held, row 0",),
    )
    assert made.account.n_read == 40
    assert made.account.n_by_split[Split.TRAIN] == 23


def test_no_targets_at_all_is_an_error(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        DataError, match=r"no training row is left of 40 rows read; .* 40 no target"
    ):
        run("table", {"a": list(range(40))}, [None] * 40)


def test_copies_within_training_are_dropped(run: Callable[..., Prepared]) -> None:
    values = {"a": [0, 1, 0, 1, *range(4, 40)]}

    made = run("table", values)

    (dropped,) = made.account.dropped
    assert (dropped.reason, dropped.n_rows) == ("copy of another training row", 2)
    assert made.splits[Split.TRAIN].rows.tolist() == [0, 1, *range(4, 24)]


def test_copies_stay_where_so_configured(run: Callable[..., Prepared]) -> None:
    values = {"a": [0, 1, 0, 1, *range(4, 40)]}

    made = run("table", values, cleaning={"drop_duplicates": False})

    assert made.account.n_by_split[Split.TRAIN] == 24


def test_a_copy_with_another_target_stays_and_is_told(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": [1, 1, *range(2, 40)]})

    assert made.account.dropped == ()
    assert "1 training rows equal another one in content and differ in target" in (
        made.account.warnings
    )


def test_leaks_are_reported_and_test_rows_stay(run: Callable[..., Prepared]) -> None:
    values = {"a": [*range(32), 5, 9, *range(34, 40)]}

    made = run("table", values)

    assert made.account.n_by_split[Split.TEST] == 8
    assert "2 test samples are also in training: held, row 32, held, row 33" in (
        made.account.warnings
    )


def test_leaks_between_test_and_validation_are_reported(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": [*range(39), 24]})

    assert "1 test sample is also in validation: held, row 39" in made.account.warnings


def test_copies_of_an_image_are_drawn_into_one_split(
    run: Callable[..., Prepared], pixels: np.ndarray
) -> None:
    values = np.concatenate([pixels[:20], pixels[:20]])

    made = run("image", values, LABELS, splits=[""] * 40, image=IMAGE)

    assert not any("also in" in warning for warning in made.account.warnings)
    assert made.account.n_by_split[Split.TEST] == 8


def test_the_account_counts_classes_by_split(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": list(range(40))})

    assert made.account.balance[Split.TEST] == {"a": 4, "b": 4}
    assert Counter(made.splits[Split.TRAIN].targets.tolist()) == {0: 12, 1: 12}
    assert made.output.labels == ("a", "b")
    assert made.output.decode.op is DecodeOp.ARGMAX


def test_labels_are_ordered_by_value(run: Callable[..., Prepared]) -> None:
    made = run("table", {"a": list(range(40))}, ["10", "9"] * 20)

    assert made.output.labels == ("9", "10")
    assert made.splits[Split.TRAIN].targets[:2].tolist() == [1, 0]


def test_a_regressions_target_is_scaled_and_decoded_back(run: Callable[..., Prepared]) -> None:
    targets = np.random.default_rng(1).normal(50, 9, 40).tolist()

    made = run("table", {"a": list(range(40))}, targets, task="regression", unit="kg")

    decode = made.output.decode
    assert decode.op is DecodeOp.INVERSE_SCALE
    assert made.output.unit == "kg"
    np.testing.assert_allclose(
        [decode.offset, decode.scale], [np.mean(targets[:24]), np.std(targets[:24])]
    )
    scaled = made.splits[Split.TEST].targets
    assert scaled.shape == (8, 1)
    np.testing.assert_allclose(
        scaled[:, 0] * decode.scale + decode.offset, targets[32:], rtol=1e-6
    )


def test_a_regressions_target_can_stay(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"a": list(range(40))},
        [float(row) for row in range(40)],
        task="regression",
        normalization={"scale_target": False},
    )

    assert made.splits[Split.TRAIN].targets[:3, 0].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("kind", "sections", "message"),
    [
        (
            "tensor",
            {"augmentation": {"flip_horizontal": True}},
            "augmentation.flip_horizontal: for",
        ),
        ("tensor", {"image": IMAGE}, "image: for image only, the source is a tensor"),
        ("tensor", {"task": "tensor"}, "task: expected classification, regression or anomaly"),
        (
            "tensor",
            {"cleaning": {"fill_by_column": {"a": 1.0}}},
            "fill_by_column: a tensor has no",
        ),
        (
            "tensor",
            {"cleaning": {"filters": [{"op": "moving_average"}]}},
            "cleaning.filters.0.size: missing; moving_average needs it",
        ),
        (
            "tensor",
            {"cleaning": {"filters": [{"op": "median_filter", "size": 4}]}},
            "cleaning.filters.0: size: expected an odd number",
        ),
        ("image", {}, "image: missing; images need [image] with height and width"),
    ],
)
def test_a_setting_that_does_not_go_with_the_data_is_named(
    run: Callable[..., Prepared], kind: str, sections: dict[str, Any], message: str
) -> None:
    arrays = np.arange(120, dtype=np.uint8).reshape(40, 3)

    with pytest.raises(ConfigError) as caught:
        run(kind, arrays, **sections)

    assert message in str(caught.value)


def test_no_validation_and_no_test_split_can_be_asked_for(run: Callable[..., Prepared]) -> None:
    made = run(
        "table",
        {"a": list(range(40))},
        splits=[""] * 40,
        split={"validation": 0, "test": 0},
    )

    assert set(made.splits) == {Split.TRAIN}
    assert "no test split: nothing can be scored" in made.account.warnings


def test_everything_given_to_test_is_an_error(run: Callable[..., Prepared]) -> None:
    with pytest.raises(DataError, match="no training split: every row is given"):
        run("table", {"a": list(range(40))}, splits=["test"] * 40)
