"""Any number of samples through a model that takes a fixed number at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.spec import Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.runners import Runner

__all__ = ["FixedBatchRunner", "run_in_batches"]

Tensors = dict[str, "NDArray[Any]"]


def run_in_batches(
    run: Callable[[Tensors], Tensors], tensors: Mapping[str, NDArray[Any]], batch_size: int
) -> Tensors:
    """Run samples in batches of one size; the last is filled up, and what that gave is cut off.

    Args:
        run: Takes and gives ``(batch_size, ...)`` a tensor.
        tensors: ``(n, ...)`` each, ``n`` from 1.
        batch_size: How many the model takes.

    Returns:
        ``(n, ...)`` each.
    """
    n_samples = len(next(iter(tensors.values())))
    parts: list[Tensors] = []
    for start in range(0, n_samples, batch_size):
        # The last sample again: a value that the model takes, whatever it means.
        rows = np.minimum(np.arange(start, start + batch_size), n_samples - 1)
        parts.append(run({name: array[rows] for name, array in tensors.items()}))
    return {
        name: np.concatenate([part[name] for part in parts])[:n_samples] for name in parts[0]
    }


class FixedBatchRunner:
    """A runner whose artifact has a fixed batch axis, for any number of samples."""

    def __init__(self, runner: Runner, batch_size: int) -> None:
        self._runner = runner
        self._batch_size = batch_size
        inputs = runner.artifact.signature.inputs
        self._inputs = Signature(
            tuple(replace(spec, shape=("batch", *spec.sample_shape)) for spec in inputs), ()
        )

    @property
    def artifact(self) -> Artifact:
        """What is loaded."""
        return self._runner.artifact

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> Tensors:
        """Run the model as often as the samples need; see ``Runner.run``."""
        self._inputs.check_inputs(tensors)
        arrays = {name: np.asarray(array) for name, array in tensors.items()}
        if len(next(iter(arrays.values()))) == self._batch_size:
            return self._runner.run(arrays)
        return run_in_batches(self._runner.run, arrays, self._batch_size)
