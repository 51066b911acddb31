"""Steps that bring series of any length to one: resampled over the same time, padded or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FitLengthSeries", "ResampleSeries"]

MAX_LENGTH = 1 << 24  # points


@record()
class ResampleSeries:
    """A number of points evenly over the same time, on straight lines between the given ones.

    The first and the last point stay; as ``numpy.interp`` at ``linspace(0, time - 1, length)``.
    No low-pass comes before it: smooth first where points become fewer.

    Args:
        length: Points of the result.
    """

    length: int

    def __post_init__(self) -> None:
        _check_length(self.length)

    def __call__(self, series: Any) -> Any:
        """float32 (float64 stays), ``(batch, length, ...)``.

        Args:
            series: ``(batch, time, ...)``, or a list of ``(time, ...)``.

        Raises:
            InputError: A series without points.
        """
        return each(series, self._resampled)

    def _resampled(self, series: NDArray[Any]) -> NDArray[np.floating]:
        series = _with_points(series)
        n_points: int = series.shape[1]
        places: NDArray[np.float64] = np.linspace(0.0, n_points - 1.0, self.length)
        before = np.minimum(places.astype(np.intp), max(n_points - 2, 0))
        after = np.minimum(before + 1, n_points - 1)
        share = np.asarray(places - before, series.dtype)
        share = share.reshape((len(share),) + (1,) * (series.ndim - 2))
        first = series[:, before]
        return first + (series[:, after] - first) * share


@record()
class FitLengthSeries:
    """Series in one length: points are cut off a longer one, and stand after a shorter one.

    What stands after is that of ``numpy.pad`` with mode "edge" or "constant".

    Args:
        length: Points of the result.
        pad: What stands after a shorter one: "edge", its last point again, or "zero".
        keep: What a longer one keeps: "start", its first points, or "end", its last.
    """

    length: int
    pad: str = "edge"
    keep: str = "start"

    def __post_init__(self) -> None:
        _check_length(self.length)
        for name, value, known in (
            ("pad", self.pad, ("edge", "zero")),
            ("keep", self.keep, ("start", "end")),
        ):
            if value not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got '{value}'")

    def __call__(self, series: Any) -> Any:
        """float32 (float64 stays), ``(batch, length, ...)``.

        Args:
            series: ``(batch, time, ...)``, or a list of ``(time, ...)``.

        Raises:
            InputError: A series without points.
        """
        return each(series, self._fitted)

    def _fitted(self, series: NDArray[Any]) -> NDArray[np.floating]:
        series = _with_points(series)
        n_points: int = series.shape[1]
        if n_points >= self.length:
            first = n_points - self.length if self.keep == "end" else 0
            return series[:, first : first + self.length]
        fitted = np.zeros((len(series), self.length, *series.shape[2:]), series.dtype)
        fitted[:, :n_points] = series
        if self.pad == "edge":
            fitted[:, n_points:] = series[:, -1:]
        return fitted


def _check_length(length: int) -> None:
    if not 1 <= length <= MAX_LENGTH:
        raise ValueError(f"length: expected 1 to {MAX_LENGTH}, got {length}")


def _with_points(series: NDArray[Any]) -> NDArray[np.floating]:
    series = as_floats(series, 1)
    if series.shape[1] == 0:
        raise InputError("the series holds no points")
    return series
