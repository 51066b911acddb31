"""Tensors of an app that say nothing of how they were made: constant ones, and such with no numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor.faults import Fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.program import Program
    from edgesmith_runtime.transforms import Batch

__all__ = ["Emptiness", "emptiness"]

CONSTANT_FROM = 4  # numbers: fewer may be equal by accident
LEVEL = 1e-6  # of the largest number: what spreads less is constant


@dataclass(frozen=True, slots=True)
class Emptiness:
    """Why an app's tensor can hardly be compared.

    Args:
        fault: NOT_FINITE or CONSTANT, or UNKNOWN where the bundle's tensor is constant too.
        sentence: That says so.
        is_certain: No mistake of a step explains it better; so not where values are missing in
            the raw input, which the app may not have filled.
    """

    fault: Fault
    sentence: str
    is_certain: bool


def emptiness(
    program: Program, app: NDArray[Any], made: NDArray[Any] | None
) -> Emptiness | None:
    """What there is to say of NaN, infinities and constants; None where there is nothing.

    Args:
        program: With its values on the raw input.
        app: The app's tensor.
        made: What the bundle makes.
    """
    expected = np.isfinite(made) if made is not None and made.shape == app.shape else True
    n_nan = int(np.sum(np.isnan(app) & expected))
    n_infinite = int(np.sum(np.isinf(app) & expected))
    if not n_nan + n_infinite:
        return _of_a_constant(app, made)
    names = " and ".join(name for name, n in (("NaN", n_nan), ("infinity", n_infinite)) if n)
    n_empty = n_nan + n_infinite
    where = "everywhere" if n_empty == app.size else f"at {n_empty} of {app.size} places"
    sentence = (
        f"The app's tensor holds {names} {where}, which the bundle's does not; look for a missing "
        "value, a division by zero or the logarithm of zero."
    )
    is_certain = not any(_has_gaps(value) for value in program.values.values())
    return Emptiness(Fault.NOT_FINITE, sentence, is_certain=is_certain)


def _has_gaps(value: Batch) -> bool:
    if not isinstance(value, np.ndarray):
        return False
    array = cast("NDArray[Any]", value)
    return array.dtype.kind == "f" and not bool(np.isfinite(array).all())


def _of_a_constant(app: NDArray[Any], made: NDArray[Any] | None) -> Emptiness | None:
    if made is None or app.size != made.size or app.size < CONSTANT_FROM:
        return None
    if not _is_constant(app):
        return None
    level = f"The app's tensor is constant (all {float(app.flat[0]) + 0.0:.4g})"
    if _is_constant(made):
        sentence = (
            f"{level} and so is the bundle's (all {float(made.flat[0]):.4g}): this raw input "
            "tells no mistake from another; take one with more in it."
        )
        return Emptiness(Fault.UNKNOWN, sentence, is_certain=True)
    sentence = (
        f"{level} where the bundle's goes from {float(made.min()):.4g} to "
        f"{float(made.max()):.4g}; it holds nothing of the raw input."
    )
    return Emptiness(Fault.CONSTANT, sentence, is_certain=True)


def _is_constant(tensor: NDArray[Any]) -> bool:
    numbers = tensor.astype(np.float64)
    spread = float(np.ptp(numbers))
    return bool(spread <= LEVEL * float(np.abs(numbers).max()))
