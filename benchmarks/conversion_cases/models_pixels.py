"""Models that give an image, a mask or a volume; autoencoders and generators."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from conversion_cases.feeding import Feed, integers
from conversion_cases.model_case import model_case

__all__ = ["PIXEL_MODELS"]


@keras.saving.register_keras_serializable("cases")
class Sampling(layers.Layer):
    """The latent of a variational autoencoder: drawn in training, the mean at inference."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.seed = keras.random.SeedGenerator(1)

    def call(self, inputs: list[Any], *, training: bool | None = None) -> Any:
        mean, log_variance = inputs
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean + ops.exp(0.5 * log_variance) * noise


class VariationalAutoencoder(keras.Model):
    """As in the Keras examples: an encoder, a decoder, and a call that joins them."""

    def __init__(self) -> None:
        super().__init__()
        self.features = layers.Dense(16, "relu")
        self.mean, self.log_variance = layers.Dense(4), layers.Dense(4)
        self.sampling = Sampling()
        self.decoder = keras.Sequential([layers.Dense(16, "relu"), layers.Dense(32, "sigmoid")])

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        hidden = self.features(x)
        latent = self.sampling(
            [self.mean(hidden), self.log_variance(hidden)], training=training
        )
        return self.decoder(latent)


def _block(x: Any, filters: int) -> Any:
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x


def unet_free_size() -> keras.Model:
    image = keras.Input((None, None, 3), name="image")
    x, skips = image, []
    for filters in (4, 8):
        x = _block(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = _block(x, 16)
    for filters, skip in zip((8, 4), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(filters, 2, 2, padding="same")(x)
        x = _block(layers.Concatenate()([x, skip]), filters)
    return keras.Model(image, layers.Conv2D(2, 1, activation="softmax", name="mask")(x))


def unet_upsampling() -> keras.Model:
    image = keras.Input((16, 16, 1), name="image")
    fine = _block(image, 4)
    coarse = _block(layers.AveragePooling2D(2)(fine), 8)
    x = layers.UpSampling2D(2, interpolation="bilinear")(coarse)
    x = _block(layers.Concatenate()([x, fine]), 4)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def deeplab_like() -> keras.Model:
    image = keras.Input((32, 32, 3), name="image")
    low = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(image)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu")(low)
    x = layers.SeparableConv2D(16, 3, dilation_rate=2, padding="same")(x)
    branches = [layers.Conv2D(8, 1)(x)]
    branches += [layers.Conv2D(8, 3, dilation_rate=r, padding="same")(x) for r in (2, 3)]
    pooled = layers.Conv2D(8, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    branches.append(layers.UpSampling2D(8, interpolation="bilinear")(pooled))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Concatenate()(branches)))
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.Conv2D(8, 1)(x))
    x = layers.Conv2D(4, 3, padding="same")(layers.Concatenate()([x, layers.Conv2D(4, 1)(low)]))
    return keras.Model(image, layers.Resizing(32, 32, interpolation="bilinear")(x))


def super_resolution_pixel_shuffle() -> keras.Model:
    image = keras.Input((None, None, 3), name="image")
    x = shortcut = layers.Conv2D(8, 3, padding="same")(image)
    for _ in range(2):
        y = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Rescaling(0.1)(layers.Conv2D(8, 3, padding="same")(y))])
    x = layers.Conv2D(12, 3, padding="same")(layers.Add()([x, shortcut]))
    return keras.Model(image, layers.Lambda(lambda t: tf.nn.depth_to_space(t, 2))(x))


def super_resolution_reshapes() -> keras.Model:
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="tanh")(image)
    x = ops.reshape(layers.Conv2D(4, 3, padding="same")(x), (-1, 8, 8, 2, 2))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, 16, 16, 1))
    bicubic = layers.UpSampling2D(2, interpolation="bicubic")(image)
    return keras.Model(image, layers.Add()([x, bicubic]))


