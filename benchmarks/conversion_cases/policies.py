"""Layers and small networks under dtype policies other than float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import layers

from conversion_cases.feeding import Feed, below, layer_case

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CASES"]

VECTOR = Feed((6,))
SERIES = Feed((7, 6))
IMAGE = Feed((9, 8, 3))
TOKENS = Feed((9,), "int32", below(20))


def _network(x: Any) -> Any:
    x = layers.Conv2D(6, 3, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, activation="relu6")(x)
    x = layers.GlobalAveragePooling2D()(layers.Dropout(0.2)(x))
    return layers.Dense(4, activation="softmax", dtype="float32")(x)


_LAYERS: dict[str, tuple[Callable[[Any], Any], Feed]] = {
    "Dense/relu": (lambda x: layers.Dense(8, activation="relu")(x), VECTOR),
    "Conv2D/same": (lambda x: layers.Conv2D(6, 3, padding="same")(x), IMAGE),
    "BatchNormalization/image": (lambda x: layers.BatchNormalization()(x), IMAGE),
    "LayerNormalization/series": (lambda x: layers.LayerNormalization()(x), SERIES),
    "LSTM/sequences": (lambda x: layers.LSTM(5, return_sequences=True)(x), SERIES),
    "GRU/last": (lambda x: layers.GRU(5)(x), SERIES),
    "MultiHeadAttention/self": (lambda x: layers.MultiHeadAttention(2, 4)(x, x), SERIES),
    "Embedding/mean": (
        lambda x: layers.GlobalAveragePooling1D()(layers.Embedding(20, 6)(x)),
        TOKENS,
    ),
    "AveragePooling2D/same": (lambda x: layers.AveragePooling2D(3, 2, "same")(x), IMAGE),
    "Conv2D/network_float32_end": (_network, IMAGE),
}

# Keras cannot build these in it: the QR decomposition of an orthogonal initializer has no bfloat16.
_NOT_IN_BFLOAT16 = ("LSTM/sequences", "GRU/last")

CASES = tuple(
    layer_case(f"policies/{name}/{policy}", apply, feed, policy=policy)
    for policy in ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")
    for name, (apply, feed) in _LAYERS.items()
    if policy != "bfloat16" or name not in _NOT_IN_BFLOAT16
)
