"""Texts that differ in what does not matter become equal."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.transforms.normalize_text import NormalizeText

# Every kind of character that a rule acts on, and such that no rule does.
CHARACTERS = [
    *map(chr, range(128)),
    *"ÉßıİΣςﬁ\uff21\uff11٣²½",
    *"\u0301\u00a0\u3000\u0085\u200d\ufeff\u2028",
    *"—\u2019¿£€©🙂日ℵ",
]
TEXTS = st.lists(st.sampled_from(CHARACTERS), max_size=20).map("".join)


def _normalized(text: str | bytes, **params: Any) -> str:
    texts = np.empty(1, object)
    texts[0] = text if isinstance(text, bytes) else text.encode()
    normalized: Any = NormalizeText(**params)(texts)
    return normalized[0].decode()


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFD", "NFKD"])
@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_a_form_is_unicodes(text: str, form: Any) -> None:
    assert _normalized(text, form=form) == unicodedata.normalize(form, text)


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_case_is_that_of_str(text: str) -> None:
    assert _normalized(text, case="lower") == text.lower()
    assert _normalized(text, case="fold") == text.casefold()


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_accents_go_as_scikit_learn_strips_them(text: str) -> None:
    text_tools = pytest.importorskip("sklearn.feature_extraction.text")

    stripped = _normalized(text, form="NFKD", strip_accents=True)

    assert stripped == text_tools.strip_accents_unicode(unicodedata.normalize("NFKD", text))


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_blanks_collapse_as_str_splits(text: str) -> None:
    assert _normalized(text, collapse_blanks=True) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "params", "expected"),
    [
        ("Win £1,000 NOW!!", {"punctuation": "strip"}, "Win 1000 NOW"),
        ("can't_stop", {"punctuation": "space"}, "can t stop"),
        ("good 🙂 day", {"punctuation": "strip", "collapse_blanks": True}, "good day"),
        ("call 0870-٣٤", {"digits": "zero"}, "call 0000-00"),
        ("x² ½", {"digits": "zero"}, "x² ½"),
        ("Cafe\u0301", {"form": "NFC"}, "Caf\u00e9"),
        ("Caf\u00e9", {"strip_accents": True}, "Cafe"),
        (
            "\uff21\uff22\uff23\uff11",
            {"form": "NFKC", "case": "lower", "digits": "zero"},
            "abc0",
        ),
        ("a\x1c\x1fb", {"collapse_blanks": True}, "a b"),
        ("", {"form": "NFKC", "case": "lower", "punctuation": "strip"}, ""),
        ("🙂", {"form": "NFKC", "case": "lower"}, "🙂"),
        (b"\xff\xfe", {}, "\ufffd\ufffd"),
    ],
)
def test_each_rule_on_a_text(text: str | bytes, params: dict[str, Any], expected: str) -> None:
    assert _normalized(text, **params) == expected


@settings(max_examples=60, deadline=None)
@given(text=TEXTS.filter(str.isascii))
def test_a_text_of_ascii_takes_a_quicker_way_to_the_same(text: str) -> None:
    params: dict[str, Any] = {
        "form": "NFKC",
        "case": "lower",
        "punctuation": "space",
        "digits": "zero",
        "collapse_blanks": True,
    }

    assert f"{_normalized(text, **params)} é".strip() == _normalized(f"{text} é", **params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"form": "NFX"}, "form: expected one of none, NFC, NFKC, NFD, NFKD, got 'NFX'"),
        ({"case": "upper"}, "case: expected one of keep, lower, fold, got 'upper'"),
        ({"punctuation": "no"}, "punctuation: expected one of keep, strip, space, got 'no'"),
        ({"digits": "drop"}, "digits: expected one of keep, zero, got 'drop'"),
    ],
)
def test_a_wrong_param_is_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        NormalizeText(**params)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TransformError, match="expected the texts that the step 'text' gives"):
        NormalizeText()(np.zeros(2))
