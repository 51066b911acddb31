from __future__ import annotations

import numpy as np
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from edgesmith.reporting.confusion import by_class, confusion_counts, mixups

NAMES = ["a", "b", "c", "d"]
RNG = np.random.default_rng(1)
EXPECTED = RNG.integers(0, 4, 200)
PREDICTED = np.where(RNG.random(200) < 0.8, EXPECTED, RNG.integers(0, 4, 200))


def test_counts_are_those_of_scikit_learn() -> None:
    counts = confusion_counts(EXPECTED, PREDICTED, 4)

    np.testing.assert_array_equal(counts, confusion_matrix(EXPECTED, PREDICTED))


def test_recall_and_precision_are_those_of_scikit_learn() -> None:
    figures = {
        one.name: one for one in by_class(confusion_counts(EXPECTED, PREDICTED, 4), NAMES)
    }

    recall = recall_score(EXPECTED, PREDICTED, average=None)  # pyright: ignore[reportArgumentType]
    precision = precision_score(EXPECTED, PREDICTED, average=None)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(
        np.array([figures[name].recall for name in NAMES], float), recall
    )
    np.testing.assert_allclose(
        np.array([figures[name].precision for name in NAMES], float), precision
    )


def test_the_weakest_class_is_first() -> None:
    figures = by_class(np.array([[9, 1], [5, 5]]), ["good", "weak"])

    assert [one.name for one in figures] == ["weak", "good"]


def test_a_class_that_is_never_there_has_no_recall() -> None:
    figures = by_class(np.array([[3, 0], [0, 0]]), ["there", "absent"])

    assert figures[-1].name == "absent"
    assert figures[-1].recall is None
    assert figures[-1].precision is None


def test_the_most_frequent_mixup_is_first_and_rights_are_none() -> None:
    found = mixups(np.array([[9, 1, 0], [4, 2, 0], [0, 0, 7]]), ["a", "b", "c"], 5)

    assert [(one.actual, one.predicted, one.n_samples) for one in found] == [
        ("b", "a", 4),
        ("a", "b", 1),
    ]
