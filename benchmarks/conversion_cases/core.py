"""Dense layers, embeddings, and what only passes on or wraps."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from conversion_cases.feeding import Feed, below, layer_case, padded

__all__ = ["CASES"]

VECTOR = Feed((6,))
SERIES = Feed((7, 6))
TOKENS = Feed((9,), "int32", below(20))


def _saved_model(x: Any) -> Any:
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation="tanh")])
    with tempfile.TemporaryDirectory() as folder:
        inner.export(Path(folder, "saved"), verbose=False)
        return layers.TFSMLayer(Path(folder, "saved"), call_endpoint="serve")(x)


def _with_lora(x: Any) -> Any:
    dense = layers.Dense(8)
    dense(x)
    dense.enable_lora(2)
    return dense(x)


def _quantized(mode: str, x: Any) -> Any:
    dense = layers.Dense(8)
    dense(x)
    dense.quantize(mode)
    return dense(x)


def _tied(x: Any) -> Any:
    embedding = layers.ReversibleEmbedding(20, 6)
    return embedding(layers.Dense(6)(embedding(x)), reverse=True)


def _shared(x: Any, y: Any) -> Any:
    dense = layers.Dense(5, activation="relu")
    return layers.Subtract()([dense(x), dense(y)])


_DENSE = (
    layer_case("layers/Dense/linear", lambda x: layers.Dense(8)(x), VECTOR),
    layer_case("layers/Dense/relu", lambda x: layers.Dense(8, activation="relu")(x), VECTOR),
    layer_case(
        "layers/Dense/softmax", lambda x: layers.Dense(8, activation="softmax")(x), VECTOR
    ),
    layer_case("layers/Dense/no_bias", lambda x: layers.Dense(8, use_bias=False)(x), VECTOR),
    layer_case("layers/Dense/of_series", lambda x: layers.Dense(8)(x), SERIES),
    layer_case("layers/Dense/of_image", lambda x: layers.Dense(8)(x), Feed((5, 4, 6))),
    layer_case(
        "layers/Dense/free_time", lambda x: layers.Dense(8)(x), Feed((None, 6)), lengths=(5, 8)
    ),
    layer_case("layers/Dense/shared", _shared, VECTOR, VECTOR, covers=("Subtract",)),
    layer_case("layers/Dense/lora", _with_lora, VECTOR),
    layer_case("layers/Dense/int8", lambda x: _quantized("int8", x), VECTOR),
    layer_case("layers/Dense/int4", lambda x: _quantized("int4", x), VECTOR),
    layer_case(
        "layers/Dense/then_batch_norm",
        lambda x: layers.BatchNormalization()(layers.Dense(8)(x)),
        VECTOR,
        covers=("BatchNormalization",),
    ),
    layer_case(
        "layers/EinsumDense/heads",
        lambda x: layers.EinsumDense("abc,cde->abde", (None, 2, 4), bias_axes="de")(x),
        SERIES,
    ),
    layer_case(
        "layers/EinsumDense/ellipsis",
        lambda x: layers.EinsumDense("...x,xy->...y", (8,), bias_axes="y")(x),
        VECTOR,
    ),
    layer_case(
        "layers/EinsumDense/swapping",
        lambda x: layers.EinsumDense("abc,cd->adb", (5, 7), activation="relu")(x),
        SERIES,
    ),
    layer_case(
        "layers/EinsumDense/free_time",
        lambda x: layers.EinsumDense("abc,cd->abd", (None, 8), bias_axes="d")(x),
        Feed((None, 6)),
        lengths=(5, 8),
    ),
)
_EMBEDDING = (
    layer_case("layers/Embedding/plain", lambda x: layers.Embedding(20, 6)(x), TOKENS),
    layer_case(
        "layers/Embedding/masked_mean",
        lambda x: layers.Dense(3)(
            layers.GlobalAveragePooling1D()(layers.Embedding(20, 6, mask_zero=True)(x))
        ),
        TOKENS,
        covers=("GlobalAveragePooling1D",),
    ),
    layer_case(
        "layers/Embedding/of_floats",
        lambda x: layers.Embedding(20, 6)(x),
        Feed((9,), "float32", below(20)),
    ),
    layer_case(
        "layers/Embedding/int64_free_length",
        lambda x: layers.Embedding(20, 6)(x),
        Feed((None,), "int64", below(20)),
        lengths=(5, 8),
    ),
    layer_case("layers/ReversibleEmbedding/tied", _tied, TOKENS),
    layer_case(
        "layers/ReversibleEmbedding/untied",
        lambda x: layers.ReversibleEmbedding(20, 6, tie_weights=False)(x),
        TOKENS,
    ),
)
_PASSING = (
    layer_case("layers/Identity/plain", lambda x: layers.Identity()(x), VECTOR),
    layer_case("layers/InputLayer/alone", lambda x: x * 1.0, VECTOR),
    layer_case("layers/Activation/tanh", lambda x: layers.Activation("tanh")(x), VECTOR),
    layer_case(
        "layers/ActivityRegularization/l1_l2",
        lambda x: layers.ActivityRegularization(l1=0.1, l2=0.1)(x),
        VECTOR,
    ),
    layer_case("layers/Lambda/scaled", lambda x: layers.Lambda(lambda t: t * 2 + 1)(x), VECTOR),
    layer_case(
        "layers/Lambda/mean_and_power",
        lambda x: layers.Lambda(lambda t: ops.mean(t, axis=1) ** 3)(x),
        SERIES,
    ),
    layer_case(
        "layers/Masking/zeros", lambda x: layers.Masking()(x), Feed((7, 6), draw=padded)
    ),
    layer_case(
        "layers/Masking/kept_by_dense",
        lambda x: layers.GlobalAveragePooling1D()(layers.Dense(4)(layers.Masking(0.0)(x))),
        Feed((7, 6), draw=padded),
        covers=("Dense", "GlobalAveragePooling1D"),
    ),
    layer_case("layers/TFSMLayer/dense", _saved_model, VECTOR),
    layer_case(
        "layers/TimeDistributed/dense",
        lambda x: layers.TimeDistributed(layers.Dense(4))(x),
        SERIES,
        covers=("Dense",),
    ),
    layer_case(
        "layers/TimeDistributed/conv",
        lambda x: layers.TimeDistributed(layers.Conv2D(4, 3, activation="relu"))(x),
        Feed((5, 8, 7, 3)),
        covers=("Conv2D",),
    ),
    layer_case(
        "layers/TimeDistributed/free_time",
        lambda x: layers.TimeDistributed(layers.Conv1D(4, 3))(x),
        Feed((None, 8, 3)),
        covers=("Conv1D",),
        lengths=(3, 5),
    ),
    layer_case(
        "layers/TimeDistributed/free_time_of_model",
        lambda x: layers.TimeDistributed(
            keras.Sequential([layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
        )(x),
        Feed((None, 8, 7, 3)),
        covers=("Conv2D", "GlobalAveragePooling2D"),
        lengths=(3, 5),
    ),
    layer_case(
        "layers/TimeDistributed/masked",
        lambda x: layers.TimeDistributed(layers.Dense(4))(layers.Masking()(x)),
        Feed((7, 6), draw=padded),
        covers=("Masking", "Dense"),
    ),
    layer_case(
        "layers/SpectralNormalization/dense",
        lambda x: layers.SpectralNormalization(layers.Dense(4))(x),
        VECTOR,
        covers=("Dense",),
    ),
    layer_case(
        "layers/SpectralNormalization/conv",
        lambda x: layers.SpectralNormalization(layers.Conv2D(4, 3))(x),
        Feed((8, 7, 3)),
        covers=("Conv2D",),
    ),
)

CASES = (*_DENSE, *_EMBEDDING, *_PASSING)
