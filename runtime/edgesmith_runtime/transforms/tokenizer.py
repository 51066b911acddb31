"""The step that splits texts as a ``tokenizer.json`` says: WordPiece, BPE, Unigram."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from edgesmith_runtime.errors import BackendError, InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.indices import MAX_FIRST
from edgesmith_runtime.transforms.rows import single_texts

__all__ = ["Tokenize"]


@record()
class Tokenize:
    """Each text as the ids that a tokenizer of Hugging Face's ``tokenizers`` gives it.

    The file has all of it: normalization, splitting, the model (WordPiece, BPE, Unigram, word
    level) and its vocabulary. What it says of padding and truncation is left to the step "pad".
    It needs the extra ``[tokenizers]``.

    Args:
        tokenizer: The content of a ``tokenizer.json``: the step's asset.
        first: Added to every id, 0 to 2^31; 1 keeps 0 free for padding.
        special_tokens: Add those that the file's post-processor puts around a text, e.g. [CLS].
    """

    tokenizer: str
    first: int = 0
    special_tokens: bool = False
    _engine: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.first <= MAX_FIRST:
            raise ValueError(f"first: expected 0 to {MAX_FIRST}, got {self.first}")
        object.__setattr__(self, "_engine", _engine(self.tokenizer))

    @property
    def n_indices(self) -> int:
        """One more than the highest number that a text can get."""
        vocabulary: dict[str, int] = self._engine.get_vocab(with_added_tokens=True)
        return self.first + max(vocabulary.values(), default=-1) + 1

    def __call__(self, texts: Any) -> list[list[int]]:
        """One row of ids a sample; none for an empty text without special tokens.

        Args:
            texts: ``(batch,)`` or ``(batch, 1)`` of bytes; what is no UTF-8 becomes U+FFFD.

        Raises:
            InputError: A text that the tokenizer has no ids for.
            TransformError: Several texts a sample.
        """
        given = [text.decode("utf-8", "replace") for text in single_texts(texts, "tokenize")]
        try:
            encoded = self._engine.encode_batch_fast(
                given, add_special_tokens=self.special_tokens
            )
        except BaseException as error:  # the library's own errors have no other class
            if not _is_the_librarys(error):
                raise
            raise InputError(f"the tokenizer refused a text: {error}") from error
        if not self.first:
            return [one.ids for one in encoded]
        return [(np.array(one.ids, np.int64) + self.first).tolist() for one in encoded]


def _engine(content: str) -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise BackendError(
            "a tokenizer.json needs an extra: pip install 'edgesmith-runtime[tokenizers]'"
        ) from error
    try:
        engine: Any = tokenizers.Tokenizer.from_str(content)
    except BaseException as error:  # the library's own errors have no other class
        if not _is_the_librarys(error):
            raise
        raise ValueError(f"tokenizer: expected a tokenizer.json, got {error}") from error
    engine.no_padding()
    engine.no_truncation()
    return engine


def _is_the_librarys(error: BaseException) -> bool:
    """Whether an error tells of a text; a panic of Rust is no ``Exception`` in Python."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
