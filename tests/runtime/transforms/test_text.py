"""Texts are standardized, split and joined to the byte as TensorFlow does it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.text import Ngrams, SplitText, StandardizeText, Text

# All that tells one treatment of text from another: blanks of ASCII and of Unicode, NUL, marks of
# ASCII and beyond, letters with two cases, combining marks, emoji, and bytes that are no UTF-8.
PIECES = (
    *(bytes([code]) for code in range(128)),
    *(
        character.encode()
        for character in "Éßıİ\u03a3\u00a0\u3000\u2028\u0085\ufeff\u0301\u200d🙂\u2014\u2019¿日"
    ),
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xf4\x90\x80\x80",
)
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)
# Keras: layers/preprocessing/text_vectorization.py, the characters between its brackets
MARKS = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'


def _objects(texts: list[bytes]) -> np.ndarray[Any, Any]:
    array = np.empty(len(texts), object)
    array[:] = texts
    return array


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("strip", [True, False])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(HOSTILE, min_size=1, max_size=30))
def test_standardizing_is_tensorflows(texts: list[bytes], *, lower: bool, strip: bool) -> None:
    tf = pytest.importorskip("tensorflow")

    changed = StandardizeText(lower=lower, strip_punctuation=strip)(_objects(texts))

    expected = tf.constant(texts)
    if lower:
        expected = tf.strings.lower(expected)
    if strip:
        expected = tf.strings.regex_replace(expected, MARKS, "")
    assert list(changed) == expected.numpy().tolist()


@pytest.mark.parametrize("by", ["whitespace", "character"])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(HOSTILE, min_size=1, max_size=30))
def test_splitting_is_tensorflows(texts: list[bytes], by: str) -> None:
    tf = pytest.importorskip("tensorflow")

    tokens = SplitText(by)(_objects(texts))

    if by == "whitespace":
        assert tokens == tf.strings.split(texts).to_list()
    else:
        assert tokens == tf.strings.unicode_split(texts, "UTF-8").to_list()


@pytest.mark.parametrize("widths", [(1,), (2,), (1, 2), (3, 1, 2)])
@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.lists(HOSTILE, max_size=5), min_size=1, max_size=8).filter(
        lambda rows: any(rows)
    )
)
def test_ngrams_are_tensorflows(rows: list[list[bytes]], widths: tuple[int, ...]) -> None:
    tf = pytest.importorskip("tensorflow")

    grams = Ngrams(widths)(rows)

    assert grams == tf.strings.ngrams(tf.ragged.constant(rows), widths, " ").to_list()


def test_ngrams_of_an_array_are_an_array() -> None:
    tokens = np.array([[b"a", b"b", b"c"], [b"d", b"", b"e"]], object)

    grams = Ngrams((2,))(tokens)

    np.testing.assert_array_equal(
        grams, np.array([[b"a b", b"b c"], [b"d ", b" e"]], object), strict=True
    )


@pytest.mark.parametrize(
    ("shape", "samples", "expected"),
    [
        ((), ["Bern", b"\xff"], [b"Bern", b"\xff"]),
        ((1,), ["Zürich", ["Bern"]], [["Zürich".encode()], [b"Bern"]]),
        ((2,), [["a", "b"], ("c", "")], [[b"a", b"b"], [b"c", b""]]),
        ((-1,), [["a", "b", "\0"]], [[b"a", b"b", b"\0"]]),
        ((), np.array(["a", "é"]), [b"a", "é".encode()]),
        ((1,), np.array([["a"], ["b"]], object), [[b"a"], [b"b"]]),
        ((2,), [], np.empty((0, 2))),
    ],
)
def test_raw_texts_become_bytes_of_the_samples_shape(
    shape: tuple[int, ...], samples: Any, expected: Any
) -> None:
    texts = Text(shape)(samples)

    np.testing.assert_array_equal(texts, np.array(expected, object), strict=True)


@pytest.mark.parametrize(
    ("shape", "samples", "message"),
    [
        ((), [3], "expected a text, got int"),
        ((), [None], "expected a text, got NoneType"),
        ((), "Bern", "expected texts, one a sample, got str"),
        ((), [["a", "b"]], r"expected one text a sample, got the shape \(2,\)"),
        ((2,), ["a"], r"expected texts of shape \(2,\) a sample, got str"),
        ((2,), [["a"]], r"expected texts of shape \(2,\) a sample, got the shape \(1,\)"),
        ((-1,), [["a"], ["b", "c"]], r"must agree in shape, got \[\(1,\), \(2,\)\]"),
        ((), ["ab\ud800"], r"the text has U\+D800 at 2, half of a surrogate pair"),
    ],
)
def test_what_is_no_text_of_the_shape_is_refused(
    shape: tuple[int, ...], samples: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Text(shape)(samples)


def test_several_texts_a_sample_are_not_split() -> None:
    with pytest.raises(TransformError, match="expected one text a sample to split"):
        SplitText("whitespace")(np.array([[b"a", b"b"]], object))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SplitText("line"), "by: expected 'whitespace' or 'character', got 'line'"),
        (lambda: Ngrams(()), "widths: expected numbers from 1, got []"),
        (lambda: Ngrams((0,)), "widths: expected numbers from 1, got [0]"),
        (lambda: Ngrams((1,) * 33), "widths: expected at most 32, got 33"),
        (lambda: Text((-2,)), "shape: an axis is a length or -1, got [-2]"),
    ],
)
def test_params_that_no_step_can_have_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
