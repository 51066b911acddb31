"""Inputs to compare on where the user gives none, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edgesmith_runtime.spec import TensorSpec

__all__ = ["drawn_samples", "drawn_texts"]

N_DRAWN = 64
FREE_LENGTH = 8
N_WORDS = 12

# What no vocabulary is likely to have, or what splits words in one language and not in another.
_ODD_WORDS = (
    "Zürich,",
    "e\u0301te\u0301",
    "日本語",
    "🙂",
    "a\u00a0b",
    "c\u3000d",
    "tab\tand\nline",
)


def drawn_samples(inputs: Iterable[TensorSpec], seed: int) -> dict[str, NDArray[Any]]:
    """64 standard normal samples of each input.

    Whole numbers are drawn from 0 and 1, which every vocabulary has; of a quantized input from
    all that its dtype has. A free axis other than the batch gets length 8.
    """
    rng = np.random.default_rng(seed)
    return {spec.name: _drawn(spec, rng) for spec in inputs}


def _shape(sample_shape: tuple[int | str, ...]) -> list[int]:
    return [N_DRAWN, *(axis if isinstance(axis, int) else FREE_LENGTH for axis in sample_shape)]


def _drawn(spec: TensorSpec, rng: np.random.Generator) -> NDArray[Any]:
    shape = _shape(spec.sample_shape)
    if np.dtype(spec.dtype).kind == "f":
        return rng.standard_normal(shape).astype(spec.dtype)
    if spec.scale is not None:
        bounds = np.iinfo(spec.dtype)
        return rng.integers(bounds.min, bounds.max, shape, endpoint=True).astype(spec.dtype)
    return rng.integers(0, 2, shape).astype(spec.dtype)


def drawn_texts(
    sample_shape: tuple[int | str, ...],
    words: tuple[str, ...],
    *,
    is_closed: bool,
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """64 samples of texts: half are one word, half up to 12; no text is empty.

    What a model answers to none of its words is often NaN, the mean of nothing.

    Args:
        sample_shape: The axes after the batch axis.
        words: Of the vocabularies that take these texts.
        is_closed: A text that is none of the words is an error, so there are no others.
        rng: Draws.

    Returns:
        str, ``(64, *sample_shape)``.
    """
    texts = np.empty(_shape(sample_shape), object)
    known = list(words) if is_closed else [*words, *_ODD_WORDS]
    for place in np.ndindex(texts.shape):
        n_words = 1 if is_closed or rng.random() < 0.5 else int(rng.integers(1, N_WORDS + 1))
        texts[place] = " ".join(known[int(rng.integers(0, len(known)))] for _ in range(n_words))
    return texts
