"""Random changes of texts: single words go missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from edgesmith.config import AugmentationConfig

__all__ = ["augment_texts"]

PADDING = 0  # of a sequence of indices, see ``text_program``


def augment_texts(
    config: AugmentationConfig, batch: NDArray[Any], rng: Generator, *, unknown: int | None
) -> NDArray[Any]:
    """A new batch in which each word is dropped with the probability ``config.word_dropout``.

    Iyyer et al., Deep unordered composition rivals syntactic methods for text classification,
    2015, section 4.

    Args:
        config: The ``[augmentation]`` section.
        batch: ``(batch, length)`` indices, of which a word becomes the unknown one and padding
            stays; or ``(batch, feature)`` float32, of which a feature becomes 0.
        rng: Draws the words.
        unknown: Index of the unknown word; None of features.
    """
    if not config.word_dropout:
        return batch
    is_dropped = rng.random(batch.shape, dtype=np.float32) < config.word_dropout
    if unknown is None:
        return np.where(is_dropped, batch.dtype.type(0), batch)
    is_dropped &= batch != PADDING
    return np.where(is_dropped, batch.dtype.type(unknown), batch)
