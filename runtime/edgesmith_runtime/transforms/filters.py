"""Steps against noise: smoothing along the axes of a sample."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.samples import Samples

__all__ = ["GaussianFilter", "MedianFilter", "MovingAverage", "SavitzkyGolay"]

MAX_WINDOW = 4095  # along one axis
MAX_ORDER = 10  # of a polynomial; above it the least squares lose their digits
MAX_MEDIAN_WINDOW = 10_000  # over all its axes: that many copies of a value are sorted
TRUNCATE_SIGMAS = 4.0  # a Gaussian holds 0.99994 of its mass within
VALUES_AT_ONCE = 1 << 20  # holds the working memory to a few megabytes


@record()
class MovingAverage:
    """The mean of a window around each value: ``y[t] = sum_k x[t + k] / size``, ``|k| <= size / 2``.

    Equal to ``scipy.ndimage.uniform_filter1d(mode="nearest")``: at the border the edge value is
    repeated, here and in the other filters of this module.

    Args:
        size: Window in values, odd.
        axes: Axes of a sample, 0 is the first after the batch.
        causal: The window ends at its value, so that no value depends on a later one.
    """

    size: int
    axes: tuple[int, ...]
    causal: bool = False

    def __post_init__(self) -> None:
        _check_window("size", self.size)
        _check_axes(self.axes)

    def __call__(self, samples: Any) -> Any:
        """The same shapes in float32 (float64 stays), an array or a list as given."""
        weights = (1.0 / self.size,) * self.size
        return _smoothed(samples, self.axes, weights, causal=self.causal)


@record()
class MedianFilter:
    """The median of a window around each value: single outliers vanish, edges stay.

    J. W. Tukey, Exploratory Data Analysis, 1977; equal to
    ``scipy.ndimage.median_filter(mode="nearest")``.

    Args:
        size: Window in values along each of ``axes``, odd.
        axes: Axes of a sample, taken together: two of them are a square window.
        causal: The window ends at its value, so that no value depends on a later one.
    """

    size: int
    axes: tuple[int, ...]
    causal: bool = False

    def __post_init__(self) -> None:
        _check_window("size", self.size)
        _check_axes(self.axes)
        if self.size ** len(self.axes) > MAX_MEDIAN_WINDOW:
            raise ValueError(
                f"size: expected a window of at most {MAX_MEDIAN_WINDOW} values, "
                f"got {self.size} along {len(self.axes)} axes"
            )

    def __call__(self, samples: Any) -> Any:
        """The same shapes in float32 (float64 stays), an array or a list as given."""
        return _in_groups(samples, self.axes, self._medians)

    def _medians(self, samples: NDArray[np.floating]) -> NDArray[np.floating]:
        medians = np.empty_like(samples)
        for sample, place in zip(samples, medians, strict=True):
            padded = sample
            for axis in self.axes:
                padded = _padded(padded, self.size, axis, causal=self.causal)
            window = (self.size,) * len(self.axes)
            windows = sliding_window_view(padded, window, axis=self.axes)
            n_window = math.prod(window)
            n_rows = max(1, VALUES_AT_ONCE // (n_window * math.prod(sample.shape[1:])))
            for start in range(0, len(sample), n_rows):
                rows = slice(start, start + n_rows)
                copies = windows[rows].reshape(*place[rows].shape, n_window)
                place[rows] = np.partition(copies, n_window // 2, axis=-1)[..., n_window // 2]
        return medians


@record()
class GaussianFilter:
    """A weighted mean around each value, with the weights of a normal distribution.

    The weight at a distance of k is in proportion to ``exp(-k^2 / (2 sigma^2))``; equal to
    ``scipy.ndimage.gaussian_filter(mode="nearest")``.

    Args:
        sigma: Its standard deviation in values, above 0; the window ends at 4 sigma.
        axes: Axes of a sample, 0 is the first after the batch.
    """

    sigma: float
    axes: tuple[int, ...]
    weights: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        largest = MAX_WINDOW // 2 / TRUNCATE_SIGMAS
        if not 0.0 < self.sigma <= largest:
            raise ValueError(
                f"sigma: expected above 0 and at most {largest:g}, got {self.sigma}"
            )
        _check_axes(self.axes)
        radius = int(TRUNCATE_SIGMAS * self.sigma + 0.5)
        weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / self.sigma) ** 2)
        object.__setattr__(self, "weights", tuple((weights / weights.sum()).tolist()))

    def __call__(self, samples: Any) -> Any:
        """The same shapes in float32 (float64 stays), an array or a list as given."""
        return _smoothed(samples, self.axes, self.weights, causal=False)


@record()
class SavitzkyGolay:
    """The middle of a polynomial fitted to a window around each value: peaks keep their height.

    A. Savitzky, M. Golay, Smoothing and differentiation of data by simplified least squares
    procedures, 1964; equal to ``scipy.signal.savgol_filter(mode="nearest")``.

    Args:
        window: In values, odd.
        order: Of the polynomial, less than ``window`` and at most 10.
        axis: Axis of a sample, 0 is the first after the batch.
        causal: The window ends at its value, where the polynomial is read then.
    """

    window: int
    order: int
    axis: int
    causal: bool = False
    weights: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_window("window", self.window)
        _check_axes((self.axis,))
        highest = min(self.window - 1, MAX_ORDER)
        if not 0 <= self.order <= highest:
            raise ValueError(
                f"order: expected 0 to {highest} for a window of {self.window}, "
                f"got {self.order}"
            )
        # Places in -1 to 1 keep the least squares well conditioned. At 0, the middle, the
        # polynomial is its constant term; at 1, the end, the sum of all.
        places = np.linspace(-1.0, 1.0, self.window) if self.window > 1 else np.zeros(1)
        powers = np.vander(places, self.order + 1, increasing=True)
        inverse = np.linalg.pinv(powers)
        weights = inverse.sum(axis=0) if self.causal else inverse[0]
        object.__setattr__(self, "weights", tuple(weights.tolist()))

    def __call__(self, samples: Any) -> Any:
        """The same shapes in float32 (float64 stays), an array or a list as given."""
        return _smoothed(samples, (self.axis,), self.weights, causal=self.causal)


def _check_window(name: str, size: int) -> None:
    if not 1 <= size <= MAX_WINDOW or size % 2 == 0:
        raise ValueError(f"{name}: expected an odd number from 1 to {MAX_WINDOW}, got {size}")


def _check_axes(axes: tuple[int, ...]) -> None:
    if not axes or len(set(axes)) != len(axes) or min(axes) < 0:
        raise ValueError(
            f"axes: expected one or more axes of a sample that differ, from 0, got {list(axes)}"
        )


def _smoothed(
    samples: Any, axes: tuple[int, ...], weights: tuple[float, ...], *, causal: bool
) -> Any:
    def along_axes(group: NDArray[np.floating]) -> NDArray[np.floating]:
        for axis in axes:
            group = _weighted(group, weights, axis + 1, causal=causal)
        return group

    return _in_groups(samples, axes, along_axes)


def _weighted(
    values: NDArray[np.floating], weights: tuple[float, ...], axis: int, *, causal: bool
) -> NDArray[np.floating]:
    """The weighted sum of each value's neighbours along one axis.

    Added up weight by weight, so that the rounding does not depend on how many samples there are.
    """
    padded = _padded(values, len(weights), axis, causal=causal)
    length = values.shape[axis]
    before = (slice(None),) * axis
    total = padded[(*before, slice(0, length))] * weights[0]
    term = np.empty_like(total)
    for start, weight in enumerate(weights[1:], start=1):
        np.multiply(padded[(*before, slice(start, start + length))], weight, out=term)
        total += term
    return total


def _padded(
    values: NDArray[np.floating], size: int, axis: int, *, causal: bool
) -> NDArray[np.floating]:
    """With the edge values again, so that there is a window of ``size`` for each value."""
    length = values.shape[axis]
    n_after = 0 if causal else size // 2
    places = np.arange(n_after + 1 - size, length + n_after, dtype=np.intp)
    np.clip(places, 0, length - 1, out=places)
    return values.take(places, axis=axis)


def _in_groups(
    samples: Any,
    axes: tuple[int, ...],
    smooth: Callable[[NDArray[np.floating]], NDArray[np.floating]],
) -> Samples:
    """A filter over an array in groups of samples, or over a list sample by sample."""

    def change(array: NDArray[Any]) -> NDArray[np.floating]:
        batch = as_floats(array, max(axes) + 1)
        if batch.size <= VALUES_AT_ONCE:
            return smooth(batch) if batch.size else batch
        result = np.empty_like(batch)
        n_at_once = max(1, VALUES_AT_ONCE // batch[0].size)
        for start in range(0, len(batch), n_at_once):
            result[start : start + n_at_once] = smooth(batch[start : start + n_at_once])
        return result

    return each(samples, change)
