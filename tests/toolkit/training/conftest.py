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
