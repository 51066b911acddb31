"""What the inputs of a small model are, how they are drawn, and the case made of one function of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from conversion_cases.case import Case, randomized

__all__ = [
    "Draw",
    "Feed",
    "below",
    "chance",
    "custom_case",
    "integers",
    "layer_case",
    "normal",
    "padded",
    "pixels",
    "positive",
    "unit",
    "words",
]

if TYPE_CHECKING:
    from conversion_cases.case import Samples

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[Any]]
_NAMES = ("x", "y", "z", "w")


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    return rng.normal(0, 1, shape)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """0.0 to 1.0."""
    return rng.uniform(0, 1, shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    return rng.uniform(0.1, 2, shape)


def pixels(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Whole numbers from 0 to 255."""
    return rng.integers(0, 256, shape)


def chance(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """True in three of four; the first along the last axis always, so that no row is empty."""
    drawn = rng.uniform(0, 1, shape) < 0.75
    drawn[..., 0] = True
    return drawn


def padded(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Sequences ``(n, time, ...)`` that end in zeros after one to all of their steps."""
    return rng.normal(0, 1, shape) * _before_end(rng, shape)


def below(limit: int) -> Draw:
    """Whole numbers from 0, in sequences that end in zeros where there is a time axis."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        if len(shape) < 2:
            return rng.integers(0, limit, shape)
        return rng.integers(1, limit, shape) * _before_end(rng, shape)

    return draw


def integers(low: int, high: int) -> Draw:
    """Whole numbers from low to below high."""
    return lambda rng, shape: rng.integers(low, high, shape)


def words(*choices: str) -> Draw:
    """Texts, each one of those given."""
    return lambda rng, shape: rng.choice(np.array(choices, object), shape)


def _before_end(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    n, time = shape[:2]
    ends = rng.integers(1, time + 1, (n, 1))
    mask = np.arange(time) < ends
    return mask.reshape(n, time, *[1] * (len(shape) - 2))


@dataclass(frozen=True, slots=True)
class Feed:
    """An input of a model.

    Args:
        shape: Without the batch; None is a free axis. The first free one gets the case's
            length, others twice that, so that swapped axes show.
        dtype: As ``keras.Input`` takes it.
        draw: Values for a shape, cast to the dtype.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    draw: Draw = normal

    def array(self, n: int, length: int, rng: np.random.Generator) -> NDArray[Any]:
        first = self.shape.index(None) if None in self.shape else -1
        axes = [
            size or (length if axis == first else 2 * length)
            for axis, size in enumerate(self.shape)
        ]
        drawn = self.draw(rng, (n, *axes))
        return drawn if self.dtype == "string" else drawn.astype(self.dtype)


def layer_case(
    name: str,
    apply: Callable[..., Any],
    *inputs: Feed,
    covers: tuple[str, ...] = (),
    lengths: tuple[int, ...] = (),
    batch_size: int | None = None,
    policy: str = "float32",
) -> Case:
    """The case of a functional model whose output is ``apply`` of its inputs.

    Args:
        name: ``layers/Conv2D/strided``; its second word is covered.
        apply: Gives the output, or a structure of them, for the symbolic inputs.
        inputs: They are called x, y, z, w.
        covers: What else is exercised.
        lengths: Those of the free axes.
        batch_size: A fixed one.
        policy: The dtype policy that it is built under.
    """
    names = _NAMES[: len(inputs)]

    def build() -> keras.Model:
        symbols = [
            keras.Input(feed.shape, batch_size, dtype=feed.dtype, name=input_name)
            for input_name, feed in zip(names, inputs, strict=True)
        ]
        structure = symbols[0] if len(symbols) == 1 else symbols
        return randomized(keras.Model(structure, apply(*symbols)))

    return Case(
        name=name,
        covers=(name.split("/")[1], *covers),
        build=build,
        samples=_drawing(names, inputs),
        lengths=lengths,
        batch_sizes=(1, 4) if batch_size is None else (batch_size,),
        policy=policy,
    )


def custom_case(
    name: str,
    call: Callable[..., Any],
    *inputs: Feed,
    lengths: tuple[int, ...] = (),
) -> Case:
    """The case of a custom layer, without weights, that calls a function of ``keras.ops``."""

    class Custom(keras.Layer):
        def call(self, *tensors: Any) -> Any:
            return call(*tensors)

    return layer_case(
        name,
        lambda *tensors: Custom(name="custom")(*tensors),
        *inputs,
        covers=("Layer",),
        lengths=lengths,
    )


def _drawing(names: tuple[str, ...], inputs: tuple[Feed, ...]) -> Samples:
    def samples(n: int, length: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        return {
            name: feed.array(n, length, rng) for name, feed in zip(names, inputs, strict=True)
        }

    return samples
