"""Texts are split into words and character n-grams by scikit-learn's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.transforms.words import CharacterNgrams, Words, _known_within

CHARACTERS = [*map(chr, range(128)), *"Éßİ\u0301\u00a0\u3000\u0085\u2028\u200d—\u2019£🙂日٣"]
TEXTS = st.lists(st.sampled_from(CHARACTERS), max_size=24).map("".join)


def _split(op: Any, text: str) -> list[str]:
    texts = np.empty(1, object)
    texts[0] = text.encode()
    (row,) = op(texts)
    return [token.decode() for token in row]


@pytest.mark.parametrize("shortest", [1, 2])
@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_words_are_those_of_scikit_learns_pattern(text: str, shortest: int) -> None:
    text_tools = pytest.importorskip("sklearn.feature_extraction.text")
    pattern = {1: r"(?u)\b\w+\b", 2: r"(?u)\b\w\w+\b"}[shortest]
    analyze = text_tools.CountVectorizer(
        token_pattern=pattern, lowercase=False
    ).build_analyzer()

    assert _split(Words(shortest=shortest), text) == analyze(text)


@pytest.mark.parametrize("widths", [(1, 1), (2, 5), (1, 4), (3, 3), (4, 9)])
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_character_ngrams_are_those_of_scikit_learn(text: str, widths: tuple[int, int]) -> None:
    text_tools = pytest.importorskip("sklearn.feature_extraction.text")
    analyze = text_tools.CountVectorizer(
        analyzer="char_wb", ngram_range=widths, lowercase=False
    ).build_analyzer()

    assert _split(CharacterNgrams(widths), text) == analyze(text)


def test_marks_are_tokens_where_asked() -> None:
    text = "Free!! £5, ok? 🙂"

    assert _split(Words(), text) == ["Free", "5", "ok"]
    assert _split(Words(marks=True), text) == [
        *("Free", "!", "!", "£", "5", ",", "ok", "?", "🙂"),
    ]


@pytest.mark.parametrize("op", [Words(), Words(marks=True), CharacterNgrams((1, 3))])
@pytest.mark.parametrize("text", ["", " \t\n\x1c\u00a0"])
def test_an_empty_text_has_no_tokens(op: Any, text: str) -> None:
    assert _split(op, text) == []


def test_emoji_are_no_words_and_have_character_ngrams() -> None:
    assert _split(Words(), "🙂🙂") == []
    assert _split(CharacterNgrams((2, 2)), "🙂") == [" 🙂", "🙂 "]


def test_a_wrong_param_is_named() -> None:
    for shortest in (0, 1 << 32):
        with pytest.raises(
            ValueError, match=rf"^shortest: expected 1 to 1000, got {shortest}$"
        ):
            Words(shortest=shortest)
    for widths in ((3, 2), (2,), (1, 33)):
        got = str(list(widths)).replace("[", r"\[").replace("]", r"\]")
        with pytest.raises(ValueError, match=rf"^widths: expected .*, 1 to 32, got {got}$"):
            CharacterNgrams(widths)


def test_a_long_word_is_not_kept() -> None:
    before = _known_within.cache_info().currsize

    grams = _split(CharacterNgrams((3, 5)), "z" * 65)

    assert len(grams) == 65 + 64 + 63
    assert _known_within.cache_info().currsize == before


@pytest.mark.parametrize("op", [Words(), CharacterNgrams((1, 3))])
def test_several_texts_a_sample_are_refused(op: Any) -> None:
    texts = np.array([[b"a", b"b"]], object)

    with pytest.raises(TransformError, match=r"^expected one text a sample to split$"):
        op(texts)
