"""The step to the power of each frequency in a whole series."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each
from edgesmith_runtime.transforms.spectra import WINDOWS, window

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PowerSpectrum"]


@record()
class PowerSpectrum:
    """The power of each frequency in each channel: a periodogram.

    ``P[k] = c[k] |sum_t w[t] (x[t] - mean) exp(-2 pi j k t / n)|^2 / (sum_t w[t])^2`` for
    ``k = 0 .. n / 2``, where ``c`` is 2 but for ``k = 0`` and, with an even ``n``, the last; a
    sine of amplitude ``a`` has a power of ``a^2 / 2``. Equal to
    ``scipy.signal.periodogram(scaling="spectrum")``. Computed in float64.

    Args:
        window: "hann", "hamming", "blackman" or "rectangle", over the whole series.
        subtract_mean: Of each channel first; without it the mean is in the first power.
        log: The natural logarithm ``log(P + floor)``.
        floor: Above 0; what silence has.
        flat: All powers side by side, frequency by frequency.
    """

    window: str = "hann"
    subtract_mean: bool = True
    log: bool = False
    floor: float = 1e-10
    flat: bool = False

    def __post_init__(self) -> None:
        if self.window not in WINDOWS:
            raise ValueError(
                f"window: expected one of {', '.join(WINDOWS)}, got '{self.window}'"
            )
        if not 0 < self.floor < math.inf:
            raise ValueError(f"floor: expected above 0, got {self.floor}")

    def __call__(self, series: Any) -> Any:
        """float32 ``(batch, 1 + time // 2, channels)``, or ``(batch, powers x channels)`` if flat.

        Args:
            series: ``(batch, time, channels)``, or a list of ``(time, channels)``.

        Raises:
            InputError: No points.
        """
        return each(series, self._powers)

    def _powers(self, series: NDArray[Any]) -> NDArray[np.float32]:
        series = as_floats(series, 2)
        if series.ndim != 3 or series.shape[1] == 0:
            raise InputError(
                f"expected series (time, channels) with points, got shape {series.shape[1:]}"
            )
        # Each channel in one piece of memory: sums are then rounded alike in any batch.
        rows = np.ascontiguousarray(series.transpose(0, 2, 1), np.float64)
        n_points = rows.shape[-1]
        weights = window(self.window, n_points) if n_points > 1 else np.ones(1)
        if self.subtract_mean:
            rows = rows - rows.mean(axis=-1, keepdims=True)
        waves = np.fft.rfft(rows * weights, axis=-1)
        powers = (waves.real**2 + waves.imag**2) / weights.sum() ** 2
        powers[..., 1 : (n_points + 1) // 2] *= 2
        if self.log:
            powers = np.log(powers + self.floor)
        powers = powers.transpose(0, 2, 1).astype(np.float32)
        n_flat = powers.shape[1] * powers.shape[2]
        return powers.reshape(len(powers), n_flat) if self.flat else powers
