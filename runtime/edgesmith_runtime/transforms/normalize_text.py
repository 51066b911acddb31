"""The step that makes texts alike: Unicode form, case, accents, marks, digits, blanks."""

from __future__ import annotations

import string
import unicodedata
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.rows import mapped, texts_in

if TYPE_CHECKING:
    from edgesmith_runtime.transforms.rows import Rows

__all__ = ["BLANKS", "NormalizeText"]

FORMS = ("none", "NFC", "NFKC", "NFD", "NFKD")
CASES = ("keep", "lower", "fold")
PUNCTUATION = ("keep", "strip", "space")
DIGITS = ("keep", "zero")
MARKED = frozenset(
    "PS"
)  # the first letters of the Unicode categories of punctuation and symbols

# What str.split takes for a blank in ASCII, and bytes.split does not.
BLANKS = bytes.maketrans(b"\x1c\x1d\x1e\x1f", b"    ")


@record(kw_only=True)
class NormalizeText:
    """Texts that differ in what does not matter become equal.

    In this order: form, case, accents, form again where the two before changed it; punctuation
    and digits; blanks. Categories and forms are those of Unicode as Python's ``unicodedata`` has
    them (UAX 15 for the forms, the property General_Category for the rest); a newer Python knows
    more characters.

    Args:
        form: "NFC", "NFKC", "NFD", "NFKD" or "none": how one character that can be written
            several ways is. The forms with a K also make e.g. full-width letters plain ones.
        case: "keep"; "lower": small letters (``str.lower``); "fold": what compares without case
            (``str.casefold``, so that a sharp s is ss).
        strip_accents: What combines with a letter (combining class above 0) goes, after the
            letter was taken apart (NFD).
        punctuation: "keep"; "strip": the categories P and S go, emoji and currency signs too;
            "space": each becomes a blank.
        digits: "keep"; "zero": a decimal digit of any script (category Nd) becomes 0.
        collapse_blanks: Runs of blanks (``str.isspace``) become one blank, those at the ends go.
    """

    form: str = "none"
    case: str = "keep"
    strip_accents: bool = False
    punctuation: str = "keep"
    digits: str = "keep"
    collapse_blanks: bool = False
    _table: bytes = field(init=False, repr=False, compare=False)
    _stripped: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, known in (
            ("form", FORMS),
            ("case", CASES),
            ("punctuation", PUNCTUATION),
            ("digits", DIGITS),
        ):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got '{value}'")
        table = {code: chr(code) for code in range(128)}
        if self.case != "keep":
            table.update({ord(letter): letter.lower() for letter in string.ascii_uppercase})
        if self.punctuation == "space":
            table.update(dict.fromkeys(map(ord, string.punctuation), " "))
        if self.digits == "zero":
            table.update(dict.fromkeys(map(ord, string.digits), "0"))
        codes = [ord(table[code]) if code < 128 else code for code in range(256)]
        if self.collapse_blanks:
            codes[0x1C:0x20] = BLANKS[0x1C:0x20]
        object.__setattr__(self, "_table", bytes(codes))
        stripped = string.punctuation.encode() if self.punctuation == "strip" else b""
        object.__setattr__(self, "_stripped", stripped)

    def __call__(self, texts: Any) -> Rows:
        """The same shape; bytes that are no UTF-8 become U+FFFD, an empty text stays empty.

        Raises:
            TransformError: Not the texts that the step "text" gives.
        """
        return mapped(texts_in(texts), self._one, object)

    def _one(self, text: bytes) -> bytes:
        if not text.isascii():
            return self._of_unicode(text.decode("utf-8", "replace")).encode()
        text = text.translate(self._table, self._stripped)
        return b" ".join(text.split()) if self.collapse_blanks else text

    def _of_unicode(self, text: str) -> str:
        text = self._formed(text)
        if self.case != "keep":
            text = self._formed(text.lower() if self.case == "lower" else text.casefold())
        if self.strip_accents:
            apart = unicodedata.normalize("NFD", text)
            bare = "".join([c for c in apart if not unicodedata.combining(c)])
            text = self._formed(bare)
        if (self.punctuation, self.digits) != ("keep", "keep"):
            text = "".join([_changed(c, self.punctuation, self.digits) for c in text])
        return " ".join(text.split()) if self.collapse_blanks else text

    def _formed(self, text: str) -> str:
        return text if self.form == "none" else unicodedata.normalize(self.form, text)  # pyright: ignore[reportArgumentType] - one of FORMS


@lru_cache(maxsize=1 << 14)
def _changed(character: str, punctuation: str, digits: str) -> str:
    if punctuation != "keep" and unicodedata.category(character)[0] in MARKED:
        return "" if punctuation == "strip" else " "
    return "0" if digits == "zero" and character.isdecimal() else character
