"""Steps that look up texts or whole numbers in a vocabulary: each becomes its index."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.fingerprints import fingerprint64, siphash
from edgesmith_runtime.transforms.indices import MAX_FIRST
from edgesmith_runtime.transforms.rows import (
    Rows,
    mapped,
    numbers_in,
    shown_text,
    texts_in,
)

__all__ = ["Lookup", "LookupNumbers"]


@record(kw_only=True)
class Lookup:
    """A text becomes its index: first the indices for unknown texts, then the vocabulary.

    Equal to Keras' ``StringLookup``.

    Args:
        vocabulary: Texts that differ.
        first: The index of the first unknown one, or of the vocabulary without any.
        n_unknown: How many indices are for texts outside of the vocabulary; a text gets one by
            its hash. With 0 such a text is an error.
        salt: Two numbers: SipHash under this key instead of FarmHash.
        mask: A text that has an index of its own.
        mask_index: That index; -1 is left out by the steps that count.
    """

    vocabulary: tuple[str, ...]
    first: int = 0
    n_unknown: int = 1
    salt: tuple[int, ...] | None = None
    mask: str | None = None
    mask_index: int = 0
    _places: dict[bytes, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self.first, self.n_unknown, self.mask_index, self.salt)
        start = self.first + self.n_unknown
        places = {text.encode(): start + at for at, text in enumerate(self.vocabulary)}
        if len(places) != len(self.vocabulary):
            raise ValueError("vocabulary: expected texts that differ, one stands twice")
        if self.mask is not None:
            places[self.mask.encode()] = self.mask_index
        object.__setattr__(self, "_places", places)

    def __call__(self, texts: Any) -> Rows:
        """Indices: int64 of the same shape, or rows of the same lengths.

        Raises:
            InputError: A text outside of the vocabulary where ``n_unknown`` is 0.
        """
        places = self._places
        given = texts_in(texts)
        if self.n_unknown == 1 and isinstance(given, list):  # no call for each token
            find, unknown = places.get, self.first
            return [[find(text, unknown) for text in row] for row in given]

        def place(text: bytes) -> int:
            known = places.get(text)
            return self._unknown(text) if known is None else known

        return mapped(given, place, np.int64)

    def _unknown(self, text: bytes) -> int:
        if self.n_unknown == 0:
            raise InputError(
                f"expected one of the {len(self.vocabulary)} texts of the vocabulary, "
                f"got {shown_text(text)}"
            )
        return self.first + _bucket(text, self.n_unknown, self.salt)


@record(kw_only=True)
class LookupNumbers:
    """A whole number becomes its index, as in ``lookup``; its hash is that of its digits.

    Equal to Keras' ``IntegerLookup``.

    Args:
        vocabulary: Whole numbers that differ.
        first: As in ``lookup``.
        n_unknown: As in ``lookup``.
        salt: As in ``lookup``.
        mask: A number that has an index of its own.
        mask_index: As in ``lookup``.
    """

    vocabulary: tuple[int, ...]
    first: int = 0
    n_unknown: int = 1
    salt: tuple[int, ...] | None = None
    mask: int | None = None
    mask_index: int = 0
    _places: dict[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self.first, self.n_unknown, self.mask_index, self.salt)
        start = self.first + self.n_unknown
        places = {number: start + at for at, number in enumerate(self.vocabulary)}
        if len(places) != len(self.vocabulary):
            raise ValueError("vocabulary: expected numbers that differ, one stands twice")
        if self.mask is not None:
            places[self.mask] = self.mask_index
        object.__setattr__(self, "_places", places)

    def __call__(self, numbers: Any) -> Rows:
        """Indices: int64 of the same shape, or rows of the same lengths.

        Raises:
            InputError: A number outside of the vocabulary where ``n_unknown`` is 0.
        """

        def place(number: int) -> int:
            known = self._places.get(number)
            return self._unknown(number) if known is None else known

        return mapped(numbers_in(numbers), place, np.int64)

    def _unknown(self, number: int) -> int:
        if self.n_unknown == 0:
            raise InputError(
                f"expected one of the {len(self.vocabulary)} numbers of the vocabulary, "
                f"got {number}"
            )
        return self.first + _bucket(str(number).encode(), self.n_unknown, self.salt)


def _bucket(text: bytes, n_unknown: int, salt: tuple[int, ...] | None) -> int:
    if n_unknown == 1:
        return 0
    if salt is None:
        return fingerprint64(text) % n_unknown
    return siphash(text, (salt[0], salt[1])) % n_unknown


def _check(first: int, n_unknown: int, mask_index: int, salt: tuple[int, ...] | None) -> None:
    if not (0 <= first <= MAX_FIRST and 0 <= n_unknown <= MAX_FIRST):
        raise ValueError(
            f"first, n_unknown: expected numbers from 0 to {MAX_FIRST}, got {first}, {n_unknown}"
        )
    if abs(mask_index) > MAX_FIRST:
        raise ValueError(f"mask_index: expected -{MAX_FIRST} to {MAX_FIRST}, got {mask_index}")
    if salt is not None and len(salt) != 2:
        raise ValueError(f"salt: expected two numbers, got {list(salt)}")
