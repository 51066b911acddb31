from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

layers = keras.layers
pytestmark = pytest.mark.slow
Made = dict[str, Any]

# Keras 3.15 takes the last axis for the channels' where a bias is as long as that, also with
# channels first; no output here is 4, 8 or 12 long there.
_SHAPES = {1: (13, 4), 2: (9, 11, 4), 3: (5, 6, 3, 4)}
_PLAIN: tuple[Made, ...] = (
    {"kernel_size": 3},
    {"kernel_size": 4, "padding": "same"},
    {"kernel_size": 2, "padding": "same", "strides": 2},
    {"kernel_size": 1, "padding": "same", "strides": 3},
    {"kernel_size": 2, "dilation_rate": 2},
    {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    {"kernel_size": 3, "groups": 2, "strides": 2, "padding": "same"},
    {"kernel_size": 2, "groups": 4, "dilation_rate": 2, "padding": "same"},
    {"kernel_size": 3, "groups": 4, "padding": "same", "activation": "relu"},
)
_CAUSAL: tuple[Made, ...] = (
    {"kernel_size": 3, "padding": "causal", "dilation_rate": 3},
    {"kernel_size": 3, "padding": "causal", "strides": 2, "groups": 2},
)
_BY_CHANNEL: tuple[Made, ...] = (
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": "same", "strides": 2, "depth_multiplier": 2},
    {"kernel_size": 2, "padding": "same", "dilation_rate": 2, "depth_multiplier": 3},
    {"kernel_size": 2, "padding": "same", "dilation_rate": 2, "strides": 2},
    {"kernel_size": 2, "dilation_rate": 2},
)
_TRANSPOSED: tuple[Made, ...] = (
    {"kernel_size": 3},
    {"kernel_size": 4, "padding": "same"},
    {"kernel_size": 2, "padding": "same", "strides": 2},
    {"kernel_size": 3, "padding": "same", "strides": 2},
    {"kernel_size": 5, "padding": "same", "strides": 2},
    {"kernel_size": 4, "padding": "same", "strides": 2},
    {"kernel_size": 1, "padding": "same", "strides": 2},
    {"kernel_size": 2, "strides": 3},
    {"kernel_size": 3, "strides": 3, "output_padding": 2},
    {"kernel_size": 2, "strides": 3, "padding": "same", "output_padding": 2},
    {"kernel_size": 5, "strides": 3, "padding": "same", "output_padding": 1},
    {"kernel_size": 3, "padding": "same", "dilation_rate": 2},
    {"kernel_size": 2, "dilation_rate": 2},
)
_UNEVEN: tuple[Made, ...] = tuple(
    {"kernel_size": (3, 4), "strides": strides, "padding": padding}
    for strides in ((2, 3), (2, 1), (1, 2))
    for padding in ("valid", "same")
)


def _all_of(cls: type, rank: int) -> list[partial[Any]]:
    """A layer of the class for each of its settings."""
    settings, rest = _PLAIN + (_CAUSAL if rank == 1 else ()), {"filters": 12}
    if "Transpose" in cls.__name__:
        settings = _TRANSPOSED + (_UNEVEN if rank == 2 else ())
    elif "Depthwise" in cls.__name__:
        settings, rest = _BY_CHANNEL, {}
    elif "Separable" in cls.__name__:
        settings = _BY_CHANNEL
    if rank == 3:
        settings = settings[1::2]
    return [partial(cls, **rest, **made, bias_initializer="uniform") for made in settings]


_KINDS = [
    *((layers.Conv1D, 1), (layers.Conv2D, 2), (layers.Conv3D, 3)),
    *((layers.DepthwiseConv1D, 1), (layers.DepthwiseConv2D, 2)),
    *((layers.SeparableConv1D, 1), (layers.SeparableConv2D, 2)),
    *((layers.Conv1DTranspose, 1), (layers.Conv2DTranspose, 2), (layers.Conv3DTranspose, 3)),
]
_all_kinds = pytest.mark.parametrize(
    ("cls", "rank"), _KINDS, ids=[cls.__name__ for cls, _ in _KINDS]
)


def _model(shape: tuple[int | None, ...], made: list[partial[Any]]) -> keras.Model:
    keras.utils.set_random_seed(0)
    x = keras.Input(shape, name="x")
    return keras.Model(x, [layer()(x) for layer in made])


def _samples(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((3, *shape), np.float32)


@_all_kinds
@pytest.mark.parametrize("fmt", Format)
def test_every_setting_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, cls: type, rank: int
) -> None:
    shape = _SHAPES[rank]

    error = error_of(_model(shape, _all_of(cls, rank)), fmt, _samples(shape))

    assert error < 1e-5


@_all_kinds
@pytest.mark.parametrize("fmt", Format)
def test_channels_first_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, cls: type, rank: int
) -> None:
    shape = (_SHAPES[rank][-1], *_SHAPES[rank][:-1])
    made = [
        partial(one, data_format="channels_first")
        for one in _all_of(cls, rank)[::2]
        if one.keywords.get("padding") != "causal"  # channels last only, says Keras
    ]

    error = error_of(_model(shape, made), fmt, _samples(shape))

    assert error < 1e-5


@_all_kinds
@pytest.mark.parametrize("fmt", Format)
def test_strides_answer_as_keras_at_free_lengths(
    error_of: Callable[..., float], fmt: Format, cls: type, rank: int
) -> None:
    n_channels = _SHAPES[rank][-1]
    sizes = [(*range(first, first + rank), n_channels) for first in (6, 11)]

    strided = [one for one in _all_of(cls, rank) if "strides" in one.keywords][:6]
    model = _model((*[None] * rank, n_channels), [*strided, _all_of(cls, rank)[-1]])

    error = error_of(model, fmt, *map(_samples, sizes))

    assert error < 1e-5


@pytest.mark.parametrize("opset", [13, 23])
def test_the_lowest_and_highest_opset_have_them(
    error_of: Callable[..., float], opset: int
) -> None:
    made = [
        *_all_of(layers.Conv1D, 1)[1:3],
        *_all_of(layers.DepthwiseConv1D, 1)[1:2],
        *_all_of(layers.Conv1DTranspose, 1)[1:3],
    ]

    error = error_of(_model((13, 4), made), Format.ONNX, _samples((13, 4)), opset=opset)

    assert error < 1e-5
