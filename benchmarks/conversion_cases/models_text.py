"""Models of text and of tokens: classifiers, taggers, encoders, translators."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from conversion_cases.feeding import Feed, below, chance, integers, words
from conversion_cases.model_case import model_case

__all__ = ["TEXT_MODELS"]

_SENTENCES = (
    "",
    "the cat sat on the mat",
    "The CAT, sat!",
    "dogs bark at night -- loudly",
    "a b c d e f g h i j",
    "größe und straße",
    "unknown words only",
    "  spaces   everywhere ",
)
_VOCABULARY = ["the", "cat", "sat", "on", "mat", "dogs", "bark", "night", "straße"]


@keras.saving.register_keras_serializable("cases")
class TokenAndPosition(layers.Layer):
    """The embedding of a token plus that of its place, at any length."""

    def __init__(
        self, longest: int, n_tokens: int, width: int, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.longest, self.n_tokens, self.width = longest, n_tokens, width
        self.tokens = layers.Embedding(n_tokens, width)
        self.places = layers.Embedding(longest, width)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.tokens.build(input_shape)
        self.places.build((None,))

    def call(self, tokens: Any) -> Any:
        return self.tokens(tokens) + self.places(ops.arange(ops.shape(tokens)[-1]))

    def get_config(self) -> dict[str, Any]:
        own = {"longest": self.longest, "n_tokens": self.n_tokens, "width": self.width}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("cases")
class TiedHead(layers.Layer):
    """Scores of all tokens by the transposed embedding."""

    def __init__(self, embedding: layers.Embedding, name: str | None = None) -> None:
        super().__init__(name=name)
        self.embedding = embedding

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        del input_shape
        self.bias = self.add_weight(shape=(self.embedding.input_dim,), name="bias")

    def call(self, x: Any) -> Any:
        return ops.matmul(x, ops.transpose(self.embedding.embeddings)) + self.bias


def _encoder_block(x: Any, *, causal: bool) -> Any:
    y = layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x, use_causal_mask=causal)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(y)]))
    y = layers.Dense(8)(layers.Dense(16, "relu")(x))
    return layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(y)]))


def transformer_encoder() -> keras.Model:
    tokens = keras.Input((None,), name="tokens", dtype="int32")
    x = TokenAndPosition(40, 30, 8)(tokens)
    for _ in range(2):
        x = _encoder_block(x, causal=False)
    return keras.Model(tokens, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(x)))


def transformer_decoder_causal() -> keras.Model:
    tokens = keras.Input((None,), name="tokens", dtype="int32")
    x = _encoder_block(TokenAndPosition(40, 30, 8)(tokens), causal=True)
    return keras.Model(tokens, layers.Dense(30, name="logits")(x))


def transformer_translator() -> keras.Model:
    source = keras.Input((9,), name="source", dtype="int32")
    target = keras.Input((7,), name="target", dtype="int32")
    memory = _encoder_block(layers.Embedding(20, 8, mask_zero=True)(source), causal=False)
    x = layers.Embedding(25, 8, mask_zero=True)(target)
    x = layers.LayerNormalization()(
        x + layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    )
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, memory))
    x = layers.LayerNormalization()(x + layers.Dense(8)(layers.Dense(16, "gelu")(x)))
    return keras.Model([source, target], layers.Dense(25, "softmax")(x))


def grouped_query_decoder() -> keras.Model:
    tokens = keras.Input((8,), name="tokens", dtype="int32")
    x = layers.Embedding(20, 16)(tokens)
    y = layers.RMSNormalization()(x)
    x = x + layers.GroupQueryAttention(4, 4, 2)(y, y, use_causal_mask=True)
    y = layers.RMSNormalization()(x)
    x = x + layers.Dense(16)(layers.Dense(24, "silu")(y) * layers.Dense(24)(y))
    return keras.Model(tokens, layers.Dense(20)(x))


def masked_lstm_classifier() -> keras.Model:
    tokens = keras.Input((None,), name="tokens", dtype="int32")
    x = layers.LSTM(6)(layers.Embedding(20, 8, mask_zero=True)(tokens))
    return keras.Model(tokens, layers.Dense(1, "sigmoid")(x))


def masked_attention_classifier() -> keras.Model:
    tokens = keras.Input((10,), name="tokens", dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    x = layers.MultiHeadAttention(2, 4)(x, x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(3, "softmax")(x))


def padding_mask_by_hand() -> keras.Model:
    tokens = keras.Input((10,), name="tokens", dtype="int32")
    mask = keras.Input((10,), name="mask", dtype="int32")
    x = layers.Embedding(20, 8)(tokens)
    allowed = ops.cast(ops.expand_dims(mask, 1), "bool")
    x, scores = layers.MultiHeadAttention(2, 4)(
        x, x, attention_mask=allowed, return_attention_scores=True
    )
    weights = ops.cast(ops.expand_dims(mask, -1), "float32")
    pooled = ops.sum(x * weights, 1) / ops.maximum(ops.sum(weights, 1), 1e-9)
    return keras.Model([tokens, mask], [pooled, scores])


def bilstm_tagger() -> keras.Model:
    tokens = keras.Input((12,), name="tokens", dtype="int32")
    x = layers.SpatialDropout1D(0.1)(layers.Embedding(30, 8, mask_zero=True)(tokens))
    x = layers.Bidirectional(layers.LSTM(6, return_sequences=True, recurrent_dropout=0.1))(x)
    return keras.Model(tokens, layers.TimeDistributed(layers.Dense(5, "softmax"))(x))


def gru_text_classifier() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16,), name="tokens", dtype="int32"),
            layers.Embedding(30, 8),
            layers.Bidirectional(layers.GRU(6, return_sequences=True), merge_mode="sum"),
            layers.GRU(6),
            layers.Dropout(0.5),
            layers.Dense(4, "softmax"),
        ]
    )


def seq2seq_initial_states() -> keras.Model:
    source = keras.Input((None, 5), name="source")
    target = keras.Input((None, 4), name="target")
    _, *states = layers.LSTM(6, return_state=True)(source)
    x, *_ = layers.LSTM(6, return_sequences=True, return_state=True)(
        target, initial_state=states
    )
    return keras.Model([source, target], layers.Dense(4, "softmax")(x))


def seq2seq_decoder_step() -> keras.Model:
    token = keras.Input((1,), name="token", dtype="int32")
    hidden, cell = keras.Input((6,), name="hidden"), keras.Input((6,), name="cell")
    x = layers.Embedding(12, 4)(token)
    x, *states = layers.LSTM(6, return_sequences=True, return_state=True, name="lstm")(
        x, initial_state=[hidden, cell]
    )
    return keras.Model([token, hidden, cell], [layers.Dense(12, name="next")(x), *states])


def seq2seq_attention() -> keras.Model:
    source = keras.Input((9,), name="source", dtype="int32")
    target = keras.Input((6,), name="target", dtype="int32")
    memory, state = layers.GRU(6, return_sequences=True, return_state=True)(
        layers.Embedding(20, 8, mask_zero=True)(source)
    )
    x = layers.GRU(6, return_sequences=True)(
        layers.Embedding(20, 8)(target), initial_state=state
    )
    luong = layers.Attention(use_scale=True)([x, memory])
    bahdanau = layers.AdditiveAttention()([x, memory])
    return keras.Model(
        [source, target], layers.Dense(20)(layers.Concatenate()([x, luong, bahdanau]))
    )


def tied_embedding() -> keras.Model:
    tokens = keras.Input((8,), name="tokens", dtype="int32")
    embedding = layers.Embedding(24, 8)
    x = layers.GRU(8, return_sequences=True)(embedding(tokens))
    return keras.Model(tokens, TiedHead(embedding)(x))


def reversible_embedding() -> keras.Model:
    tokens = keras.Input((8,), name="tokens", dtype="int32")
    embedding = layers.ReversibleEmbedding(24, 8)
    x = layers.Dense(8, "gelu")(embedding(tokens))
    return keras.Model(tokens, embedding(x, reverse=True))


def text_cnn() -> keras.Model:
    tokens = keras.Input((14,), name="tokens", dtype="int32")
    x = layers.Embedding(30, 8)(tokens)
    branches = [
        layers.GlobalMaxPooling1D()(layers.Conv1D(4, size, activation="relu")(x))
        for size in (2, 3, 4)
    ]
    return keras.Model(tokens, layers.Dense(2)(layers.Concatenate()(branches)))


def raw_text_classifier() -> keras.Model:
    text = keras.Input((), name="text", dtype="string")
    tokens = layers.TextVectorization(
        vocabulary=_VOCABULARY, output_mode="int", output_sequence_length=6
    )(text)
    x = layers.GlobalAveragePooling1D()(layers.Embedding(12, 8, mask_zero=True)(tokens))
    return keras.Model(text, layers.Dense(2, "softmax")(x))


def raw_text_tf_idf() -> keras.Model:
    text = keras.Input((1,), name="text", dtype="string")
    vector = layers.TextVectorization(
        vocabulary=_VOCABULARY,
        idf_weights=[0.4, 0.9, 1.1, 0.5, 1.3, 1.2, 1.5, 0.8, 1.9],
        output_mode="tf_idf",
    )(text)
    return keras.Model(text, layers.Dense(3)(layers.Dense(8, "relu")(vector)))


def raw_text_n_grams() -> keras.Model:
    text = keras.Input((1,), name="text", dtype="string")
    vector = layers.TextVectorization(
        vocabulary=["the", "cat", "the cat", "cat sat", "sat on", "b c"],
        ngrams=2,
        output_mode="multi_hot",
    )(text)
    return keras.Model(text, layers.Dense(3, "sigmoid")(vector))


def text_and_numbers() -> keras.Model:
    title = keras.Input((), name="title", dtype="string")
    category = keras.Input((1,), name="category", dtype="string")
    numbers = keras.Input((3,), name="numbers")
    counts = layers.TextVectorization(vocabulary=_VOCABULARY, output_mode="count")(title)
    known = layers.StringLookup(vocabulary=["pets", "news"], output_mode="multi_hot")(category)
    joined = layers.Concatenate()([counts, known, numbers])
    return keras.Model(
        [title, category, numbers], layers.Dense(2)(layers.Dense(8, "relu")(joined))
    )


def char_lstm() -> keras.Model:
    characters = keras.Input((None,), name="characters", dtype="int32")
    one_hot = layers.CategoryEncoding(12, output_mode="one_hot")
    x = one_hot(ops.expand_dims(characters, -1))
    return keras.Model(characters, layers.Dense(12, "softmax")(layers.LSTM(8)(x)))


_TOKENS = Feed((8,), "int32", integers(0, 20))
_FREE_TOKENS = {"tokens": Feed((None,), "int32", integers(0, 30))}

TEXT_MODELS = (
    model_case(
        transformer_encoder,
        ("MultiHeadAttention", "Embedding", "LayerNormalization"),
        _FREE_TOKENS,
        lengths=(7, 12),
    ),
    model_case(
        transformer_decoder_causal, ("MultiHeadAttention",), _FREE_TOKENS, lengths=(7, 12)
    ),
    model_case(
        transformer_translator,
        ("MultiHeadAttention", "Embedding"),
        {"source": Feed((9,), "int32", below(20)), "target": Feed((7,), "int32", below(25))},
    ),
    model_case(
        grouped_query_decoder,
        ("GroupQueryAttention", "RMSNormalization"),
        {"tokens": _TOKENS},
    ),
    model_case(
        masked_lstm_classifier,
        ("Embedding", "LSTM"),
        {"tokens": Feed((None,), "int32", below(20))},
        lengths=(6, 11),
    ),
    model_case(
        masked_attention_classifier,
        ("Embedding", "MultiHeadAttention", "GlobalAveragePooling1D"),
        {"tokens": Feed((10,), "int32", below(20))},
    ),
    model_case(
        padding_mask_by_hand,
        ("MultiHeadAttention",),
        {"tokens": Feed((10,), "int32", integers(0, 20)), "mask": Feed((10,), "int32", chance)},
    ),
    model_case(
        bilstm_tagger,
        ("Bidirectional", "LSTM", "TimeDistributed", "SpatialDropout1D"),
        {"tokens": Feed((12,), "int32", below(30))},
    ),
    model_case(
        gru_text_classifier,
        ("GRU", "Bidirectional"),
        {"tokens": Feed((16,), "int32", integers(0, 30))},
    ),
    model_case(
        seq2seq_initial_states,
        ("LSTM",),
        {"source": Feed((None, 5)), "target": Feed((None, 4))},
        lengths=(4, 7),
    ),
    model_case(
        seq2seq_decoder_step,
        ("LSTM", "Embedding"),
        {
            "token": Feed((1,), "int32", integers(0, 12)),
            "hidden": Feed((6,)),
            "cell": Feed((6,)),
        },
    ),
    model_case(
        seq2seq_attention,
        ("GRU", "Attention", "AdditiveAttention"),
        {
            "source": Feed((9,), "int32", below(20)),
            "target": Feed((6,), "int32", integers(0, 20)),
        },
    ),
    model_case(tied_embedding, ("Embedding", "GRU"), {"tokens": _TOKENS}),
    model_case(reversible_embedding, ("ReversibleEmbedding",), {"tokens": _TOKENS}),
    model_case(
        text_cnn,
        ("Conv1D", "GlobalMaxPooling1D"),
        {"tokens": Feed((14,), "int32", integers(0, 30))},
    ),
    model_case(
        raw_text_classifier,
        ("TextVectorization", "Embedding"),
        {"text": Feed((), "string", words(*_SENTENCES))},
    ),
    model_case(
        raw_text_tf_idf,
        ("TextVectorization",),
        {"text": Feed((1,), "string", words(*_SENTENCES))},
    ),
    model_case(
        raw_text_n_grams,
        ("TextVectorization",),
        {"text": Feed((1,), "string", words(*_SENTENCES))},
    ),
    model_case(
        text_and_numbers,
        ("TextVectorization", "StringLookup"),
        {
            "title": Feed((), "string", words(*_SENTENCES)),
            "category": Feed((1,), "string", words("pets", "news", "else", "")),
            "numbers": Feed((3,)),
        },
    ),
    model_case(
        char_lstm,
        ("CategoryEncoding", "LSTM"),
        {"characters": Feed((None,), "int32", integers(0, 12))},
        lengths=(5, 8),
    ),
)
