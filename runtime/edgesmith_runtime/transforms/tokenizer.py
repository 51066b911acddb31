"""The step that splits texts as a ``tokenizer.json`` says: WordPiece, BPE, Unigram."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgesmith_runtime.errors import BackendError, InputError, TransformError
from edgesmith_runtime.transforms.rows import texts_in

__all__ = ["Tokenize"]


@dataclass(frozen=True, slots=True)
class Tokenize:
    """Each text as the ids that a tokenizer of Hugging Face's ``tokenizers`` gives it.

    The file has all of it: normalization, splitting, the model (WordPiece, BPE, Unigram, word
    level) and its vocabulary. What it says of padding and truncation is left to the step "pad".
    It needs the extra ``[tokenizers]``.

    Args:
        tokenizer: The content of a ``tokenizer.json``: the step's asset.
        first: Added to every id; 1 keeps 0 free for padding.
        special_tokens: Add those that the file's post-processor puts around a text, e.g. [CLS].
    """

    tokenizer: str
    first: int = 0
    special_tokens: bool = False
    _engine: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError(f"first: expected a number from 0, got {self.first}")
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
        array = texts_in(texts)
        if isinstance(array, list) or array.shape[1:] not in ((), (1,)):
            raise TransformError("expected one text a sample to tokenize")
        given = [text.decode("utf-8", "replace") for text in array.ravel().tolist()]
        try:
            encoded = self._engine.encode_batch_fast(
                given, add_special_tokens=self.special_tokens
            )
        except Exception as error:  # the library's own errors have no other class
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
    except Exception as error:  # the library's own errors have no other class
        raise ValueError(f"tokenizer: expected a tokenizer.json, got {error}") from error
    engine.no_padding()
    engine.no_truncation()
    return engine
