from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

_IDS = np.array([[2, 0, 7, -3, 9], [5, 5, 3, 1, 2], [4, 8, 2, 7, 0]], "int64")


def _lookup(**settings: Any) -> layers.IntegerLookup:
    return layers.IntegerLookup(**{"vocabulary": [2, 7, 3, 5], **settings})


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_integer_lookups_answer_as_keras(error_of: Callable[..., float], fmt: Format) -> None:
    x = keras.Input((5,), dtype="int64")
    lookups = [
        _lookup(),
        _lookup(mask_token=0),
        _lookup(num_oov_indices=3),
        _lookup(num_oov_indices=2, mask_token=9, oov_token=-5),
        _lookup(invert=True),
        _lookup(vocabulary=[-(10**12), 4, 7, 10**13, 5]),
        _lookup(vocabulary=[2]),
        _lookup(vocabulary=[1, 2, 3, 5]),
        _lookup(output_mode="one_hot"),
        _lookup(output_mode="multi_hot", max_tokens=9, pad_to_max_tokens=True),
        _lookup(output_mode="count"),
        _lookup(output_mode="tf_idf", idf_weights=[0.5, 1.0, 1.5, 2.0]),
    ]
    model = keras.Model(x, [lookup(x) for lookup in lookups])

    assert error_of(model, fmt, _IDS) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_a_lookup_without_places_for_others_answers_as_keras(
    error_of: Callable[..., float], fmt: Format
) -> None:
    x = keras.Input((2,), dtype="int64")
    model = keras.Model(
        x, [_lookup(num_oov_indices=0)(x), _lookup(num_oov_indices=0, mask_token=0)(x)]
    )

    assert error_of(model, fmt, np.array([[2, 7], [5, 3]], "int64")) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_bins_answer_as_keras(error_of: Callable[..., float], fmt: Format) -> None:
    x, bounds = keras.Input((4,)), [-1.0, 0.0, 0.5, 1.5]
    bins = [
        layers.Discretization(bin_boundaries=bounds, output_mode=mode)
        for mode in ("int", "one_hot", "multi_hot", "count")
    ]
    model = keras.Model(x, [layer(x) for layer in bins])
    samples = np.array([[-1.0, 0.0, 0.5, 1.5], [-2.0, 0.2, 9.0, 1.4]], "float32")

    assert error_of(model, fmt, samples) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_categories_answer_as_keras(error_of: Callable[..., float], fmt: Format) -> None:
    x = keras.Input((5,), dtype="int32", name="x")
    weights = keras.Input((5,), name="weights")
    outputs = [
        layers.CategoryEncoding(10, output_mode=mode)(x)
        for mode in ("one_hot", "multi_hot", "count")
    ]
    weighed = layers.CategoryEncoding(10, output_mode="count")(x, count_weights=weights)
    model = keras.Model([x, weights], [*outputs, weighed])
    samples = {
        "x": np.array([[2, 0, 7, 3, 9], [5, 5, 3, 1, 2]], "int32"),
        "weights": np.random.default_rng(0).uniform(0, 1, (2, 5)).astype("float32"),
    }

    assert error_of(model, fmt, samples) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_counts_grow_with_the_largest_number(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.array([[1, 1, 6, 0], [2, 3, 3, 3]], "int32")

    model = model_of({"x": ((4,), "int32")}, lambda x: ops.bincount(x, minlength=5))

    assert error_of(model, fmt, x) == 0
