"""Where the user gives no samples they are drawn, the same for the same seed."""

from __future__ import annotations

import numpy as np

from edgesmith.drawn import drawn_samples, drawn_texts
from edgesmith_runtime.spec import TensorSpec

WORDS = ("cat", "dog")


def test_numbers_suit_the_dtype_and_shape() -> None:
    specs = (
        TensorSpec("x", "float32", ("batch", "time", 3)),
        TensorSpec("code", "int64", ("batch",)),
    )

    drawn = drawn_samples(specs, 0)

    assert (drawn["x"].dtype, drawn["x"].shape) == (np.float32, (64, 8, 3))
    assert (drawn["code"].dtype, set(drawn["code"].tolist())) == (np.int64, {0, 1})


def test_the_same_seed_draws_the_same() -> None:
    specs = (TensorSpec("x", "float32", ("batch", 3)),)

    first, second = drawn_samples(specs, 5), drawn_samples(specs, 5)

    np.testing.assert_array_equal(first["x"], second["x"], strict=True)


def test_texts_are_of_the_vocabulary_and_beyond() -> None:
    texts = drawn_texts((1,), WORDS, is_closed=False, rng=np.random.default_rng(0))

    drawn = set(texts.ravel())
    assert texts.shape == (64, 1)
    assert {"cat", "dog"} <= drawn
    assert any("日本語" in text for text in drawn)
    assert "" not in drawn


def test_a_closed_vocabulary_gives_its_own_entries_alone() -> None:
    texts = drawn_texts((), WORDS, is_closed=True, rng=np.random.default_rng(0))

    assert set(texts.tolist()) == {"cat", "dog"}
