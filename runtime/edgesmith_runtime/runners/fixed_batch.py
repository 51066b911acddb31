"""Any number of samples through a model that takes a fixed number at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import BackendError
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

    Raises:
        BackendError: An output has not the samples of a batch on its first axis.
    """
    n_samples = len(next(iter(tensors.values())))
    parts: list[Tensors] = []
    for start in range(0, n_samples, batch_size):
        # The last sample again: a value that the model takes, whatever it means.
        rows = np.minimum(np.arange(start, start + batch_size), n_samples - 1)
        parts.append(run({name: array[rows] for name, array in tensors.items()}))
        _check_rows(parts[-1], batch_size)
    return {
        name: np.concatenate([part[name] for part in parts])[:n_samples] for name in parts[0]
    }


def _check_rows(outputs: Tensors, batch_size: int) -> None:
    for name, array in outputs.items():
        if array.shape[:1] != (batch_size,):
            raise BackendError(
                f"output '{name}': expected {batch_size} on the first axis, one for each sample of "
                f"a batch, got shape {array.shape}; give {batch_size} samples to a run"
            )


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
        if not len(next(iter(arrays.values()))):
            return self._nothing()
        return run_in_batches(run, arrays, self._batch_size)

    def _nothing(self) -> Tensors:
        """The answer for no samples: no run gives it; a free axis has the length 0."""
        return {
            spec.name: np.zeros(
                (0, *(0 if isinstance(axis, str) else axis for axis in spec.sample_shape)),
                spec.dtype,
            )
            for spec in self.artifact.signature.outputs
        }

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
