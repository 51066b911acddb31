"""Entries of a vocabulary become their index; the others share what is kept for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.lookup import Lookup, LookupNumbers

WORDS = ("cat", "Zürich", "\0", "a b")


def _objects(*texts: str) -> np.ndarray[Any, Any]:
    return np.array([text.encode() for text in texts], object)


def test_the_vocabulary_follows_the_unknown() -> None:
    lookup = Lookup(vocabulary=WORDS, first=1, n_unknown=1, mask="", mask_index=0)

    indices = lookup(_objects("Zürich", "dog", "", "\0", "cat"))

    np.testing.assert_array_equal(indices, np.array([3, 1, 0, 4, 2]), strict=True)


def test_rows_of_tokens_stay_rows() -> None:
    lookup = Lookup(vocabulary=WORDS)

    assert lookup([[b"cat", b"dog"], [], [b"a b"]]) == [[1, 0], [], [4]]


def test_numbers_are_looked_up_by_their_value() -> None:
    lookup = LookupNumbers(vocabulary=(7, -3), first=1, mask=0, mask_index=-1)

    indices = lookup(np.array([[7, -3], [0, 5]], np.int32))

    np.testing.assert_array_equal(indices, np.array([[2, 3], [-1, 1]]), strict=True)


@pytest.mark.parametrize("salt", [None, (3, -4)])
def test_several_unknown_indices_are_told_apart_by_tensorflows_hash(
    salt: tuple[int, int] | None,
) -> None:
    tf = pytest.importorskip("tensorflow")
    texts = [f"text {number}" for number in range(40)]

    indices = Lookup(vocabulary=WORDS, first=1, n_unknown=5, salt=salt)(_objects(*texts))

    hashed = (
        tf.strings.to_hash_bucket_fast(texts, 5)
        if salt is None
        else tf.strings.to_hash_bucket_strong(texts, 5, list(salt))
    )
    np.testing.assert_array_equal(indices, hashed.numpy() + 1, strict=True)


@pytest.mark.parametrize(
    ("lookup", "values", "message"),
    [
        (
            Lookup(vocabulary=WORDS, n_unknown=0),
            _objects("cat", "c" * 60),
            rf"expected one of the 4 texts of the vocabulary, got '{'c' * 37}\.\.\.'",
        ),
        (
            LookupNumbers(vocabulary=(7,), n_unknown=0),
            np.array([8]),
            "expected one of the 1 numbers of the vocabulary, got 8",
        ),
    ],
)
def test_without_an_index_for_it_the_unknown_is_refused(
    lookup: Any, values: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        lookup(values)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"vocabulary": ("a", "a")}, "expected texts that differ, one stands twice"),
        (
            {"vocabulary": ("a",), "first": -1},
            "expected numbers from 0 to 2147483648, got -1, 1",
        ),
        ({"vocabulary": ("a",), "salt": (1,)}, r"salt: expected two numbers, got \[1\]"),
    ],
)
def test_params_that_no_vocabulary_can_have_are_refused(
    params: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Lookup(**params)


def test_a_number_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="expected numbers that differ, one stands twice"):
        LookupNumbers(vocabulary=(1, 1))
