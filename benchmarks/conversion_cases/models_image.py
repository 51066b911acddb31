"""Models from an image to classes, boxes or a distance."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from conversion_cases.feeding import Feed, pixels
from conversion_cases.model_case import model_case

__all__ = ["IMAGE_MODELS"]


@keras.saving.register_keras_serializable("cases")
class ClassToken(layers.Layer):
    """A learned token in front of the patches."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.token = self.add_weight(shape=(1, 1, input_shape[-1]), name="token")

    def call(self, patches: Any) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(patches)[0], 1, patches.shape[-1]))
        return ops.concatenate([token, patches], axis=1)


@keras.saving.register_keras_serializable("cases")
class LayerScale(layers.Layer):
    """A learned factor by channel."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")

    def call(self, x: Any) -> Any:
        return x * self.gamma


def _conv_bn(x: Any, filters: int, size: int = 3, strides: int = 1, act: str = "relu") -> Any:
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(act)(x)


def resnet8() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = _conv_bn(image, 8)
    for filters, strides in ((8, 1), (16, 2), (32, 2)):
        shortcut = x
        x = _conv_bn(x, filters, 3, strides)
        x = layers.Conv2D(filters, 3, padding="same", kernel_regularizer="l2")(x)
        x = layers.BatchNormalization()(x)
        if strides != 1:
            shortcut = layers.Conv2D(filters, 1, strides, padding="same")(shortcut)
        x = layers.ReLU()(layers.add([x, shortcut]))
    x = layers.AveragePooling2D(8)(x)
    return keras.Model(image, layers.Dense(10, "softmax")(layers.Flatten()(x)))


def mobilenet_v1_quarter() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(8, 3, 2, use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    for filters, strides in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Conv2D(5, 1)(layers.Dropout(0.2)(x))
    return keras.Model(image, layers.Softmax()(layers.Reshape((5,))(x)))


def squeeze_excite() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    x = _conv_bn(image, 8, act="hard_swish")
    weights = layers.GlobalAveragePooling2D()(x)
    weights = layers.Dense(2, "relu")(weights)
    weights = layers.Dense(8, "hard_sigmoid")(weights)
    x = layers.multiply([x, layers.Reshape((1, 1, 8))(weights)])
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(image, layers.Dense(3)(x))


def mbconv() -> keras.Model:
    image = keras.Input((16, 16, 8), name="image")
    x = _conv_bn(image, 32, 1, act="swish")
    x = layers.DepthwiseConv2D(5, padding="same", use_bias=False)(x)
    x = layers.Activation("swish")(layers.BatchNormalization()(x))
    weights = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weights = layers.Conv2D(4, 1, activation="swish")(weights)
    x = x * layers.Conv2D(32, 1, activation="sigmoid")(weights)
    x = layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(x))
    x = layers.Add()([layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(x), image])
    return keras.Model(image, layers.GlobalAveragePooling2D()(x))


def convnext() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Conv2D(16, 4, 4)(image))
    for _ in range(2):
        y = layers.DepthwiseConv2D(7, padding="same")(x)
        y = layers.LayerNormalization(epsilon=1e-6)(y)
        y = layers.Dense(64, "gelu")(y)
        y = LayerScale()(layers.Dense(16)(y))
        x = layers.Add()([x, y])
    x = layers.LayerNormalization(epsilon=1e-6)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(4)(x))


def vit_tiny() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(16, 4, 4, padding="valid")(image)
    x = ClassToken()(layers.Reshape((16, 16))(x))
    x = x + layers.Embedding(17, 16)(ops.arange(17))
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 8)(y, y)])
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.Dense(16)(layers.Dropout(0.1)(layers.Dense(32, "gelu")(y)))
        x = layers.Add()([x, y])
    return keras.Model(image, layers.Dense(5)(layers.LayerNormalization()(x)[:, 0]))


def mlp_mixer() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, 4)(image))
    for _ in range(2):
        y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
        y = layers.Dense(16)(layers.Dense(24, "gelu")(y))
        x = x + layers.Permute((2, 1))(y)
        y = layers.LayerNormalization()(x)
        x = x + layers.Dense(8)(layers.Dense(16, "gelu")(y))
    return keras.Model(image, layers.Dense(4, "softmax")(layers.GlobalAveragePooling1D()(x)))


def densenet() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same")(image)
    for _ in range(3):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.concatenate([x, layers.Conv2D(4, 3, padding="same")(y)])
    x = layers.AveragePooling2D(2, padding="same")(layers.Conv2D(8, 1)(x))
    return keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))


def shufflenet() -> keras.Model:
    image = keras.Input((16, 16, 8), name="image")
    x = layers.ReLU()(layers.Conv2D(8, 1, groups=2)(image))
    x = layers.Permute((1, 2, 4, 3))(layers.Reshape((16, 16, 2, 4))(x))
    x = layers.DepthwiseConv2D(3, 2, padding="same")(layers.Reshape((16, 16, 8))(x))
    x = layers.GroupNormalization(2)(layers.Conv2D(8, 1, groups=4)(x))
    pooled = layers.AveragePooling2D(3, 2, padding="same")(image)
    return keras.Model(image, layers.Concatenate()([x, pooled]))


def siamese() -> keras.Model:
    tower = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(8),
            layers.UnitNormalization(),
        ],
        name="tower",
    )
    left, right = keras.Input((16, 16, 1), name="left"), keras.Input((16, 16, 1), name="right")
    distance = ops.abs(tower(left) - tower(right))
    same = layers.Dense(1, "sigmoid", name="same")(distance)
    cosine = layers.Dot(axes=1, normalize=True, name="cosine")([tower(left), tower(right)])
    return keras.Model([left, right], [same, cosine])


def ssd_head() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    x = _conv_bn(_conv_bn(image, 8, strides=2), 8, strides=2)
    maps = [x, _conv_bn(x, 16, strides=2)]
    boxes = [layers.Reshape((-1, 4))(layers.Conv2D(8, 3, padding="same")(m)) for m in maps]
    classes = [layers.Reshape((-1, 3))(layers.Conv2D(6, 3, padding="same")(m)) for m in maps]
    scores = layers.Softmax()(layers.Concatenate(axis=1)(classes))
    outputs = {
        "detections": {"boxes": layers.Concatenate(axis=1)(boxes), "scores": scores},
        "features": maps,
    }
    return keras.Model(image, outputs)


def yolo_like() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    fine = layers.LeakyReLU(0.1)(layers.Conv2D(8, 3, 4, padding="same")(image))
    coarse = layers.LeakyReLU(0.1)(layers.Conv2D(16, 3, 2, padding="same")(fine))
    merged = layers.Concatenate()([layers.UpSampling2D()(coarse), fine])
    raw = ops.reshape(layers.Conv2D(14, 1)(merged), (-1, 8, 8, 2, 7))
    centre = ops.sigmoid(raw[..., :2])
    size = ops.exp(ops.clip(raw[..., 2:4], -4, 4))
    return keras.Model(image, [ops.concatenate([centre, size], -1), ops.sigmoid(raw[..., 4:])])


def augmented() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 3), name="image"),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomContrast(0.2),
            layers.Rescaling(1 / 255),
            layers.CenterCrop(12, 12),
            layers.SeparableConv2D(8, 3, activation="elu"),
            layers.GaussianNoise(0.1),
            layers.SpatialDropout2D(0.3),
            layers.GlobalAveragePooling2D(),
            layers.GaussianDropout(0.2),
            layers.ActivityRegularization(l2=0.01),
            layers.Dense(3, "softmax"),
        ]
    )


def mixed_float16() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 3), name="image"),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(16, "relu"),
            layers.Dense(3, "softmax", dtype="float32"),
        ]
    )


def nested() -> keras.Model:
    backbone_in = keras.Input((16, 16, 3))
    stem = keras.Sequential(
        [layers.Conv2D(4, 3), layers.PReLU(shared_axes=[1, 2])], name="stem"
    )
    features = stem(backbone_in)
    backbone = keras.Model(
        backbone_in, [features, layers.MaxPooling2D()(features)], name="backbone"
    )
    head = keras.Sequential([layers.Flatten(), layers.Dense(3)], name="head")
    image = keras.Input((16, 16, 3), name="image")
    _, pooled = backbone(image)
    return keras.Model(image, head(pooled))


def free_size_classifier() -> keras.Model:
    image = keras.Input((None, None, 3), name="image")
    x = layers.MaxPooling2D(2, padding="same")(_conv_bn(image, 8, strides=2))
    x = layers.Conv2D(8, 3, dilation_rate=2, padding="same", activation="relu")(x)
    x = layers.Concatenate()(
        [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    )
    return keras.Model(image, layers.Dense(4, "softmax")(x))


_PICTURE = {"image": Feed((16, 16, 3))}
_BIG_PICTURE = {"image": Feed((32, 32, 3))}
_MAP = {"image": Feed((16, 16, 8))}

IMAGE_MODELS = (
    model_case(
        resnet8, ("Conv2D", "BatchNormalization", "Add", "AveragePooling2D"), _BIG_PICTURE
    ),
    model_case(
        mobilenet_v1_quarter,
        ("DepthwiseConv2D", "ReLU", "ZeroPadding2D", "Rescaling", "Softmax"),
        {"image": Feed((32, 32, 3), draw=pixels)},
    ),
    model_case(squeeze_excite, ("Multiply", "GlobalMaxPooling2D"), _PICTURE),
    model_case(mbconv, ("DepthwiseConv2D", "GlobalAveragePooling2D", "Dropout"), _MAP),
    model_case(convnext, ("LayerNormalization", "DepthwiseConv2D", "Dense"), _BIG_PICTURE),
    model_case(vit_tiny, ("MultiHeadAttention", "LayerNormalization"), _PICTURE),
    model_case(mlp_mixer, ("Permute", "GlobalAveragePooling1D"), _PICTURE),
    model_case(densenet, ("Concatenate", "AveragePooling2D"), _PICTURE),
    model_case(shufflenet, ("GroupNormalization", "Permute", "Reshape"), _MAP),
    model_case(
        siamese,
        ("Dot", "UnitNormalization"),
        {"left": Feed((16, 16, 1)), "right": Feed((16, 16, 1))},
    ),
    model_case(ssd_head, ("Concatenate", "Softmax", "Reshape"), _BIG_PICTURE),
    model_case(yolo_like, ("UpSampling2D", "LeakyReLU"), _BIG_PICTURE),
    model_case(
        augmented,
        (
            "RandomFlip",
            "RandomRotation",
            "RandomContrast",
            "CenterCrop",
            "SeparableConv2D",
            "GaussianNoise",
            "GaussianDropout",
            "SpatialDropout2D",
            "ActivityRegularization",
        ),
        {"image": Feed((16, 16, 3), draw=pixels)},
    ),
    model_case(
        mixed_float16,
        ("Conv2D", "BatchNormalization", "MaxPooling2D", "Dense"),
        _PICTURE,
        policy="mixed_float16",
    ),
    model_case(nested, ("PReLU", "Flatten"), _PICTURE),
    model_case(
        free_size_classifier,
        ("MaxPooling2D",),
        {"image": Feed((None, None, 3))},
        lengths=(16, 21),
    ),
)
