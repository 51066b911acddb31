"""The step between sample rates: one polyphase resampler with a windowed sinc."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.products import product
from edgesmith_runtime.transforms.samples import as_floats, each
from edgesmith_runtime.transforms.wav import MAX_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Polyphase", "Resample", "check_rates", "polyphase", "resample_filter", "resampled"]

MAX_FACTOR = 4096  # of the reduced fraction, up or down; the filter grows with it
N_ZEROS = 32  # zero crossings of the sinc on each side
BETA = 10.0  # of the Kaiser window: 100 dB
ROLL_OFF = 0.94  # cut-off as a share of the lower Nyquist frequency
MIN_BLOCK = 64  # outputs by one product row
MATRIX_LIMIT = 1 << 20  # weights in one matrix: 4 MB; longer windows are taken in parts
VALUES_AT_ONCE = 1 << 20  # holds the working memory to a few megabytes


def resample_filter(up: int, down: int) -> NDArray[np.float64]:
    """The low-pass filter of a resampler at ``up`` times the source rate.

    ``h[k] = c sinc(c k) w[k] up`` for ``|k| <= 32 max(up, down)``, with
    ``c = 0.94 / max(up, down)`` and ``w`` a Kaiser window of beta 10, scaled so that a constant
    stays what it is (the taps sum to ``up``).
    """
    half = N_ZEROS * max(up, down)
    cut_off = ROLL_OFF / max(up, down)
    taps = np.sinc(cut_off * np.arange(-half, half + 1)) * np.kaiser(2 * half + 1, BETA)
    return taps * (up / taps.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Polyphase:
    """A resampler in matrices: windows of the source, ``step`` apart, times them are the outputs.

    Args:
        up: Of the reduced fraction of the rates.
        down: The same.
        left: Zeros before the first source sample.
        step: Source samples from window to window.
        length: Source samples of a window.
        width: Outputs of a window.
        parts: float32 matrices for outputs that follow each other, ``(source samples, outputs)``,
            each with its first source sample in the window: one, where the rates have a short
            fraction, else several, so that few of their weights are 0.
    """

    up: int
    down: int
    left: int
    step: int
    length: int
    width: int
    parts: tuple[tuple[int, NDArray[np.float32]], ...]

    def n_outputs(self, n_inputs: int) -> int:
        """``ceil(n up / down)``."""
        return -(-n_inputs * self.up // self.down)

    def blocks(self, padded: NDArray[np.float32], n_windows: int) -> NDArray[np.float32]:
        """Outputs of the first windows of a padded source, ``(n_windows * outputs a window,)``."""
        stride = padded.strides[0]
        windows = as_strided(
            padded, (n_windows, self.length), (self.step * stride, stride), writeable=False
        )
        result = np.empty((n_windows, self.width), np.float32)
        place = 0
        for first, matrix in self.parts:
            length, width = matrix.shape
            at_once = max(1, VALUES_AT_ONCE // length)
            for start in range(0, n_windows, at_once):
                rows = slice(start, start + at_once)
                taken = windows[rows, first : first + length]
                result[rows, place : place + width] = product(taken[None], matrix)[0]
            place += width
        return result.reshape(-1)


@lru_cache(maxsize=16)
def polyphase(from_rate: int, to_rate: int) -> Polyphase:
    """The resampler of a pair of rates, made once."""
    divisor = math.gcd(from_rate, to_rate)
    up, down = to_rate // divisor, from_rate // divisor
    taps = resample_filter(up, down)
    half = len(taps) // 2
    n_repeats = -(-MIN_BLOCK // up)
    if _n_weights(up * n_repeats, up, down, half) > MATRIX_LIMIT:
        n_repeats = 1
    width, step = up * n_repeats, down * n_repeats
    left = half // up
    n_together = width
    while n_together > 1 and _n_weights(n_together, up, down, half) > MATRIX_LIMIT:
        n_together = min(n_together // 2, MIN_BLOCK)
    parts: list[tuple[int, NDArray[np.float32]]] = []
    for start in range(0, width, n_together):
        outputs = np.arange(start, min(start + n_together, width)) * down
        first = max(-left, -(-(int(outputs[0]) - half) // up))
        last = (int(outputs[-1]) + half) // up  # the last source sample that they touch
        places = outputs - np.arange(first, last + 1)[:, None] * up
        inside = np.abs(places) <= half
        matrix = np.where(inside, taps[np.clip(places + half, 0, 2 * half)], 0.0)
        parts.append((left + first, matrix.astype(np.float32)))
    length = left + ((width - 1) * down + half) // up + 1
    return Polyphase(up, down, left, step, length, width, tuple(parts))


def _n_weights(n_outputs: int, up: int, down: int, half: int) -> int:
    return n_outputs * ((n_outputs * down + 2 * half) // up + 1)


def resampled(
    samples: NDArray[np.float32], from_rate: int, to_rate: int
) -> NDArray[np.float32]:
    """One recording ``(n,)`` at another rate, ``(ceil(n to / from),)``."""
    if from_rate == to_rate or not len(samples):
        return samples
    made = polyphase(from_rate, to_rate)
    n_outputs = made.n_outputs(len(samples))
    n_windows = -(-n_outputs // made.width)
    padded = np.zeros(
        max((n_windows - 1) * made.step + made.length, made.left + len(samples)), np.float32
    )
    padded[made.left : made.left + len(samples)] = samples
    return made.blocks(padded, n_windows)[:n_outputs]


@record()
class Resample:
    """A recording at another sample rate, by a polyphase filter with a Kaiser-windowed sinc.

    ``y[m] = sum_k h[m down - k up] x[k]`` with ``up / down`` the reduced ``to_rate / from_rate``
    and ``h`` of ``resample_filter``; what is before and after the recording is 0. It equals
    ``scipy.signal.resample_poly`` with ``window=h / up``, which scales by ``up`` itself. Up to 0.9 of the lower Nyquist frequency the
    gain is 1 within 0.1 %; what would fold back is 90 dB down.

    Args:
        from_rate: In Hz, 1 to 1,000,000.
        to_rate: The same; the reduced fraction of the two has no part above 4096.
    """

    from_rate: int
    to_rate: int

    def __post_init__(self) -> None:
        check_rates(self.from_rate, self.to_rate)

    def __call__(self, samples: Any) -> Any:
        """Samples ``(batch, n)`` or a list of ``(n,)`` to float32 ``(batch, ceil(n to / from))``.

        Raises:
            InputError: No numbers.
        """

        def change(batch: NDArray[Any]) -> NDArray[np.float32]:
            floats = as_floats(batch, 1).astype(np.float32, copy=False)
            rows = floats.reshape(math.prod(floats.shape[:-1]), floats.shape[-1])
            made = [resampled(row, self.from_rate, self.to_rate) for row in rows]
            n_outputs = -(-floats.shape[-1] * self.to_rate // self.from_rate)
            return np.array(made, np.float32).reshape(*floats.shape[:-1], n_outputs)

        return each(samples, change)


def check_rates(from_rate: int, to_rate: int) -> None:
    """Whether there is a resampler between two rates, else ValueError."""
    for name, rate in (("from_rate", from_rate), ("to_rate", to_rate)):
        if not 1 <= rate <= MAX_RATE:
            raise ValueError(f"{name}: expected 1 to {MAX_RATE} Hz, got {rate}")
    divisor = math.gcd(from_rate, to_rate)
    if max(from_rate, to_rate) // divisor > MAX_FACTOR:
        raise ValueError(
            f"to_rate: {to_rate} / {from_rate} Hz reduces to {to_rate // divisor} / "
            f"{from_rate // divisor}; expected no part above {MAX_FACTOR}"
        )
