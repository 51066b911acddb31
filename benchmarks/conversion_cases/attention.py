"""Attention in all its settings: masks, causality, lengths that are free."""

from __future__ import annotations

from typing import Any

from keras import layers

from conversion_cases.feeding import Feed, below, chance, layer_case

__all__ = ["CASES"]

QUERY = Feed((5, 8))
VALUE = Feed((7, 8))
SERIES = Feed((7, 8))
FREE = Feed((None, 8))
IMAGE = Feed((5, 4, 8))
TOKENS = Feed((9,), "int32", below(20))
FREE_TOKENS = Feed((None,), "int32", below(20))


def _encoder(x: Any, *, causal: bool = False) -> Any:
    attended = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=causal)
    x = layers.LayerNormalization()(layers.Add()([x, attended]))
    widened = layers.Dense(8)(layers.Dense(16, activation="gelu")(x))
    return layers.LayerNormalization()(layers.Add()([x, widened]))


def _masked_self(x: Any) -> Any:
    embedded = layers.Embedding(20, 8, mask_zero=True)(x)
    return layers.MultiHeadAttention(2, 4)(embedded, embedded)


_ENCODER = ("LayerNormalization", "Add", "Dense")
_DOT = (
    layer_case("layers/Attention/dot", lambda x, y: layers.Attention()([x, y]), QUERY, VALUE),
    layer_case(
        "layers/Attention/keys_apart",
        lambda x, y, z: layers.Attention()([x, y, z]),
        QUERY,
        VALUE,
        VALUE,
    ),
    layer_case(
        "layers/Attention/scaled",
        lambda x, y: layers.Attention(use_scale=True)([x, y]),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/Attention/concat_scores",
        lambda x, y: layers.Attention(score_mode="concat")([x, y]),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/Attention/causal",
        lambda x: layers.Attention()([x, x], use_causal_mask=True),
        SERIES,
    ),
    layer_case(
        "layers/Attention/masks",
        lambda x, y, z, w: layers.Attention()([x, y], mask=[z, w]),
        QUERY,
        VALUE,
        Feed((5,), "bool", chance),
        Feed((7,), "bool", chance),
    ),
    layer_case(
        "layers/Attention/scores",
        lambda x, y: list(layers.Attention()([x, y], return_attention_scores=True)),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/Attention/free_length",
        lambda x, y: layers.Attention()([x, y]),
        FREE,
        FREE,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/Attention/causal_free_length",
        lambda x: layers.Attention()([x, x], use_causal_mask=True),
        FREE,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/AdditiveAttention/plain",
        lambda x, y: layers.AdditiveAttention()([x, y]),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/AdditiveAttention/unscaled_causal",
        lambda x: layers.AdditiveAttention(use_scale=False)([x, x], use_causal_mask=True),
        SERIES,
    ),
    layer_case(
        "layers/AdditiveAttention/free_length",
        lambda x: layers.AdditiveAttention()([x, x]),
        FREE,
        lengths=(5, 8),
    ),
)
_MULTI = (
    layer_case(
        "layers/MultiHeadAttention/cross",
        lambda x, y: layers.MultiHeadAttention(2, 4)(x, y),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/MultiHeadAttention/self",
        lambda x: layers.MultiHeadAttention(2, 4)(x, x),
        SERIES,
    ),
    layer_case(
        "layers/MultiHeadAttention/values_and_output",
        lambda x, y: layers.MultiHeadAttention(2, 4, value_dim=3, output_shape=6)(x, y),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/MultiHeadAttention/no_bias",
        lambda x: layers.MultiHeadAttention(2, 4, use_bias=False, dropout=0.1)(x, x),
        SERIES,
    ),
    layer_case(
        "layers/MultiHeadAttention/causal",
        lambda x: layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
        SERIES,
    ),
    layer_case(
        "layers/MultiHeadAttention/mask_given",
        lambda x, y, z: layers.MultiHeadAttention(2, 4)(x, y, attention_mask=z),
        QUERY,
        VALUE,
        Feed((5, 7), "bool", chance),
    ),
    layer_case(
        "layers/MultiHeadAttention/scores",
        lambda x, y: list(layers.MultiHeadAttention(2, 4)(x, y, return_attention_scores=True)),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/MultiHeadAttention/over_axes",
        lambda x: layers.MultiHeadAttention(2, 4, attention_axes=(1, 2))(x, x),
        IMAGE,
    ),
    layer_case(
        "layers/MultiHeadAttention/one_axis",
        lambda x: layers.MultiHeadAttention(2, 4, attention_axes=(2,))(x, x),
        IMAGE,
    ),
    layer_case(
        "layers/MultiHeadAttention/gated",
        lambda x: layers.MultiHeadAttention(2, 4, use_gate=True)(x, x),
        SERIES,
    ),
    layer_case(
        "layers/MultiHeadAttention/sliding_window",
        lambda x: layers.MultiHeadAttention(2, 4, sliding_window=2)(x, x),
        SERIES,
    ),
    layer_case(
        "layers/MultiHeadAttention/embedding_mask", _masked_self, TOKENS, covers=("Embedding",)
    ),
    layer_case(
        "layers/MultiHeadAttention/embedding_mask_free_length",
        _masked_self,
        FREE_TOKENS,
        covers=("Embedding",),
        lengths=(5, 8),
    ),
    layer_case("layers/MultiHeadAttention/encoder", _encoder, SERIES, covers=_ENCODER),
    layer_case(
        "layers/MultiHeadAttention/encoder_free_length",
        _encoder,
        FREE,
        covers=_ENCODER,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/MultiHeadAttention/causal_encoder_free_length",
        lambda x: _encoder(x, causal=True),
        FREE,
        covers=_ENCODER,
        lengths=(5, 8),
    ),
)
_GROUPED = (
    layer_case(
        "layers/GroupQueryAttention/self",
        lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x),
        SERIES,
    ),
    layer_case(
        "layers/GroupQueryAttention/cross",
        lambda x, y: layers.GroupQueryAttention(4, 4, 1, use_bias=False)(x, y),
        QUERY,
        VALUE,
    ),
    layer_case(
        "layers/GroupQueryAttention/causal",
        lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x, use_causal_mask=True),
        SERIES,
    ),
    layer_case(
        "layers/GroupQueryAttention/free_length",
        lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x),
        FREE,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/GroupQueryAttention/causal_free_length",
        lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x, use_causal_mask=True),
        FREE,
        lengths=(5, 8),
    ),
)

CASES = (*_DOT, *_MULTI, *_GROUPED)
