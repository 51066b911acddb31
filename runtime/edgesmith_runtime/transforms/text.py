"""Steps on raw texts: check, standardize, split, n-grams; to the byte as TensorFlow does it.

A text is bytes in UTF-8 from here on, as in TensorFlow. What they do was read off
``tf.strings.lower``, ``regex_replace``, ``split``, ``unicode_split`` and ``ngrams`` and is held
against them by tests.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.rows import as_rows, mapped, single_texts, texts_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.rows import Rows

__all__ = ["Ngrams", "SplitText", "StandardizeText", "Text"]

MAX_WIDTHS = 32  # each makes about as many n-grams as there are tokens


@record()
class Text:
    """Take raw texts, after a check, as bytes in UTF-8; what ``tf.constant`` makes of a str.

    Args:
        shape: The sample shape; -1 is a free axis. With one text a sample in all, a sample may
            be that text itself.
    """

    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(axis < -1 for axis in self.shape):
            raise ValueError(f"shape: an axis is a length or -1, got {list(self.shape)}")

    def __call__(self, samples: Any) -> NDArray[np.object_]:
        """Texts, ``(batch, *shape)`` of bytes.

        Args:
            samples: A list, one a sample, or an array whose first axis is the batch: str, or
                bytes, which are taken as they are.

        Raises:
            InputError: Another shape, no text, or half of a surrogate pair, which no encoding
                of text has.
        """
        if not isinstance(samples, np.ndarray | list | tuple):
            raise InputError(f"expected texts, one a sample, got {type(samples).__name__}")
        arrays = [self._one(sample) for sample in cast("list[Any]", samples)]
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1:
            raise InputError(f"samples of one batch must agree in shape, got {sorted(shapes)}")
        shape = shapes.pop() if shapes else tuple(max(axis, 0) for axis in self.shape)
        texts = np.empty((len(arrays), *shape), object)
        for index, array in enumerate(arrays):
            texts[index] = array if shape else array[()]
        return texts

    def _one(self, sample: Any) -> NDArray[np.object_]:
        try:
            array = np.asarray(sample, object)
        except ValueError as error:
            raise InputError(f"expected texts of shape {self.shape}, got {error}") from error
        if array.ndim == 0 and all(axis == 1 for axis in self.shape):
            array = array.reshape(self.shape)
        fits = array.ndim == len(self.shape) and all(
            axis in (-1, length) for axis, length in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            raise InputError(self._fault(array))
        return cast("NDArray[np.object_]", mapped(array, _as_bytes, object))

    def _fault(self, array: NDArray[np.object_]) -> str:
        expected = (
            f"texts of shape {self.shape} a sample" if self.shape else "one text a sample"
        )
        if array.ndim:
            return f"expected {expected}, got the shape {array.shape}"
        return f"expected {expected}, got {type(array[()]).__name__}"


def _as_bytes(text: object) -> bytes:
    if isinstance(text, str):
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            half = f"U+{ord(text[error.start]):04X}"
            raise InputError(
                f"the text has {half} at {error.start}, half of a surrogate pair; decode it with "
                "errors='replace'"
            ) from error
    if isinstance(text, bytes):
        return bytes(text)
    raise InputError(f"expected a text, got {type(text).__name__}")


_CAPITALS = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_PUNCTUATION = string.punctuation.encode()  # the 32 characters of Keras' expression


@record()
class StandardizeText:
    """Small letters and no punctuation, of ASCII alone: Keras leaves all others as they are.

    Args:
        lower: A to Z become a to z.
        strip_punctuation: The 32 punctuation marks of ASCII are taken out.
    """

    lower: bool
    strip_punctuation: bool

    def __call__(self, texts: Any) -> Rows:
        """The same shape."""
        table = _CAPITALS if self.lower else None
        strip = _PUNCTUATION if self.strip_punctuation else b""
        return mapped(texts_in(texts), lambda text: text.translate(table, strip), object)


@record()
class SplitText:
    """Texts to rows of tokens, as ``tf.strings.split`` and ``tf.strings.unicode_split``.

    Args:
        by: "whitespace": runs of the six blanks of ASCII separate, so U+00A0 and U+3000 are
            parts of a word. "character": each code point of UTF-8, U+FFFD for what is none.
    """

    by: str

    def __post_init__(self) -> None:
        if self.by not in ("whitespace", "character"):
            raise ValueError(f"by: expected 'whitespace' or 'character', got '{self.by}'")

    def __call__(self, texts: Any) -> list[list[bytes]]:
        """One row of tokens a sample.

        Args:
            texts: ``(batch,)`` or ``(batch, 1)``.

        Raises:
            TransformError: Several texts a sample.
        """
        split = bytes.split if self.by == "whitespace" else _characters
        return [split(text) for text in single_texts(texts, "split")]


def _characters(text: bytes) -> list[bytes]:
    return [character.encode() for character in text.decode("utf-8", "replace")]


@record()
class Ngrams:
    """Tokens that follow one another, joined by a blank, as ``tf.strings.ngrams``.

    Args:
        widths: Numbers of tokens, in the order of the result: first all of the first width; at
            most 32.
    """

    widths: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"widths: expected numbers from 1, got {list(self.widths)}")
        if len(self.widths) > MAX_WIDTHS:
            raise ValueError(f"widths: expected at most {MAX_WIDTHS}, got {len(self.widths)}")

    def __call__(self, tokens: Any) -> Rows:
        """Rows of n-grams; a row that is shorter than a width has none of it.

        Args:
            tokens: Rows of tokens, or an array ``(batch, length)``, which gives an array.

        Raises:
            TransformError: An array of another rank.
        """
        given = texts_in(tokens)
        grams = [self._of(row) for row in as_rows(given)]
        if isinstance(given, list):
            return grams
        length = sum(max(0, given.shape[1] - width + 1) for width in self.widths)
        made = np.empty((len(grams), length), object)
        for index, row in enumerate(grams):
            made[index] = row
        return made

    def _of(self, row: list[bytes]) -> list[bytes]:
        return [
            b" ".join(row[start : start + width])
            for width in self.widths
            for start in range(len(row) - width + 1)
        ]
