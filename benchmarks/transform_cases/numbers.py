"""Steps on arrays of numbers, held against Keras, TensorFlow, scikit-learn and scipy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import scipy.ndimage
import scipy.signal
import scipy.stats
import tensorflow as tf
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import PowerTransformer, StandardScaler

from transform_cases.case import Case
from transform_cases.real import photos, wine

__all__ = ["CASES"]


def normal(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 3, (500, 4))


def positive(rng: np.random.Generator) -> np.ndarray:
    return np.exp(normal(rng))


def centred() -> np.ndarray:
    return wine() - wine().mean(axis=0)


def holed(numbers: np.ndarray) -> np.ndarray:
    made = numbers.copy()
    made[np.random.default_rng(0).random(made.shape) < 0.2] = np.nan
    return made


def scaled(numbers: np.ndarray) -> dict[str, Any]:
    fitted = StandardScaler().fit(numbers)
    return {"offset": tuple(fitted.mean_), "scale": tuple(fitted.scale_), "dtype": "float64"}


def normalized(numbers: np.ndarray) -> np.ndarray:
    layer = keras.layers.Normalization(mean=[1.0, 2, 3, 4], variance=[4.0, 9, 16, 25])
    return np.asarray(layer(numbers.astype(np.float32)))


def yeo_johnson(numbers: np.ndarray) -> dict[str, Any]:
    fitted = PowerTransformer(standardize=False).fit(numbers)
    return {"powers": tuple(fitted.lambdas_)}


def box_cox(numbers: np.ndarray) -> dict[str, Any]:
    return {"powers": tuple(float(scipy.stats.boxcox(one)[1]) for one in numbers.T)}


def box_coxed(numbers: np.ndarray) -> np.ndarray:
    return np.stack([scipy.stats.boxcox(one)[0] for one in numbers.T], axis=1)


def pictures() -> np.ndarray:
    return photos()[:, :60, :80].astype(np.float64)


def grid(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(2, 60, 80, 3))


def _case(
    op: str, params: Any, against: str, expected: Any, *, bound: float = 0, **inputs: Any
) -> Case:
    given = {"real": wine, "random": normal, **inputs}
    return Case(op=op, params=params, against=against, expected=expected, bound=bound, **given)


def _filter(op: str, params: Any, against: str, expected: Any) -> Case:
    return _case(op, params, against, expected, bound=1e-12, real=pictures, random=grid)


CASES = (
    _case(
        "tensor",
        {"dtype": "float32", "shape": (4,)},
        "`tf.convert_to_tensor`",
        lambda numbers: tf.convert_to_tensor(numbers, tf.float32).numpy(),
    ),
    _case(
        "fill",
        {"values": (0.5,)},
        "scikit-learn's `SimpleImputer`",
        lambda numbers: SimpleImputer(strategy="constant", fill_value=0.5).fit_transform(
            numbers
        ),
        real=lambda: holed(wine()),
        random=lambda rng: holed(normal(rng)),
    ),
    _case(
        "clip",
        {"low": (1.0,), "high": (2.5,)},
        "`tf.clip_by_value`",
        lambda numbers: tf.clip_by_value(numbers, 1.0, 2.5).numpy(),
    ),
    _case(
        "scale",
        scaled,
        "scikit-learn's `StandardScaler`",
        lambda numbers: StandardScaler().fit_transform(numbers),
        bound=1e-12,
    ),
    _case(
        "scale",
        {"offset": (1.0, 2.0, 3.0, 4.0), "scale": (2.0, 3.0, 4.0, 5.0)},
        "Keras' `Normalization`",
        normalized,
        bound=1e-6,
    ),
    _case(
        "cast",
        {"dtype": "float16"},
        "`tf.cast`",
        lambda numbers: tf.cast(numbers, tf.float16).numpy(),
    ),
    _case(
        "concat",
        {},
        "`tf.concat`",
        lambda pair: tf.cast(tf.concat(pair, axis=-1), tf.float32).numpy(),
        real=lambda: (wine(), centred()),
        random=lambda rng: (normal(rng), positive(rng)),
        joins=True,
    ),
    _case(
        "reshape",
        {"shape": (2, -1, 1)},
        "`tf.reshape`",
        lambda numbers: tf.reshape(numbers, (len(numbers), 2, 2, 1)).numpy(),
    ),
    _case(
        "log1p",
        {},
        "`tf.math.log1p` of the absolute value with `tf.sign`",
        lambda numbers: (tf.sign(numbers) * tf.math.log1p(tf.abs(numbers))).numpy(),
        bound=1e-12,
        real=centred,
    ),
    _case(
        "yeo_johnson",
        yeo_johnson,
        "scikit-learn's `PowerTransformer`",
        lambda numbers: PowerTransformer(standardize=False).fit_transform(numbers),
        bound=1e-12,
        real=centred,
    ),
    _case("box_cox", box_cox, "`scipy.stats.boxcox`", box_coxed, bound=1e-12, random=positive),
    _filter(
        "moving_average",
        {"size": 5, "axes": (0,)},
        "`scipy.ndimage.uniform_filter1d`, nearest",
        lambda images: scipy.ndimage.uniform_filter1d(images, 5, axis=1, mode="nearest"),
    ),
    _filter(
        "median_filter",
        {"size": 3, "axes": (0, 1)},
        "`scipy.ndimage.median_filter`, nearest",
        lambda images: scipy.ndimage.median_filter(images, (1, 3, 3, 1), mode="nearest"),
    ),
    _filter(
        "gaussian_filter",
        {"sigma": 1.3, "axes": (0, 1)},
        "`scipy.ndimage.gaussian_filter`, nearest",
        lambda images: scipy.ndimage.gaussian_filter(
            images, 1.3, axes=(1, 2), mode="nearest", truncate=4.0
        ),
    ),
    _filter(
        "savitzky_golay",
        {"window": 7, "order": 3, "axis": 1},
        "`scipy.signal.savgol_filter`, nearest",
        lambda images: scipy.signal.savgol_filter(images, 7, 3, axis=2, mode="nearest"),
    ),
    _case(
        "weigh",
        {"weights": (0.1, 2.0, -3.0, 4.5)},
        "`tf.multiply`",
        lambda numbers: tf.multiply(
            tf.cast(numbers, tf.float32), tf.constant([0.1, 2.0, -3.0, 4.5])
        ).numpy(),
    ),
)
