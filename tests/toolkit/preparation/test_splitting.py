"""Given splits win; the rest is drawn by scikit-learn, seeded."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.model_selection import StratifiedShuffleSplit

from edgesmith.config import SplitConfig
from edgesmith.preparation.splitting import Units, assign_splits, check_classes
from edgesmith_runtime.errors import DataError

LABELS = np.array(["a"] * 60 + ["b"] * 40, object)
OPEN = np.zeros(100, "U10")
SINGLE = Units(np.arange(100), grouped=False)


def config(**options: object) -> SplitConfig:
    return SplitConfig.model_validate(
        {"test": 0.2, "validation": 0.25, **options}, strict=False
    )


def test_the_test_split_is_scikit_learns() -> None:
    splits = assign_splits(OPEN, LABELS, SINGLE, config(), seed=5)

    splitter = StratifiedShuffleSplit(1, test_size=0.2, random_state=5)
    _, expected = next(splitter.split(np.zeros(100), LABELS))
    assert set(np.flatnonzero(splits == "test")) == set(expected)


def test_every_split_keeps_the_balance() -> None:
    splits = assign_splits(OPEN, LABELS, SINGLE, config(), seed=0)

    assert Counter(zip(splits.tolist(), LABELS, strict=True)) == {
        ("test", "a"): 12,
        ("test", "b"): 8,
        ("validation", "a"): 12,
        ("validation", "b"): 8,
        ("train", "a"): 36,
        ("train", "b"): 24,
    }


def test_the_seed_decides() -> None:
    first, again, other = (
        assign_splits(OPEN, LABELS, SINGLE, config(), seed=seed) for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_given_splits_win() -> None:
    given = np.array(["test"] * 10 + ["validation"] * 10 + [""] * 80, "U10")

    splits = assign_splits(given, LABELS, SINGLE, config(), seed=0)

    assert splits.tolist() == ["test"] * 10 + ["validation"] * 10 + ["train"] * 80


def test_validation_is_drawn_from_given_training_rows() -> None:
    given = np.array(["train"] * 90 + ["test"] * 10, "U10")

    splits = assign_splits(given, LABELS, SINGLE, config(), seed=0)

    assert Counter(splits.tolist()) == {"train": 67, "validation": 23, "test": 10}
    assert (splits[90:] == "test").all()


def test_a_share_of_0_gives_no_split() -> None:
    splits = assign_splits(OPEN, LABELS, SINGLE, config(test=0, validation=0), seed=0)

    assert set(splits) == {"train"}


def test_groups_stay_together() -> None:
    groups = np.repeat(np.arange(20), 5)

    splits = assign_splits(OPEN, LABELS, Units(groups, grouped=True), config(), seed=0)

    assert all(len(set(splits[groups == group])) == 1 for group in range(20))
    assert (splits == "test").sum() == 20


def test_copies_stay_together_and_keep_the_balance() -> None:
    contents = np.repeat(np.arange(50), 2)

    splits = assign_splits(OPEN, LABELS, Units(contents, grouped=False), config(), seed=0)

    assert (splits[0::2] == splits[1::2]).all()
    assert Counter(LABELS[splits == "test"]) == {"a": 12, "b": 8}


def test_a_class_with_one_sample_is_named() -> None:
    labels = np.array(["a"] * 99 + ["rare"], object)

    with pytest.raises(DataError, match="class 'rare' has one sample"):
        assign_splits(OPEN, labels, SINGLE, config(), seed=0)


def test_a_share_too_small_for_the_classes_is_refused() -> None:
    labels = np.array([str(row // 2) for row in range(100)], object)

    with pytest.raises(
        DataError, match=r"a share of 0\.2 of 100 samples cannot hold each of 50"
    ):
        assign_splits(OPEN, labels, SINGLE, config(), seed=0)


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match="1 group cannot be split"):
        assign_splits(OPEN, LABELS, Units(np.zeros(100), grouped=True), config(), seed=0)


def test_a_label_that_training_lacks_is_named() -> None:
    targets = np.array(["a", "a", "b", "b", "c", "c"], object)
    splits = np.array(["train", "train", "train", "train", "test", "test"])

    with pytest.raises(
        DataError, match=r"label 'c' is in the test split \(2 samples\) and missing"
    ):
        check_classes(targets, splits)


def test_one_sample_of_a_class_is_refused_in_given_splits_too() -> None:
    targets = np.array(["a", "a", "b"], object)

    with pytest.raises(DataError, match="class 'b' has one sample"):
        check_classes(targets, np.array(["train"] * 3))


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(DataError, match="expected two classes or more, got 'a' alone"):
        check_classes(np.array(["a", "a"], object), np.array(["train"] * 2))


def test_a_class_whose_other_samples_are_in_test_is_named_so() -> None:
    labels = np.array(["a"] * 98 + ["rare"] * 2, object)
    given = np.array([""] * 99 + ["test"], "U10")

    with pytest.raises(
        DataError, match="class 'rare' has one sample left beside the other splits"
    ):
        assign_splits(given, labels, SINGLE, config(), seed=0)


def test_copies_of_one_sample_cannot_be_split() -> None:
    with pytest.raises(DataError, match="1 distinct sample cannot be split"):
        assign_splits(OPEN, LABELS, Units(np.zeros(100), grouped=False), config(), seed=0)
