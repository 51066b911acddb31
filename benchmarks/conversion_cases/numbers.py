"""Preprocessing of numbers: scaling, bins, categories, lookups, spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from conversion_cases.feeding import Feed, integers, layer_case, unit

__all__ = ["CASES"]

VECTOR = Feed((4,))
CATEGORY = Feed((1,), "int32", integers(0, 6))
CATEGORIES = Feed((5,), "int32", integers(0, 6))
IDS = Feed((5,), "int64", integers(0, 9))
WAVE = Feed((1024,))
FREE_WAVE = Feed((None,))
_VOCABULARY = (2, 3, 5, 7)
_WEIGHTS = (0.5, 1.0, 1.5, 2.0)
_MODES = ("one_hot", "multi_hot", "count")


def _adapted(layer: Any, values: Any, x: Any) -> Any:
    layer.adapt(values)
    return layer(x)


def _lookup(**settings: Any) -> Any:
    return layers.IntegerLookup(vocabulary=list(_VOCABULARY), **settings)


def _rows(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(2).normal(3, 2, (50, *shape)).astype("float32")


_NORMALIZATION = (
    layer_case(
        "layers/Normalization/given",
        lambda x: layers.Normalization(
            mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 4.0, 9.0, 2.0]
        )(x),
        VECTOR,
    ),
    layer_case(
        "layers/Normalization/adapted",
        lambda x: _adapted(layers.Normalization(), _rows((4,)), x),
        VECTOR,
    ),
    layer_case(
        "layers/Normalization/inverted",
        lambda x: _adapted(layers.Normalization(invert=True), _rows((4,)), x),
        VECTOR,
    ),
    layer_case(
        "layers/Normalization/over_all",
        lambda x: _adapted(layers.Normalization(axis=None), _rows((4,)), x),
        VECTOR,
    ),
    layer_case(
        "layers/Normalization/of_integers",
        lambda x: _adapted(layers.Normalization(), _rows((5,)), x),
        CATEGORIES,
    ),
)
_BINS = (
    layer_case(
        "layers/Discretization/int",
        lambda x: layers.Discretization(bin_boundaries=[-1.0, 0.0, 0.5, 1.5])(x),
        VECTOR,
    ),
    layer_case(
        "layers/Discretization/adapted",
        lambda x: _adapted(layers.Discretization(num_bins=5), _rows((1,)), x),
        VECTOR,
    ),
    *(
        layer_case(
            f"layers/Discretization/{mode}",
            lambda x, mode=mode: layers.Discretization(
                bin_boundaries=[-1.0, 0.0, 0.5, 1.5], output_mode=mode
            )(x),
            VECTOR,
        )
        for mode in _MODES
    ),
    layer_case(
        "layers/Discretization/of_integers",
        lambda x: layers.Discretization(bin_boundaries=[1.0, 3.0])(x),
        CATEGORIES,
    ),
)
_CATEGORIES = (
    *(
        layer_case(
            f"layers/CategoryEncoding/{mode}",
            lambda x, mode=mode: layers.CategoryEncoding(6, output_mode=mode)(x),
            CATEGORY if mode == "one_hot" else CATEGORIES,
        )
        for mode in _MODES
    ),
    layer_case(
        "layers/CategoryEncoding/count_weighted",
        lambda x, y: layers.CategoryEncoding(6, output_mode="count")(x, count_weights=y),
        CATEGORIES,
        Feed((5,), draw=unit),
    ),
    layer_case(
        "layers/CategoryEncoding/one_hot_of_several",
        lambda x: layers.CategoryEncoding(6, output_mode="one_hot")(x),
        CATEGORIES,
    ),
    layer_case("layers/IntegerLookup/int", lambda x: _lookup()(x), IDS),
    layer_case("layers/IntegerLookup/mask", lambda x: _lookup(mask_token=0)(x), IDS),
    layer_case(
        "layers/IntegerLookup/no_oov",
        lambda x: _lookup(num_oov_indices=0)(x),
        Feed((5,), "int64", lambda rng, shape: rng.choice(_VOCABULARY, shape)),
    ),
    layer_case(
        "layers/IntegerLookup/several_oov", lambda x: _lookup(num_oov_indices=3)(x), IDS
    ),
    layer_case(
        "layers/IntegerLookup/inverted",
        lambda x: _lookup(invert=True)(x),
        Feed((5,), "int64", integers(0, 5)),
    ),
    *(
        layer_case(
            f"layers/IntegerLookup/{mode}",
            lambda x, mode=mode: _lookup(output_mode=mode)(x),
            Feed((1,), "int64", integers(0, 9)) if mode == "one_hot" else IDS,
        )
        for mode in _MODES
    ),
    layer_case(
        "layers/IntegerLookup/tf_idf",
        lambda x: _lookup(output_mode="tf_idf", idf_weights=list(_WEIGHTS))(x),
        IDS,
    ),
    layer_case(
        "layers/IntegerLookup/then_embedding",
        lambda x: layers.Flatten()(layers.Embedding(5, 3)(_lookup()(x))),
        IDS,
        covers=("Embedding", "Flatten"),
    ),
    layer_case("layers/Hashing/of_integers", lambda x: layers.Hashing(7)(x), IDS),
    layer_case(
        "layers/HashedCrossing/of_integers",
        lambda x, y: layers.HashedCrossing(11)((x, y)),
        Feed((1,), "int64", integers(0, 9)),
        Feed((1,), "int64", integers(0, 9)),
    ),
)
_SPECTRA = (
    layer_case(
        "layers/MelSpectrogram/decibels",
        lambda x: layers.MelSpectrogram(fft_length=256, sequence_stride=128, num_mel_bins=16)(
            x
        ),
        WAVE,
    ),
    layer_case(
        "layers/MelSpectrogram/power",
        lambda x: layers.MelSpectrogram(
            fft_length=256,
            sequence_stride=64,
            sequence_length=200,
            num_mel_bins=16,
            power_to_db=False,
            mag_exp=1.0,
            max_freq=6000,
        )(x),
        WAVE,
    ),
    layer_case(
        "layers/MelSpectrogram/free_length",
        lambda x: layers.MelSpectrogram(fft_length=256, sequence_stride=128, num_mel_bins=16)(
            x
        ),
        FREE_WAVE,
        lengths=(800, 1000),
    ),
    *(
        layer_case(
            f"layers/STFTSpectrogram/{mode}",
            lambda x, mode=mode: layers.STFTSpectrogram(
                mode=mode, frame_length=128, frame_step=64, fft_length=128
            )(x),
            Feed((1024, 1)),
        )
        for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
    ),
    layer_case(
        "layers/STFTSpectrogram/two_channels_same",
        lambda x: layers.STFTSpectrogram(
            mode="magnitude",
            frame_length=100,
            frame_step=50,
            fft_length=128,
            padding="same",
            expand_dims=True,
            scaling="spectrum",
            periodic=True,
        )(x),
        Feed((600, 2)),
    ),
    layer_case(
        "layers/STFTSpectrogram/free_length",
        lambda x: layers.STFTSpectrogram(mode="magnitude", frame_length=128, frame_step=64)(x),
        Feed((None, 1)),
        lengths=(512, 700),
    ),
)

CASES = (*_NORMALIZATION, *_BINS, *_CATEGORIES, *_SPECTRA)