def convolutional_autoencoder() -> keras.Model:
    encoder = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(4, 3, 2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(8, 3, 2, padding="same", activation="relu"),
        ],
        name="encoder",
    )
    decoder = keras.Sequential(
        [
            keras.Input((4, 4, 8)),
            layers.Conv2DTranspose(4, 3, 2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2DTranspose(1, 3, 2, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    image = keras.Input((16, 16, 1), name="image")
    return keras.Model(image, decoder(encoder(image)))


def dense_autoencoder() -> keras.Model:
    frame = keras.Input((40,), name="frame")
    x = frame
    for units in (32, 32, 8, 32, 32):
        x = layers.Dense(units)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    return keras.Model(frame, layers.Dense(40)(x))


def denoising_autoencoder_1d() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((24, 2), name="signal"),
            layers.GaussianNoise(0.2),
            layers.Conv1D(8, 5, 2, padding="same", activation="relu"),
            layers.Conv1D(4, 5, 2, padding="same", activation="relu"),
            layers.Conv1DTranspose(4, 5, 2, padding="same", activation="relu"),
            layers.UpSampling1D(2),
            layers.Conv1D(2, 5, padding="same"),
        ]
    )


def variational_autoencoder() -> keras.Model:
    model = VariationalAutoencoder()
    model(ops.zeros((1, 32)))
    return model


def variational_encoder() -> keras.Model:
    image = keras.Input((16, 16, 1), name="image")
    x = layers.Flatten()(layers.Conv2D(4, 3, 2, activation="relu", padding="same")(image))
    mean, log_variance = layers.Dense(3, name="mean")(x), layers.Dense(3, name="log_var")(x)
    latent = Sampling(name="latent")([mean, log_variance])
    return keras.Model(image, [mean, log_variance, latent])


def gan_generator() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((10,), name="noise"),
            layers.Dense(4 * 4 * 8, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((4, 4, 8)),
            layers.Conv2DTranspose(8, 5, 1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(4, 5, 2, padding="same", use_bias=False),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(1, 4, 2, padding="same", activation="tanh"),
        ]
    )


def gan_generator_conditional() -> keras.Model:
    noise, label = (
        keras.Input((6,), name="noise"),
        keras.Input((1,), name="label", dtype="int32"),
    )
    embedded = layers.Flatten()(layers.Embedding(3, 6)(label))
    x = layers.Dense(4 * 4 * 4, "relu")(layers.multiply([noise, embedded]))
    x = layers.UpSampling2D(interpolation="nearest")(layers.Reshape((4, 4, 4))(x))
    x = layers.BatchNormalization(momentum=0.8)(layers.Conv2D(4, 3, padding="same")(x))
    return keras.Model(
        [noise, label], layers.Conv2D(1, 3, padding="same", activation="tanh")(x)
    )


def gan_discriminator() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((16, 16, 1), name="image"),
            layers.SpectralNormalization(layers.Conv2D(4, 5, 2, padding="same")),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dropout(0.3),
            layers.ZeroPadding2D(((0, 1), (0, 1))),
            layers.Conv2D(8, 5, 2, padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def style_transfer() -> keras.Model:
    image = keras.Input((None, None, 3), name="image")
    x = layers.Lambda(lambda t: tf.pad(t, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT"))(image)
    x = layers.GroupNormalization(groups=-1)(layers.Conv2D(4, 5)(x))
    x = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(x)
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    return keras.Model(image, layers.Conv2D(3, 3, padding="same", activation="tanh")(x))


def volume_segmentation() -> keras.Model:
    volume = keras.Input((8, 8, 8, 1), name="volume")
    fine = layers.Conv3D(4, 3, padding="same", activation="relu")(volume)
    x = layers.Conv3D(8, 3, padding="same", activation="relu")(layers.MaxPooling3D()(fine))
    x = layers.Conv3DTranspose(4, 2, 2, padding="same")(x)
    x = layers.Concatenate()([x, fine])
    return keras.Model(volume, layers.Conv3D(1, 1, activation="sigmoid")(x))


_GREY = {"image": Feed((16, 16, 1))}
_FREE = {"image": Feed((None, None, 3))}

PIXEL_MODELS = (
    model_case(
        unet_free_size,
        ("Conv2DTranspose", "Concatenate", "MaxPooling2D"),
        _FREE,
        lengths=(16, 24),
    ),
    model_case(unet_upsampling, ("UpSampling2D", "AveragePooling2D"), _GREY),
    model_case(
        deeplab_like,
        ("UpSampling2D", "SeparableConv2D", "Resizing"),
        {"image": Feed((32, 32, 3))},
    ),
    model_case(super_resolution_pixel_shuffle, ("Lambda", "Rescaling"), _FREE, lengths=(8, 11)),
    model_case(super_resolution_reshapes, ("UpSampling2D",), {"image": Feed((8, 8, 1))}),
    model_case(convolutional_autoencoder, ("Conv2DTranspose", "BatchNormalization"), _GREY),
    model_case(dense_autoencoder, ("Dense", "BatchNormalization"), {"frame": Feed((40,))}),
    model_case(
        denoising_autoencoder_1d,
        ("Conv1DTranspose", "UpSampling1D", "GaussianNoise"),
        {"signal": Feed((24, 2))},
    ),
    model_case(variational_autoencoder, ("Dense",), {"x": Feed((32,))}),
    model_case(variational_encoder, ("Conv2D",), _GREY),
    model_case(gan_generator, ("Conv2DTranspose", "LeakyReLU"), {"noise": Feed((10,))}),
    model_case(
        gan_generator_conditional,
        ("Embedding", "UpSampling2D"),
        {"noise": Feed((6,)), "label": Feed((1,), "int32", integers(0, 3))},
    ),
    model_case(gan_discriminator, ("SpectralNormalization", "LeakyReLU"), _GREY),
    model_case(style_transfer, ("GroupNormalization", "Lambda"), _FREE, lengths=(8, 14)),
    model_case(
        volume_segmentation,
        ("Conv3D", "Conv3DTranspose", "MaxPooling3D"),
        {"volume": Feed((8, 8, 8, 1))},
    ),
)
