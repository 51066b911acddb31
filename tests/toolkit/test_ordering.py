"""Names in the order that people expect."""

from __future__ import annotations

from itertools import permutations

from edgesmith.ordering import naturally_sorted


def test_numbers_are_ordered_by_value() -> None:
    assert naturally_sorted(["10", "9", "-1", "0.5"]) == ["-1", "0.5", "9", "10"]


def test_numbers_within_names_count_by_value() -> None:
    assert naturally_sorted(["a10", "b", "a2", "A1"]) == ["A1", "a2", "a10", "b"]


def test_the_word_nan_among_numbers_has_one_place() -> None:
    orders = {tuple(naturally_sorted(texts)) for texts in permutations(["1", "2", "10", "nan"])}

    assert orders == {("1", "2", "10", "nan")}
