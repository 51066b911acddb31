"""Steps that bring skewed numbers nearer to a normal distribution: logarithm and power transforms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.numeric import check_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BoxCox", "Log1p", "YeoJohnson"]


@record()
class Log1p:
    """``sign(x) log(1 + |x|)``: far numbers come nearer, on both sides of 0.

    The symmetric logarithm of J. B. W. Webber, A bi-symmetric log transformation for wide-range
    data, 2013, with C = 1; from 0 upwards it is ``numpy.log1p``.

    Args:
        among: Whether it acts, by place on the last axis, or one for all.
    """

    among: tuple[bool, ...] = (True,)

    def __post_init__(self) -> None:
        if not self.among:
            raise ValueError("among: expected one or more of true and false, got none")

    def __call__(self, numbers: NDArray[Any]) -> NDArray[np.floating]:
        """The same shape, ``(..., column)``, in float32 (float64 stays); NaN stays NaN."""
        check_numbers(numbers, len(self.among))
        work = numbers.astype(np.float64, copy=False)
        changed = np.copysign(np.log1p(np.abs(work)), work)
        return _as_given(np.where(np.array(self.among), changed, work), numbers)


@record()
class YeoJohnson:
    """The power transform of any numbers, each column by its own power.

    ``((1 + x)^p - 1) / p`` from 0 upwards, ``-((1 - x)^(2 - p) - 1) / (2 - p)`` below; where the
    divisor is 0 its limit, ``log(1 + x)`` and ``-log(1 - x)``. I.-K. Yeo, R. A. Johnson, A new
    family of power transformations to improve normality or symmetry, 2000; equal to
    ``scipy.stats.yeojohnson``.

    Args:
        powers: p by place on the last axis, or one for all; None leaves a place as it is.
    """

    powers: tuple[float | None, ...]

    def __post_init__(self) -> None:
        _check_powers(self.powers)

    def __call__(self, numbers: NDArray[Any]) -> NDArray[np.floating]:
        """The same shape, ``(..., column)``, in float32 (float64 stays); NaN stays NaN."""
        check_numbers(numbers, len(self.powers))
        work = numbers.astype(np.float64, copy=False)
        known, powers = _powers(self.powers)
        exponents = np.where(work < 0, 2.0 - powers, powers)
        changed = np.copysign(_power_of_log(np.log1p(np.abs(work)), exponents), work)
        return _as_given(np.where(known, changed, work), numbers)


@record()
class BoxCox:
    """The power transform of numbers above 0, each column by its own power.

    ``(x^p - 1) / p``, and ``log(x)`` where p is 0. G. E. P. Box, D. R. Cox, An analysis of
    transformations, 1964; equal to ``scipy.stats.boxcox``.

    Args:
        powers: p by place on the last axis, or one for all; None leaves a place as it is.
    """

    powers: tuple[float | None, ...]

    def __post_init__(self) -> None:
        _check_powers(self.powers)

    def __call__(self, numbers: NDArray[Any]) -> NDArray[np.floating]:
        """The same shape, ``(..., column)``, in float32 (float64 stays); NaN stays NaN.

        Raises:
            InputError: A number that is not above 0.
        """
        check_numbers(numbers, len(self.powers))
        work = numbers.astype(np.float64, copy=False)
        known, powers = _powers(self.powers)
        refused = known & (work <= 0)
        if refused.any():
            place = np.argwhere(refused)[0]
            raise InputError(
                f"place {place[-1]}: expected a number above 0 for Box-Cox, got "
                f"{work[tuple(place)]:g}; Yeo-Johnson takes any"
            )
        logs = np.log(np.where(known, work, 1.0))
        return _as_given(np.where(known, _power_of_log(logs, powers), work), numbers)


def _check_powers(powers: tuple[float | None, ...]) -> None:
    if not powers or not all(power is None or math.isfinite(power) for power in powers):
        raise ValueError(f"powers: expected one or more finite numbers, got {list(powers)}")


def _powers(powers: tuple[float | None, ...]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    known = np.array([power is not None for power in powers])
    return known, np.array([1.0 if power is None else power for power in powers])


def _power_of_log(
    logs: NDArray[np.float64], powers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(exp(logs)^powers - 1) / powers`` without losing digits near 0; ``logs`` where a power is 0."""
    divisors = np.where(powers == 0, 1.0, powers)
    with np.errstate(over="ignore"):
        return np.where(powers == 0, logs, np.expm1(powers * logs) / divisors)


def _as_given(changed: NDArray[np.float64], given: NDArray[Any]) -> NDArray[np.floating]:
    if given.dtype == np.float64:
        return changed
    with np.errstate(over="ignore"):
        return changed.astype(np.float32)
