"""Models of table rows: encoded columns, crossed columns, recommenders."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from conversion_cases.feeding import Feed, integers, words
from conversion_cases.model_case import model_case

__all__ = ["TABLE_MODELS"]

_COLOURS = ("red", "green", "blue", "violet", "", "größe")
_CITIES = ("Paris", "Rome", "Oslo", "Łódź", "paris")


def tabular_lookups() -> keras.Model:
    inputs = {
        "age": keras.Input((1,), name="age"),
        "income": keras.Input((1,), name="income"),
        "colour": keras.Input((1,), name="colour", dtype="string"),
        "city": keras.Input((1,), name="city", dtype="string"),
        "rooms": keras.Input((1,), name="rooms", dtype="int64"),
    }
    age_band = layers.Discretization(bin_boundaries=[18.0, 30.0, 45.0, 65.0], name="band")
    income = layers.Normalization(mean=40.0, variance=220.0)
    colour = layers.StringLookup(vocabulary=["red", "green", "blue"], output_mode="one_hot")
    rooms = layers.IntegerLookup(vocabulary=[1, 2, 3, 5], output_mode="one_hot")
    cross = layers.HashedCrossing(16, output_mode="one_hot")
    band = age_band(inputs["age"])
    joined = layers.Concatenate()(
        [
            layers.CategoryEncoding(5, output_mode="one_hot")(band),
            income(inputs["income"]),
            colour(inputs["colour"]),
            rooms(inputs["rooms"]),
            cross((inputs["colour"], inputs["city"])),
        ]
    )
    x = layers.Dropout(0.3)(layers.Dense(16, "relu")(joined))
    return keras.Model(inputs, layers.Dense(1, "sigmoid", name="bought")(x))


def tabular_numbers() -> keras.Model:
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(2).normal(3, 2, (50, 6)).astype("float32"))
    return keras.Sequential(
        [
            keras.Input((6,), name="row"),
            normalization,
            layers.Dense(16, "relu", kernel_regularizer="l1"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(16, "mish"),
            layers.Dense(2, name="targets"),
        ]
    )


def wide_and_deep() -> keras.Model:
    wide, deep = keras.Input((6,), name="wide"), keras.Input((5,), name="deep")
    hidden = layers.Dense(8, "relu")(layers.Dense(8, "relu")(layers.BatchNormalization()(deep)))
    joined = layers.concatenate([wide, hidden])
    main = layers.Dense(1, name="main")(joined)
    auxiliary = layers.Dense(1, name="auxiliary")(hidden)
    return keras.Model({"wide": wide, "deep": deep}, {"main": main, "auxiliary": auxiliary})


def two_tower_recommender() -> keras.Model:
    user = keras.Input((1,), name="user", dtype="string")
    item = keras.Input((1,), name="item", dtype="int64")
    users = layers.StringLookup(vocabulary=["ann", "bob", "cyd"], num_oov_indices=2)
    items = layers.IntegerLookup(vocabulary=[10, 20, 30, 40])
    left = layers.Dense(4)(layers.Flatten()(layers.Embedding(5, 8)(users(user))))
    right = layers.Dense(4)(layers.Flatten()(layers.Embedding(5, 8)(items(item))))
    return keras.Model([user, item], layers.Dot(axes=1, name="score")([left, right]))


def matrix_factorization() -> keras.Model:
    user, item = (keras.Input((), name=n, dtype="int32") for n in ("user", "item"))
    product = ops.sum(
        layers.Embedding(9, 4)(user) * layers.Embedding(11, 4)(item), axis=-1, keepdims=True
    )
    bias = layers.Embedding(9, 1)(user) + layers.Embedding(11, 1)(item)
    return keras.Model([user, item], ops.sigmoid(product + bias) * 4 + 1)


def hashed_columns() -> keras.Model:
    word = keras.Input((1,), name="word", dtype="string")
    salted = layers.Hashing(8, salt=1337, output_mode="one_hot")(word)
    embedded = layers.Flatten()(layers.Embedding(12, 3)(layers.Hashing(12)(word)))
    return keras.Model(word, layers.Dense(2)(layers.Concatenate()([salted, embedded])))


def entity_embeddings() -> keras.Model:
    codes, numbers = (
        keras.Input((3,), name="codes", dtype="int32"),
        keras.Input((2,), name="numbers"),
    )
    parts = [
        layers.Flatten()(layers.Embedding(size, 2)(codes[:, i : i + 1]))
        for i, size in enumerate((4, 6, 9))
    ]
    x = layers.Dense(8, "relu")(layers.Concatenate()([*parts, numbers]))
    return keras.Model([codes, numbers], layers.Dense(1, "exponential")(x))


def deep_and_cross() -> keras.Model:
    row = keras.Input((6,), name="row")
    crossed = row
    for _ in range(2):
        crossed = row * layers.Dense(6)(crossed) + crossed
    deep = layers.Dense(8, "relu")(layers.Dense(8, "relu")(row))
    return keras.Model(row, layers.Dense(1, "sigmoid")(layers.Concatenate()([crossed, deep])))


def feature_tokens_transformer() -> keras.Model:
    row = keras.Input((5,), name="row")
    tokens = layers.EinsumDense("bf,fd->bfd", output_shape=(5, 8), bias_axes="fd")(row)
    y = layers.LayerNormalization()(tokens)
    x = layers.Add()([tokens, layers.MultiHeadAttention(2, 4)(y, y)])
    return keras.Model(row, layers.Dense(2)(layers.Flatten()(x)))


def gated_residual_network() -> keras.Model:
    row = keras.Input((6,), name="row")
    hidden = layers.Dense(8)(layers.Dense(8, "elu")(row))
    gated = layers.Dense(8)(hidden) * layers.Dense(8, "sigmoid")(hidden)
    x = layers.LayerNormalization()(layers.Dense(8)(row) + gated)
    weights = layers.Dense(3, "softmax")(x)
    values = ops.stack([layers.Dense(4)(x) for _ in range(3)], axis=1)
    return keras.Model(row, ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), values), 1))


def calibrated_quantiles() -> keras.Model:
    row = keras.Input((4,), name="row")
    steps = layers.Dense(5, "softplus")(layers.Dense(8, "tanh")(row))
    return keras.Model(row, ops.cumsum(steps, axis=-1))


_COLUMNS = {
    "age": Feed((1,), draw=lambda rng, shape: rng.uniform(0, 90, shape)),
    "income": Feed((1,), draw=lambda rng, shape: rng.uniform(10, 90, shape)),
    "colour": Feed((1,), "string", words(*_COLOURS)),
    "city": Feed((1,), "string", words(*_CITIES)),
    "rooms": Feed((1,), "int64", integers(-1, 6)),
}

TABLE_MODELS = (
    model_case(
        tabular_lookups,
        (
            "Discretization",
            "Normalization",
            "StringLookup",
            "IntegerLookup",
            "HashedCrossing",
            "CategoryEncoding",
        ),
        _COLUMNS,
    ),
    model_case(tabular_numbers, ("Normalization", "Dense"), {"row": Feed((6,))}),
    model_case(wide_and_deep, ("Concatenate",), {"wide": Feed((6,)), "deep": Feed((5,))}),
    model_case(
        two_tower_recommender,
        ("StringLookup", "IntegerLookup", "Dot"),
        {
            "user": Feed((1,), "string", words("ann", "bob", "cyd", "dan", "")),
            "item": Feed((1,), "int64", lambda rng, shape: 10 * rng.integers(1, 6, shape)),
        },
    ),
    model_case(
        matrix_factorization,
        ("Embedding",),
        {"user": Feed((), "int32", integers(0, 9)), "item": Feed((), "int32", integers(0, 11))},
    ),
    model_case(
        hashed_columns,
        ("Hashing", "Embedding"),
        {"word": Feed((1,), "string", words(*_CITIES))},
    ),
    model_case(
        entity_embeddings,
        ("Embedding",),
        {"codes": Feed((3,), "int32", integers(0, 4)), "numbers": Feed((2,))},
    ),
    model_case(deep_and_cross, ("Dense",), {"row": Feed((6,))}),
    model_case(
        feature_tokens_transformer,
        ("EinsumDense", "MultiHeadAttention"),
        {"row": Feed((5,))},
    ),
    model_case(gated_residual_network, ("LayerNormalization",), {"row": Feed((6,))}),
    model_case(calibrated_quantiles, ("Dense",), {"row": Feed((4,))}),
)
