"""Free texts of a table, against scikit-learn's counters and TensorFlow's hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sklearn.feature_extraction.text import CountVectorizer

from edgesmith.core import Split
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared

WORDS = ["red", "Blue!", "green,", "blue", "one"]
ALL = {"drop_duplicates": False}
NOTES: list[Any] = [
    " ".join(np.random.default_rng(row).choice(WORDS, row % 5)) or "none" for row in range(40)
]


def _features(made: Prepared, split: Split = Split.TRAIN) -> np.ndarray:
    return made.tensors(split, slice(None))["features"]


def test_the_words_of_training_are_counted_as_scikit_learn_counts(
    run: Callable[..., Prepared],
) -> None:
    made = run(
        "table", {"note": NOTES}, table={"texts": ["note"], "text_words": 3}, cleaning=ALL
    )

    counter = CountVectorizer(max_features=None).fit(NOTES[:24])
    totals = np.asarray(counter.transform(NOTES[:24]).sum(axis=0)).ravel()
    known = sorted(
        counter.vocabulary_, key=lambda word: (-totals[counter.vocabulary_[word]], word)
    )
    counts = CountVectorizer(vocabulary=known[:3]).transform(NOTES).toarray()
    all_words = np.asarray(CountVectorizer().fit(NOTES).transform(NOTES).sum(axis=1)).ravel()
    expected = np.column_stack([all_words - counts.sum(axis=1), counts])
    np.testing.assert_array_equal(_features(made), expected[:24])
    np.testing.assert_array_equal(_features(made, Split.TEST), expected[32:])


def test_words_can_be_hashed_into_bins_as_tensorflow_does(run: Callable[..., Prepared]) -> None:
    options = {"texts": ["note"], "text_words": 7, "text_encoding": "hash"}

    made = run("table", {"note": NOTES}, table=options, cleaning=ALL)

    expected = np.zeros((24, 7))
    for row, note in enumerate(NOTES[:24]):
        words = tf.strings.split(note.lower().replace("!", "").replace(",", ""))
        for place in tf.strings.to_hash_bucket_fast(words, 7).numpy():
            expected[row, place] += 1
    np.testing.assert_array_equal(_features(made), expected)


def test_a_missing_text_has_no_words(run: Callable[..., Prepared]) -> None:
    made = run("table", {"note": NOTES, "weight": list(range(40))}, table={"texts": ["note"]})

    tensor = made.transform({"row": {"note": [None, ""], "weight": [1, 1]}})["features"]

    assert not tensor[:, 1:].any()


def test_two_columns_of_text_stand_side_by_side(run: Callable[..., Prepared]) -> None:
    values = {"a": NOTES, "b": ["same word"] * 40}

    made = run("table", values, table={"texts": ["a", "b"]}, cleaning=ALL)

    assert _features(made)[:, -3:].tolist() == [[0, 1, 1]] * 24


def test_a_column_without_a_word_in_training_is_refused(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        DataError, match=r"^column 'note': no value in the training split; add it"
    ):
        run("table", {"note": ["!"] * 30 + ["word"] * 10}, table={"texts": ["note"]})


def test_a_text_is_not_filled(run: Callable[..., Prepared]) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^cleaning.fill_by_column.note: a column of free texts; expected drop_row or none, "
        "got 'median'$",
    ):
        run(
            "table",
            {"note": NOTES},
            table={"texts": ["note"]},
            cleaning={"fill_by_column": {"note": "median"}},
        )
