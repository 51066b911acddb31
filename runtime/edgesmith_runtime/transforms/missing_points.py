"""Steps for points of a series that are missing: put between their neighbours, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DropMissingPoints", "Interpolate"]


@record()
class Interpolate:
    """Missing points (NaN) on the straight line between the points before and after, by channel.

    Before the first point and after the last, that one is held; as ``numpy.interp``.

    Args:
        max_gap: The most points that may be missing in a row; None for any number.
    """

    max_gap: int | None = None

    def __post_init__(self) -> None:
        if self.max_gap is not None and self.max_gap < 0:
            raise ValueError(f"max_gap: expected 0 or more, got {self.max_gap}")

    def __call__(self, series: Any) -> Any:
        """The same shapes in float32 (float64 stays), an array or a list as given.

        Args:
            series: ``(batch, time, channels)``, or a list of ``(time, channels)``.

        Raises:
            InputError: A channel of a series without any point, or a gap that is too long.
        """
        return each(series, self._filled)

    def _filled(self, series: NDArray[Any]) -> NDArray[np.floating]:
        series = as_floats(series, 2)
        missing = np.isnan(series)
        if not missing.any():
            return series
        empty = np.argwhere(missing.all(axis=1))
        if len(empty):
            raise InputError(f"channel {empty[0, -1]}: all points are missing")
        n_points: int = series.shape[1]
        places: NDArray[np.intp] = np.arange(n_points, dtype=np.intp)
        places = places.reshape((1, n_points) + (1,) * (series.ndim - 2))
        before = np.maximum.accumulate(np.where(missing, -1, places), axis=1)
        after = np.where(missing, n_points, places)
        after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
        self._check_gaps(before, after)
        first = np.take_along_axis(series, np.where(before < 0, after, before), axis=1)
        last = np.take_along_axis(series, np.where(after == n_points, before, after), axis=1)
        share = ((places - before) / np.maximum(after - before, 1)).astype(series.dtype)
        return np.where(missing, first + (last - first) * share, series)

    def _check_gaps(self, before: NDArray[np.intp], after: NDArray[np.intp]) -> None:
        longest = int((after - before).max()) - 1
        if self.max_gap is not None and longest > self.max_gap:
            raise InputError(
                f"expected at most {self.max_gap} points missing in a row, got {longest}"
            )


@record()
class DropMissingPoints:
    """Leave out the points in time at which any channel is missing (NaN).

    As ``numpy.ma.compress_rows``.
    """

    def __call__(self, series: Any) -> Any:
        """float32 (float64 stays), ``(batch, time, channels)`` where lengths agree, else a list.

        Args:
            series: ``(batch, time, channels)``, or a list of ``(time, channels)``.

        Raises:
            InputError: No point of a series is whole.
        """
        if not isinstance(series, np.ndarray | list):
            raise InputError(f"expected an array of numbers, got {type(series).__name__}")
        one_by_one = cast("list[object]", series)
        if isinstance(series, np.ndarray) and len(one_by_one) == 0:
            return as_floats(cast("NDArray[Any]", series), 2)
        return stacked([self._kept(one) for one in one_by_one])

    def _kept(self, one: object) -> NDArray[np.floating]:
        if not isinstance(one, np.ndarray):
            raise InputError(f"expected an array of numbers, got {type(one).__name__}")
        points = as_floats(cast("NDArray[Any]", one)[None], 2)[0]
        kept = points[~np.isnan(points).any(axis=tuple(range(1, points.ndim)))]
        if not len(kept):
            raise InputError("no point in time has all channels")
        return kept
