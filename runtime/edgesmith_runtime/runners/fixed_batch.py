"""Any number of samples through a model that takes a fixed number at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.runners.deadlines import deadline_after, time_left
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

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> Tensors:
        """Run the model as often as the samples need; see ``Runner.run``.

        A timeout is for all of that together.
        """
        if self._is_one_batch(tensors):  # which the runner itself checks, once
            return self._runner.run(tensors, timeout=timeout)
        run = self._runner.run if timeout is None else self._run_within(timeout)
        self._inputs.check_inputs(tensors)
        arrays = {name: np.asarray(array) for name, array in tensors.items()}
        return run_in_batches(run, arrays, self._batch_size)

    def _run_within(self, timeout: float) -> Callable[[Tensors], Tensors]:
        deadline = deadline_after(timeout)

        def run(batch: Tensors) -> Tensors:
            left = time_left(
                deadline, where=self.artifact.file, done="other batches of the run"
            )
            return self._runner.run(batch, timeout=left)

        return run

    def _is_one_batch(self, tensors: Mapping[str, NDArray[Any]]) -> bool:
        try:
            for spec in self._inputs.inputs:
                if tensors[spec.name].shape[0] != self._batch_size:
                    return False
        except (LookupError, TypeError, AttributeError):
            return False
        return True
