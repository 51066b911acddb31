"""What sums up a series: statistics of every channel over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["STATISTICS", "Statistics"]


def _median_absolute_deviation(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.median(np.abs(rows - np.median(rows, axis=-1, keepdims=True)), axis=-1)


def _rms(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.mean(rows * rows, axis=-1))


def _skewness(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return _standard_moment(rows, 3)


def _kurtosis(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    is_constant = rows.min(axis=-1) == rows.max(axis=-1)
    return _standard_moment(rows, 4) - np.where(is_constant, 0.0, 3.0)


def _standard_moment(rows: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """The mean of a power of the distance from the mean in deviations; 0 where nothing changes."""
    is_constant = rows.min(axis=-1) == rows.max(axis=-1)
    distances = rows - rows.mean(axis=-1, keepdims=True)
    variance = np.where(is_constant, 1.0, np.mean(distances * distances, axis=-1))
    moment = np.mean(distances**power, axis=-1) / variance ** (power / 2)
    return np.where(is_constant, 0.0, moment)


STATISTICS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "mean": lambda rows: rows.mean(axis=-1),
    "std": lambda rows: rows.std(axis=-1),
    "min": lambda rows: rows.min(axis=-1),
    "max": lambda rows: rows.max(axis=-1),
    "median": lambda rows: np.median(rows, axis=-1),
    "median_absolute_deviation": _median_absolute_deviation,
    "rms": _rms,
    "skewness": _skewness,
    "kurtosis": _kurtosis,
}


@record()
class Statistics:
    """Statistics of every channel over time, side by side.

    ``mean``, ``std`` (``sqrt(mean((x - mean)^2))``), ``min``, ``max``, ``median``, ``rms``
    (``sqrt(mean(x^2))``) and ``median_absolute_deviation`` (``median(|x - median|)``), as numpy and
    ``scipy.stats.median_abs_deviation`` have them; ``skewness`` (``mean((x - mean)^3) / std^3``)
    and ``kurtosis`` (``mean((x - mean)^4) / std^4 - 3``), as ``scipy.stats``, biased, and 0 for a
    channel that never changes. Computed in float64.

    Args:
        names: Of the statistics, in the order of the result.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            raise ValueError(f"names: expected one or more that differ, got {list(self.names)}")
        for name in self.names:
            if name not in STATISTICS:
                raise ValueError(
                    f"names: expected some of {', '.join(STATISTICS)}, got '{name}'"
                )

    def __call__(self, series: Any) -> Any:
        """float32 ``(batch, statistics x channels)``: all channels of the first, then of the next.

        Args:
            series: ``(batch, time, channels)``, or a list of ``(time, channels)``.

        Raises:
            InputError: No points.
        """
        return each(series, self._of)

    def _of(self, series: NDArray[Any]) -> NDArray[np.float32]:
        series = as_floats(series, 2)
        if series.ndim != 3 or series.shape[1] == 0:
            raise InputError(
                f"expected series (time, channels) with points, got shape {series.shape[1:]}"
            )
        # Each channel in one piece of memory: sums are then rounded alike in any batch.
        rows = np.ascontiguousarray(series.transpose(0, 2, 1), np.float64)
        found = [STATISTICS[name](rows) for name in self.names]
        return np.concatenate(found, axis=-1).astype(np.float32)
