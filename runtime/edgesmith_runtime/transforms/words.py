"""Steps from a text to tokens by a rule: words, and n-grams of characters within words."""

from __future__ import annotations

import re
from dataclasses import field
from functools import lru_cache
from typing import Any

from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.normalize_text import BLANKS
from edgesmith_runtime.transforms.rows import single_texts

__all__ = ["CharacterNgrams", "Words"]

MAX_SHORTEST = 1000
MAX_WIDTH = 32  # of a text it makes at most 528 bytes a byte, in 32 n-grams
MAX_KEPT_WORD = 64  # bytes; what is longer is hardly a word that comes again


@record()
class Words:
    r"""Each text as its words: the longest runs of letters, digits and underscores.

    That is ``\w`` of Python's ``re`` on Unicode. With ``shortest`` 2 the rule is scikit-learn's
    ``token_pattern``, ``(?u)\b\w\w+\b``, with 1 it is that of most others. Marks, blanks and
    emoji separate words.

    Args:
        shortest: Characters that a word has at least, 1 to 1000; shorter ones go.
        marks: Each character that is neither part of a word nor a blank is a token too.
    """

    shortest: int = 1
    marks: bool = False
    _of_ascii: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    _of_unicode: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= MAX_SHORTEST:
            raise ValueError(f"shortest: expected 1 to {MAX_SHORTEST}, got {self.shortest}")
        word = rf"\w{{{self.shortest},}}"
        # The blanks of str that those of bytes lack stand in the class by themselves.
        rule = rf"{word}|[^\w\s\x1c-\x1f]" if self.marks else word
        object.__setattr__(self, "_of_ascii", re.compile(rule.encode()))
        object.__setattr__(self, "_of_unicode", re.compile(rule))

    def __call__(self, texts: Any) -> list[list[bytes]]:
        """One row of tokens a sample, in the order of the text; none for an empty one.

        Args:
            texts: ``(batch,)`` or ``(batch, 1)``.

        Raises:
            TransformError: Several texts a sample.
        """
        return [self._one(text) for text in single_texts(texts, "split")]

    def _one(self, text: bytes) -> list[bytes]:
        if text.isascii():
            return self._of_ascii.findall(text)
        found = self._of_unicode.findall(text.decode("utf-8", "replace"))
        return [word.encode() for word in found]


@record()
class CharacterNgrams:
    """Each text as the runs of characters within its words, a blank before and after each word.

    scikit-learn's analyzer "char_wb": a text is split at blanks, so marks are parts of words and
    emoji are words. A word that with its two blanks is no longer than a width gives itself, once.

    Args:
        widths: The shortest and the longest n-gram, in characters (code points), 1 to 32.
    """

    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.widths) != 2 or not 1 <= self.widths[0] <= self.widths[1] <= MAX_WIDTH:
            raise ValueError(
                f"widths: expected the shortest and the longest n-gram, 1 to {MAX_WIDTH}, "
                f"got {list(self.widths)}"
            )

    def __call__(self, texts: Any) -> list[list[bytes]]:
        """One row of n-grams a sample: word by word, the short ones first.

        Args:
            texts: ``(batch,)`` or ``(batch, 1)``.

        Raises:
            TransformError: Several texts a sample.
        """
        return [self._one(text) for text in single_texts(texts, "split")]

    def _one(self, text: bytes) -> list[bytes]:
        if text.isascii():
            words = text.translate(BLANKS).split()
        else:
            words = [word.encode() for word in text.decode("utf-8", "replace").split()]
        first, last = self.widths
        grams: list[bytes] = []
        for word in words:
            within = _known_within if len(word) <= MAX_KEPT_WORD else _within
            grams += within(word, first, last)
        return grams


def _within(word: bytes, first: int, last: int) -> tuple[bytes, ...]:
    whole: Any = b" %b " % word
    if not word.isascii():
        whole = whole.decode()
    length = len(whole)
    if length <= first:
        return (b" %b " % word,)
    grams = [
        whole[start : start + width]
        for width in range(first, min(last, length) + 1)
        for start in range(length - width + 1)
    ]
    return tuple(grams if word.isascii() else [gram.encode() for gram in grams])


# Most words of a language are few: 5 MB hold them.
_known_within = lru_cache(maxsize=1 << 12)(_within)
