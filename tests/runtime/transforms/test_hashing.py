"""Bins are those of Keras' Hashing and HashedCrossing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.hashing import CrossHash, Hash

TEXTS = ["", "Bern", "Zürich", "\0", "🙂" * 30, "e\u0301", "\u00a0", "x" * 5000, "tab\tline\n"]
NUMBERS = np.array([0, 1, -1, 7, 10**12, -(2**63), 2**63 - 1, 42, -9])


def _objects(texts: list[str]) -> np.ndarray[Any, Any]:
    return np.array([text.encode() for text in texts], object)


@pytest.mark.parametrize("salt", [None, (133, 137), (-1, 0)])
@pytest.mark.parametrize(("n_bins", "mask"), [(1, "Bern"), (3, None), (1000, "Bern"), (7, "")])
def test_texts_have_the_bins_of_keras(
    salt: tuple[int, int] | None, n_bins: int, mask: str | None
) -> None:
    keras = pytest.importorskip("keras")

    bins = Hash(n_bins=n_bins, salt=salt, mask=mask)(_objects(TEXTS))

    layer = keras.layers.Hashing(n_bins, mask_value=mask, salt=salt)
    np.testing.assert_array_equal(bins, layer(np.array(TEXTS, object)), strict=True)


@pytest.mark.parametrize("salt", [None, (133, 137)])
@pytest.mark.parametrize("mask", [None, 7])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float32", "float64"])
def test_numbers_have_the_bins_of_keras(
    salt: tuple[int, int] | None, mask: int | None, dtype: str
) -> None:
    keras = pytest.importorskip("keras")
    numbers = np.array([[0, 1, 7, 200], [3, 7, 9, 11]]).astype(dtype)
    if numbers.dtype.kind == "f":
        numbers += np.array(0.75, dtype)
        numbers[0, 2] = 7

    bins = Hash(n_bins=10, salt=salt, mask=mask)(numbers)

    layer = keras.layers.Hashing(10, mask_value=mask, salt=salt)
    np.testing.assert_array_equal(bins, layer(numbers), strict=True)


@pytest.mark.parametrize("n_bins", [1, 7, 10**9])
@pytest.mark.parametrize(
    "columns",
    [
        (TEXTS, TEXTS[::-1]),
        (TEXTS, NUMBERS),
        (NUMBERS, TEXTS),
        (NUMBERS, NUMBERS[::-1]),
        (TEXTS, NUMBERS, TEXTS[::-1]),
    ],
    ids=["texts", "text-number", "number-text", "numbers", "three"],
)
def test_crosses_have_the_bins_of_keras(n_bins: int, columns: tuple[Any, ...]) -> None:
    keras = pytest.importorskip("keras")
    ours = [_objects(one) if isinstance(one, list) else one for one in columns]

    bins = CrossHash(n_bins)(*ours)

    given = [np.array(one, object) if isinstance(one, list) else one for one in columns]
    expected = keras.layers.HashedCrossing(n_bins)(given)
    np.testing.assert_array_equal(bins, expected, strict=True)


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e19])
def test_a_number_that_has_no_digits_of_64_bits_is_refused(number: float) -> None:
    with pytest.raises(InputError, match="expected finite numbers of at most 64 bits to hash"):
        Hash(n_bins=3)(np.array([number]))


def test_columns_of_different_shapes_are_refused() -> None:
    with pytest.raises(TransformError, match=r"got the shapes \[\(2,\), \(2, 1\)\]"):
        CrossHash(3)(np.array([1, 2]), np.array([[1], [2]]))


def test_rows_of_tokens_are_not_crossed() -> None:
    with pytest.raises(
        TransformError, match="expected texts of one a sample to cross, got rows"
    ):
        CrossHash(3)([[b"a"]], [[b"b"]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Hash(n_bins=0), "n_bins: expected 1 to 4611686018427387904, got 0"),
        (lambda: Hash(n_bins=10**30), f"n_bins: expected 1 to {1 << 62}, got {10**30}"),
        (lambda: Hash(n_bins=2, salt=(1,)), r"salt: expected two numbers, got \[1\]"),
        (lambda: CrossHash(0), "n_bins: expected 1 to 4611686018427387904, got 0"),
    ],
)
def test_params_that_no_hash_can_have_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
