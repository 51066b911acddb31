"""Texts of a table: free text handed on, rare categories merged."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.table import OneHot
from edgesmith_runtime.transforms.table_texts import ColumnTexts, MergeRare

NAN = float("nan")


def test_texts_are_handed_on_and_missing_ones_are_empty() -> None:
    table = {"note": ["Grün, 5", None, "?", NAN, "  ", " ok "], "x": [1] * 6}

    texts = ColumnTexts("note", ("?",))(table)

    assert texts.tolist() == ["Grün, 5".encode(), b"", b"", b"", b"", b" ok "]


def test_the_steps_on_texts_follow() -> None:
    steps = (
        Step(op="column_texts", inputs=("row",), outputs=("t",), params={"column": "note"}),
        Step(op="split_text", inputs=("t",), outputs=("w",), params={"by": "whitespace"}),
    )

    made = Transform(steps, ("row",))({"row": {"note": ["a b", None]}})

    assert made["w"] == [[b"a", b"b"], []]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "^column 'note': expected a text, got 3$"),
        (
            "a\ud800",
            r"^column 'note': the text has U\+D800, half of a surrogate pair; decode it",
        ),
    ],
)
def test_what_is_no_text_is_refused(value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ColumnTexts("note")({"note": [value]})


def test_rare_categories_are_merged_as_scikit_learn_merges_infrequent_ones() -> None:
    training = np.array([["a"]] * 5 + [["b"]] * 2 + [["c"]] + [["d"]] * 3, object)
    new = np.array([["a"], ["b"], ["c"], ["d"], ["never seen"]], object)
    encoder = OneHotEncoder(min_frequency=3, handle_unknown="infrequent_if_exist").fit(training)

    hot = OneHot((("a", "d", "(rare)"),), "error")(MergeRare((("a", "d"),))(new))

    np.testing.assert_array_equal(hot, cast("Any", encoder.transform(new)).todense())


def test_a_missing_text_and_another_column_stay() -> None:
    texts = np.array([["x", "y", "(rare)"], [None, None, "a"]], object)

    merged = MergeRare((("a",), None, ("a",)))(texts)

    assert merged.tolist() == [["(rare)", "y", "(rare)"], [None, None, "a"]]


def test_texts_of_another_width_are_refused() -> None:
    with pytest.raises(
        TransformError,
        match=r"^expected texts of categories of shape \(batch, 1\), got \(1, 2\)$",
    ):
        MergeRare((("a",),))(np.array([["a", "b"]], object))


def test_no_columns_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^kept: expected texts or null for one or more columns"
    ):
        MergeRare(())
