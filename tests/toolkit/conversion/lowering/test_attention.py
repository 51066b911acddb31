from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
from keras import layers

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Layer '.*' .* was passed an input with a mask")
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("masked", [False, True])
def test_causal_attention_answers_as_keras_at_any_length(
    error_of: Callable[..., float], fmt: Format, masked: Any
) -> None:
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=masked)(tokens)
    outputs = [
        layers.Attention()([x, x], use_causal_mask=True),
        layers.AdditiveAttention()([x, x], use_causal_mask=True),
        layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
        layers.MultiHeadAttention(2, 4, sliding_window=2)(x, x, use_causal_mask=True),
        layers.GroupQueryAttention(4, 4, 2)(x, x, use_causal_mask=True),
    ]
    model = keras.Model(tokens, outputs)
    samples = np.random.default_rng(0).integers(1, 20, (3, 8)).astype("int32")
    samples[1, 5:] = 0

    assert error_of(model, fmt, samples, samples[:, :5]) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_attention_returns_its_scores(error_of: Callable[..., float], fmt: Format) -> None:
    x = keras.Input((6, 8))
    attended = layers.MultiHeadAttention(2, 4)(
        x, x, return_attention_scores=True, use_causal_mask=True
    )
    model = keras.Model(x, list(attended))
    samples = np.random.default_rng(0).normal(0, 1, (3, 6, 8)).astype("float32")

    assert error_of(model, fmt, samples) < 1e-6
