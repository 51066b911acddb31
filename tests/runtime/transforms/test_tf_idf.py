"""Indices of tokens become scikit-learn's tf-idf."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.assets import asset_from_numbers, asset_from_texts
from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.tf_idf import TfIdf

TEXTS = [
    "Free entry in 2 a wkly comp to win FA Cup final tkts",
    "Ok lar... Joking wif u oni...",
    "free free FREE call now to win a prize, a cup, a call",
    "I'll call u later, ok?",
    "win",
]
UNSEEN = [*TEXTS, "", "zzz qqq", "🙂🙂", "call zzz call"]


def _program(
    vectorizer: Any, splitting: list[tuple[str, dict[str, Any]]], **params: Any
) -> Any:
    steps = [Step(op="text", inputs=("text",), outputs=("v0",))]
    for op, given in [("normalize_text", {"case": "lower"}), *splitting]:
        place = len(steps)
        steps.append(
            Step(op=op, inputs=(f"v{place - 1}",), outputs=(f"v{place}",), params=given)
        )
    last = steps[-1].outputs
    steps += [
        Step(op="lookup", inputs=last, outputs=("indices",), asset="assets/words.json"),
        Step(
            op="tf_idf",
            inputs=("indices",),
            outputs=("features",),
            params=params,
            asset="assets/idf.npy",
        ),
    ]
    assets = {
        "assets/words.json": asset_from_texts(vectorizer.get_feature_names_out().tolist()),
        "assets/idf.npy": asset_from_numbers(vectorizer.idf_.astype(np.float32)),
    }
    return Transform(tuple(steps), ("text",), assets)


@pytest.mark.parametrize("sublinear", [True, False])
@pytest.mark.parametrize("norm", ["l2", None])
def test_it_equals_scikit_learns_vectorizer_on_words(
    *, sublinear: bool, norm: str | None
) -> None:
    text_tools = pytest.importorskip("sklearn.feature_extraction.text")
    vectorizer = text_tools.TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=sublinear, norm=norm
    ).fit(TEXTS)
    splitting = [("words", {"shortest": 2}), ("ngrams", {"widths": [1, 2]})]
    transform = _program(vectorizer, splitting, sublinear=sublinear, normalize=norm is not None)

    features = transform({"text": UNSEEN})["features"]

    assert features.dtype == np.float32
    np.testing.assert_allclose(features, vectorizer.transform(UNSEEN).toarray(), rtol=1e-6)


def test_it_equals_scikit_learns_vectorizer_on_characters() -> None:
    text_tools = pytest.importorskip("sklearn.feature_extraction.text")
    vectorizer = text_tools.TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True
    ).fit(TEXTS)
    transform = _program(vectorizer, [("character_ngrams", {"widths": [2, 5]})])

    features = transform({"text": UNSEEN})["features"]

    np.testing.assert_allclose(features, vectorizer.transform(UNSEEN).toarray(), rtol=1e-6)


def test_a_text_without_a_known_token_is_all_zeros() -> None:
    features = TfIdf(weights=(2.0, 3.0))([[], [0, 0, 9, -1], [1]])

    np.testing.assert_array_equal(features, [[0, 0], [0, 0], [1, 0]])


def test_the_weights_start_at_first() -> None:
    features = TfIdf(weights=(2.0, 3.0), first=5, sublinear=False, normalize=False)(
        np.array([[4, 5, 6, 6]])
    )

    np.testing.assert_array_equal(features, np.array([[2, 6]], np.float32), strict=True)


def test_an_empty_batch_stays_one() -> None:
    assert TfIdf(weights=(2.0, 3.0))([]).shape == (0, 2)


@pytest.mark.parametrize("weights", [(), (1.0, float("inf"))])
def test_weights_that_are_none_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"^weights: expected one finite number or more$"):
        TfIdf(weights=weights)


@pytest.mark.parametrize("first", [-1, 10**30])
def test_a_first_index_that_cannot_be_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match=rf"^first: expected 0 to 2147483648, got {first}$"):
        TfIdf(weights=(1.0,), first=first)


def test_what_is_no_index_is_refused() -> None:
    with pytest.raises(TransformError, match=r"^expected whole numbers, got ndarray$"):
        TfIdf(weights=(1.0,))(np.ones((2, 2)))
