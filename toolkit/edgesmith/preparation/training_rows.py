"""The raw samples of the training split, on which a kind's first steps are fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith.core import Dataset
    from edgesmith_runtime.transforms import Batch

__all__ = ["TrainingRows"]

CHUNK_ROWS = 1024


class TrainingRows:
    """Raw samples, read as they are needed.

    Args:
        dataset: With one raw input.
        rows: Of the training split.
    """

    def __init__(self, dataset: Dataset, rows: NDArray[np.intp]) -> None:
        self._dataset = dataset
        self._rows = rows
        self.raw_input = dataset.raw_inputs[0].name

    def __len__(self) -> int:
        return len(self._rows)

    def first(self) -> Any:
        """One raw sample."""
        return self._dataset.samples.read(self._rows[:1])[self.raw_input][0]

    def chunks(self, n_rows: int = CHUNK_ROWS) -> Iterator[Batch]:
        """All of them in order, some at a time, as a transform takes them."""
        for start in range(0, len(self._rows), n_rows):
            yield self._dataset.samples.read(self._rows[start : start + n_rows])[self.raw_input]

    def place(self, index: int) -> str:
        """Where one of them is, for messages."""
        return self._dataset.samples.place(int(self._rows[index]))
