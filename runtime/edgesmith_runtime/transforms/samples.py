"""Numbers between steps: one array where samples agree in shape, else a list with an array a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Samples", "as_floats", "check_finite", "each", "stacked"]

# An array (batch, ...), or a list of arrays (...) that differ in shape.
Samples: TypeAlias = "NDArray[Any] | list[NDArray[Any]]"


def each(samples: Any, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Samples:
    """A change of a batch, applied to an array as a whole, or to a list sample by sample.

    Args:
        samples: An array ``(batch, ...)``, or a list of arrays, one a sample.
        change: Of an array ``(batch, ...)``; what it does to a sample depends on that alone.

    Raises:
        InputError: Neither an array nor a list of arrays.
    """
    if isinstance(samples, np.ndarray):
        return change(cast("NDArray[Any]", samples))
    if not isinstance(samples, list):
        raise InputError(f"expected an array of numbers, got {type(samples).__name__}")
    return stacked([change(_array(one)[None])[0] for one in cast("list[object]", samples)])


def _array(sample: object) -> NDArray[Any]:
    if not isinstance(sample, np.ndarray):
        raise InputError(f"expected an array of numbers, got {type(sample).__name__}")
    return cast("NDArray[Any]", sample)


def stacked(samples: Sequence[NDArray[Any]]) -> Samples:
    """One array where all shapes and dtypes agree and there is a sample, else the list."""
    if len(samples) == 1:
        return samples[0][None]
    if samples and len({(one.shape, one.dtype) for one in samples}) == 1:
        return np.stack(samples)
    return list(samples)


def as_floats(numbers: NDArray[Any], n_axes: int) -> NDArray[np.floating]:
    """The same in float32; float64 stays.

    Args:
        numbers: ``(batch, ...)``.
        n_axes: That a sample has at least.

    Raises:
        InputError: No numbers, or fewer axes.
    """
    if numbers.dtype.kind not in "biuf":
        raise InputError(f"expected an array of numbers, got dtype {numbers.dtype}")
    if numbers.ndim - 1 < n_axes:
        raise InputError(
            f"expected samples with {n_axes} axes or more, got samples of shape {numbers.shape[1:]}"
        )
    return numbers.astype(np.float64 if numbers.dtype == np.float64 else np.float32, copy=False)


def check_finite(numbers: NDArray[np.floating]) -> None:
    """Refuse NaN and infinity, for steps that carry them on to other places.

    Raises:
        InputError: One is there.
    """
    if not np.isfinite(numbers).all():
        raise InputError(
            "expected finite numbers, got NaN or infinity; fill missing points before, and look "
            "for values out of range"
        )
