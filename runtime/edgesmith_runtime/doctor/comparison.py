"""How far an app's tensor is from one that the bundle makes, as a share of its own range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Yardstick", "statistics"]

FLOOR_SHARE = 0.01  # of the median value or of 1: below it a number is as good as zero


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The measure of differences from one tensor of an app.

    Args:
        width: Of the range of the tensor; what differences are divided by.
        floor: Where given, each number is compared relative to the larger of the two and at
            least this: for rows of features, which need not share a range.
    """

    width: float
    floor: float | None

    @classmethod
    def of(cls, tensor: NDArray[Any], *, by_number: bool) -> Yardstick:
        """The yardstick of a tensor, ``(batch, ...)``; NaN and infinities do not count."""
        finite = tensor[np.isfinite(tensor)].astype(np.float64)
        width = float(np.ptp(finite)) if finite.size else 0.0
        if not by_number:
            return cls(width or 1.0, None)
        sizes = np.abs(finite[finite != 0])
        median = float(np.median(sizes)) if sizes.size else 1.0
        return cls(width or 1.0, FLOOR_SHARE * min(median, 1.0))

    def error(self, app: NDArray[Any], made: NDArray[Any]) -> float:
        """The root of the mean square difference: 0 equal, about 0.3 unrelated.

        Args:
            app: The tensor of the app.
            made: One of the same shape.
        """
        app, made = app.astype(np.float64), made.astype(np.float64)
        known = np.isfinite(app) & np.isfinite(made)
        same = ~known & ((app == made) | (np.isnan(app) & np.isnan(made)))
        with np.errstate(all="ignore"):
            differences = np.abs(app - made)
            if self.floor is None:
                shares = differences / self.width
            else:
                sizes = np.maximum(np.maximum(np.abs(app), np.abs(made)), self.floor)
                shares = differences / sizes
        shares = np.where(known, shares, np.where(same, 0.0, 1.0))
        if self.floor is not None:  # what is zero on both sides says nothing
            shares = shares[(app != 0) | (made != 0)]
        return float(np.sqrt(np.mean(np.square(shares)))) if shares.size else 0.0


def statistics(tensor: NDArray[Any]) -> str:
    """Shape, dtype, range and mean of a tensor in words."""
    finite = tensor[np.isfinite(tensor)].astype(np.float64)
    if not finite.size:
        return f"shape {tensor.shape}, {tensor.dtype}, no finite number"
    return (
        f"shape {tensor.shape}, {tensor.dtype}, {finite.min():.4g} to {finite.max():.4g}, "
        f"mean {finite.mean():.4g}"
    )
