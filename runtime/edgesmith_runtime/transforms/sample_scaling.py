"""The step that scales each sample by its own numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["StandardizeSample"]

METHODS = ("standard", "peak", "minmax")


@record()
class StandardizeSample:
    """A sample scaled by its own values along some axes: loudness, offset or range go.

    "standard" is ``(x - mean) / deviation`` (the deviation divides by n), which is
    ``scipy.stats.zscore``; "peak" is ``x / max |x|``, "minmax" is ``(x - min) / (max - min)``.
    Where all values are equal, or with "peak" 0, the result is 0. Computed in float64.

    Args:
        axes: Axes of a sample that the numbers are taken along, 0 is the first after the batch;
            each place on the others has its own.
        method: "standard", "peak" or "minmax".
    """

    axes: tuple[int, ...]
    method: str = "standard"

    def __post_init__(self) -> None:
        if not self.axes or len(set(self.axes)) != len(self.axes) or min(self.axes) < 0:
            raise ValueError(
                "axes: expected one or more axes of a sample that differ, from 0, "
                f"got {list(self.axes)}"
            )
        if self.method not in METHODS:
            raise ValueError(
                f"method: expected one of {', '.join(METHODS)}, got '{self.method}'"
            )

    def __call__(self, samples: Any) -> Any:
        """The same shapes in float32 (float64 stays), ``(batch, ...)`` or a list.

        Raises:
            InputError: No numbers.
            TransformError: A sample has not such axes.
        """
        return each(samples, self._scaled)

    def _scaled(self, batch: NDArray[Any]) -> NDArray[np.floating]:
        floats = as_floats(batch, 1)
        if max(self.axes) >= floats.ndim - 1:
            raise TransformError(
                f"expected samples with an axis {max(self.axes)} (counting from 0), "
                f"got samples of shape {floats.shape[1:]}"
            )
        # Rows in memory are summed in an order that does not depend on how many there are.
        places = tuple(range(floats.ndim - len(self.axes), floats.ndim))
        moved = np.moveaxis(floats, [axis + 1 for axis in self.axes], places)
        n_values = int(np.prod(moved.shape[places[0] :]))
        if not moved.size:
            return floats.copy()
        scaled = self._rows(np.ascontiguousarray(moved, np.float64).reshape(-1, n_values))
        back = np.moveaxis(scaled.reshape(moved.shape), places, [a + 1 for a in self.axes])
        return np.ascontiguousarray(back, floats.dtype)

    def _rows(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
        if self.method == "peak":
            offset, scale = np.zeros_like(low), np.maximum(-low, high)
            flat = scale == 0
        elif self.method == "minmax":
            offset, scale = low, high - low
            flat = scale == 0
        else:
            offset = rows.mean(axis=1, keepdims=True)
            scale = np.sqrt(np.square(rows - offset).mean(axis=1, keepdims=True))
            flat = (low == high) | (scale == 0)  # the mean of equal values may round
        made = (rows - offset) / np.where(flat, 1, scale)
        return np.where(flat, 0.0, made)
