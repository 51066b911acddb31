from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.conversion.lowering.pooling_calls import AdaptivePool, Spans
from edgesmith.conversion.lowering.windows import Window
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

layers = keras.layers
_RANKS = (1, 2, 3)
_SHAPES = {1: (13, 4), 2: (9, 8, 4), 3: (7, 6, 5, 4)}
_WINDOWS: tuple[dict[str, Any], ...] = (
    {"pool_size": 2},
    {"pool_size": 3, "strides": 2},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": 3, "strides": 1, "padding": "same"},
    {"pool_size": 2, "strides": 3, "padding": "same"},
)
_COUNTS = {1: (5, 2, 9, 13), 2: ((3, 2), (5, 3), (9, 8)), 3: ((3, 2, 4), (7, 6, 2), (2, 4, 5))}
_KINDS = ("Max", "Average")


def _first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[-1], *shape[:-1])


def _samples(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((3, *shape), np.float32)


def _model(shape: tuple[int | None, ...], made: list[partial[Any]]) -> keras.Model:
    x = keras.Input(shape, name="x")
    return keras.Model(x, [layer()(x) for layer in made])


def _pools(rank: int, data_format: str = "channels_last") -> list[partial[Any]]:
    made = [
        part
        for kind in _KINDS
        for cls, all_of in [(f"{kind}Pooling{rank}D", f"Global{kind}Pooling{rank}D")]
        for part in (
            *(partial(getattr(layers, cls), **window) for window in _WINDOWS),
            partial(getattr(layers, all_of)),
            partial(getattr(layers, all_of), keepdims=True),
        )
    ]
    return [partial(one, data_format=data_format) for one in made]


@pytest.mark.slow
@pytest.mark.parametrize("rank", _RANKS)
@pytest.mark.parametrize("fmt", Format)
def test_every_pool_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, rank: int
) -> None:
    shape = _SHAPES[rank]

    assert error_of(_model(shape, _pools(rank)), fmt, _samples(shape)) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("rank", _RANKS)
@pytest.mark.parametrize("fmt", Format)
def test_every_pool_answers_as_keras_with_channels_first(
    error_of: Callable[..., float], fmt: Format, rank: int
) -> None:
    shape = _first(_SHAPES[rank])
    model = _model(shape, _pools(rank, "channels_first"))

    assert error_of(model, fmt, _samples(shape)) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("rank", _RANKS)
@pytest.mark.parametrize("fmt", Format)
def test_every_pool_answers_as_keras_at_free_lengths(
    error_of: Callable[..., float], fmt: Format, rank: int
) -> None:
    sizes = [(*range(first, first + rank), 4) for first in (6, 10)]

    model = _model((*[None] * rank, 4), _pools(rank))

    assert error_of(model, fmt, *map(_samples, sizes)) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", _RANKS)
@pytest.mark.parametrize("fmt", Format)
def test_adaptive_pools_answer_as_keras(
    error_of: Callable[..., float], fmt: Format, rank: int, data_format: str
) -> None:
    kinds = [getattr(layers, f"Adaptive{kind}Pooling{rank}D") for kind in _KINDS]
    shape = _SHAPES[rank] if data_format == "channels_last" else _first(_SHAPES[rank])
    model = _model(
        shape,
        [partial(cls, n, data_format=data_format) for cls in kinds for n in _COUNTS[rank]],
    )

    assert error_of(model, fmt, _samples(shape)) < 1e-6


@pytest.mark.parametrize(
    ("length", "n", "spans", "window"),
    [
        (12, 3, Spans((0, 4, 8), (4, 4, 4)), Window(4, 4)),
        (7, 3, Spans((0, 2, 4), (3, 3, 3)), Window(3, 2)),
        (7, 4, Spans((0, 1, 3, 5), (2, 3, 3, 2)), None),
        (5, 5, Spans((0, 1, 2, 3, 4), (1, 1, 1, 1, 1)), Window(1, 1)),
        (6, 1, Spans((0,), (6,)), Window(6, 1)),
    ],
)
def test_adaptive_windows_span_the_length(
    length: int, n: int, spans: Spans, window: Window | None
) -> None:
    call = AdaptivePool(np.zeros((1, length, 2)), n, "channels_last")

    assert call.spans == (spans,)
    assert spans.window == window
