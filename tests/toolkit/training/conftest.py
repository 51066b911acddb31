from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgesmith.core import Account, Prepared, PreparedSplit, Split
from edgesmith.store import Store
from edgesmith_runtime.manifest import Kind, Output, RawInput, Step, Task
from edgesmith_runtime.spec import TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Arrays = tuple[NDArray[Any], NDArray[Any]]


class Recorder:
    """A Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.n_updates = 0

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        for item in items:
            self.n_updates += 1
            yield item

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def progress() -> Recorder:
    return Recorder()


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., Prepared]:
    numbers = itertools.count()

    def make(
        train: Arrays,
        validation: Arrays | None = None,
        *,
        augment: Callable[[NDArray[Any], np.random.Generator], NDArray[Any]] | None = None,
    ) -> Prepared:
        directory = tmp_path / f"store{next(numbers)}"
        return prepared_of(directory, train, validation, augment=augment)

    return make


@pytest.fixture(scope="session")
def prepare_in() -> Callable[..., Prepared]:
    """The same in a given directory, for what several tests share."""
    return prepared_of


@pytest.fixture(scope="session")
def int8_answers() -> Callable[..., NDArray[Any]]:
    """What an int8 engine answers for a chain of layers, computed in numpy."""
    return _int8_answers


def prepared_of(
    directory: Path,
    train: Arrays,
    validation: Arrays | None = None,
    *,
    augment: Callable[[NDArray[Any], np.random.Generator], NDArray[Any]] | None = None,
) -> Prepared:
    """A data set of one tensor ``x``; integer targets are classes."""
    given = {Split.TRAIN: train}
    if validation is not None:
        given[Split.VALIDATION] = validation
    splits = {split: _stored(directory / split, *arrays) for split, arrays in given.items()}
    shape = train[0].shape[1:]
    is_classification = train[1].dtype.kind == "i"
    labels = tuple(f"class {index}" for index in range(int(train[1].max()) + 1))
    step = Step(
        op="tensor",
        inputs=("raw",),
        outputs=("x",),
        params={"dtype": "float32", "shape": list(shape)},
        augment_after=augment is not None,
    )
    return Prepared(
        task=Task.CLASSIFICATION if is_classification else Task.REGRESSION,
        raw_inputs=(RawInput("raw", Kind.TENSOR, "an array"),),
        transform=Transform((step,), ("raw",)),
        inputs=(TensorSpec("x", "float32", ("batch", *shape)),),
        output=Output(name="scores", shape=(len(labels),), labels=labels)
        if is_classification
        else Output(name="value", shape=train[1].shape[1:]),
        splits=splits,
        augment=augment,
        account=Account(n_read=len(train[0])),
    )


def _stored(directory: Path, tensors: NDArray[Any], targets: NDArray[Any]) -> PreparedSplit:
    directory.mkdir(parents=True)
    np.save(directory / "x.npy", tensors)
    store = Store(directory, ("x",), len(tensors))
    return PreparedSplit(store=store, targets=targets, rows=np.arange(len(tensors)))


def _int8_answers(
    model: Any, calibration: NDArray[Any], samples: NDArray[Any], *, per_channel: bool
) -> NDArray[Any]:
    """Probabilities ``(n, classes)``: int8 weights, folded, and uint8 activations by min and max.

    A chain of convolutions of stride 1 with same padding, each with a batch norm and a ReLU, then
    the mean over the image and a softmax layer.
    """
    ranges: list[tuple[float, float]] = []

    def observe(values: NDArray[Any]) -> NDArray[Any]:
        ranges.append((min(values.min(), 0.0), max(values.max(), 0.0)))
        return values

    _chain(model, calibration, observe, lambda weights: weights)
    ends = iter(ranges)
    return _chain(
        model,
        samples,
        lambda values: _uint8(values, *next(ends)),
        lambda weights: _int8(weights, per_channel=per_channel),
    )


def _chain(
    model: Any,
    values: NDArray[Any],
    on_values: Callable[[NDArray[Any]], NDArray[Any]],
    on_weights: Callable[[NDArray[Any]], NDArray[Any]],
) -> NDArray[Any]:
    values = on_values(values.astype(np.float64))
    layers = (layer for layer in model.layers if type(layer).__name__ != "InputLayer")
    for layer in layers:
        kind = type(layer).__name__
        if "Conv2D" in kind:
            gamma, beta, mean, variance = next(layers).get_weights()
            assert type(next(layers)).__name__ == "ReLU"
            kernel = layer.get_weights()[0]
            if kind == "DepthwiseConv2D":
                kernel = kernel[..., 0]
            scale = gamma / np.sqrt(variance + 1e-3)
            windows = _windows(values, kernel.shape[0])
            product = "nhwckl,klc->nhwc" if kernel.ndim == 3 else "nhwckl,klco->nhwo"
            folded = np.einsum(product, windows, on_weights(kernel * scale), optimize=True)
            values = on_values(np.maximum(folded + beta - mean * scale, 0))
        elif kind == "GlobalAveragePooling2D":
            values = on_values(values.mean((1, 2)))
        else:
            kernel, bias = layer.get_weights()
            logits = on_values(values @ on_weights(kernel) + bias)
            values = np.exp(logits - logits.max(1, keepdims=True))
            values /= values.sum(1, keepdims=True)
    return values


def _windows(images: NDArray[Any], size: int) -> NDArray[Any]:
    margin = size // 2
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size), (1, 2))


def _int8(weights: NDArray[Any], *, per_channel: bool) -> NDArray[Any]:
    shared = tuple(range(weights.ndim - 1)) if per_channel else None
    scale = np.maximum(np.abs(weights).max(shared) / 127, 1e-12)
    return np.round(weights / scale) * scale


def _uint8(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    scale = (high - low) / 255
    zero_point = round(-low / scale)
    return (np.clip(np.round(values / scale) + zero_point, 0, 255) - zero_point) * scale
