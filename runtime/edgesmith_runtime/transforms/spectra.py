"""The step to the spectrum of each moment: the short-time Fourier transform."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.framing import check_amount, check_frames, framed
from edgesmith_runtime.transforms.samples import as_floats, each

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["WINDOWS", "Stft", "window"]

MAX_FFT = 1 << 16
VALUES_AT_ONCE = 1 << 20  # holds the working memory to a few megabytes

# Terms of a cosine sum; hann and hamming as scipy.signal.get_window has them.
WINDOWS: dict[str, tuple[float, ...]] = {
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "rectangle": (1.0,),
}


@lru_cache(maxsize=32)
def window(name: str, length: int) -> NDArray[np.float64]:
    """A periodic window, ``w[i] = sum_k (-1)^k a_k cos(2 pi k i / length)``, ``(length,)``.

    Equal to ``tf.signal.hann_window`` and ``scipy.signal.get_window``; of one sample it is 1.

    Args:
        name: "hann", "hamming", "blackman" or "rectangle".
        length: In samples.
    """
    angle = 2 * np.pi * np.arange(length) / length
    terms = [(-1) ** k * a * np.cos(k * angle) for k, a in enumerate(WINDOWS[name])]
    made = np.sum(terms, axis=0) if length > 1 else np.ones(1)
    made.flags.writeable = False
    return made


@record(kw_only=True)
class Stft:
    """The strength of each frequency in frames of a recording.

    ``X[t, k] = sum_i w[i] x[t hop + i] exp(-2 pi j k i / fft_length)`` for
    ``k = 0 .. fft_length / 2``; the result is ``|X|^2`` or ``|X|``. Without ``center`` there are
    ``1 + (n - frame_length) // hop`` frames, or none, as in ``tf.signal.stft``. With it frame
    ``t`` has its middle at ``t hop``: there are ``fft_length // 2`` more samples on each side,
    and ``1 + n // hop`` frames for an even ``fft_length``, as in ``librosa.stft`` and
    ``keras.ops.stft`` (whose window of ``frame_length`` is in the middle of ``fft_length``).

    Args:
        frame_length: Of the window, in samples, 1 to ``fft_length``.
        hop: From frame to frame, in samples.
        fft_length: Of the transform, 2 to 65536; a frame has zeros added.
        window: "hann", "hamming", "blackman" or "rectangle", periodic.
        center: What is before and after a recording: "none" (frames are within it), "reflect"
            (its samples mirrored about the outermost one) or "zeros".
        result: "power" or "magnitude".
    """

    frame_length: int
    hop: int
    fft_length: int
    window: str = "hann"
    center: str = "none"
    result: str = "power"
    _window: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_frames(self.frame_length, self.hop)
        if not 2 <= self.fft_length <= MAX_FFT:
            raise ValueError(f"fft_length: expected 2 to {MAX_FFT}, got {self.fft_length}")
        if self.frame_length > self.fft_length:
            raise ValueError(
                f"frame_length: expected at most fft_length {self.fft_length}, "
                f"got {self.frame_length}"
            )
        for name, value, known in (
            ("window", self.window, tuple(WINDOWS)),
            ("center", self.center, ("none", "reflect", "zeros")),
            ("result", self.result, ("power", "magnitude")),
        ):
            if value not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got '{value}'")
        made = window(self.window, self.frame_length).astype(np.float32)
        object.__setattr__(self, "_window", made)

    def __call__(self, samples: Any) -> Any:
        """``(batch, n)`` or a list of ``(n,)`` to float32 ``(batch, frames, fft_length // 2 + 1)``.

        Raises:
            InputError: No numbers, recordings with more axes, or more than 2^28 values in the
                spectra of one.
        """
        return each(samples, self._spectra)

    def _spectra(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        floats = as_floats(batch, 1).astype(np.float32, copy=False)
        if floats.ndim != 2:
            raise InputError(
                f"expected recordings (n,), got samples of shape {batch.shape[1:]}"
            )
        return self.of_padded(self.padded(floats))

    def padded(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Recordings ``(batch, n)`` with what ``center`` puts around them."""
        n_before, n_after = self.n_around
        if self.center == "none" or not batch.shape[1]:
            return batch
        mode = "reflect" if self.center == "reflect" else "constant"
        half = self.fft_length // 2
        around = np.pad(batch, ((0, 0), (half, half)), mode=mode)
        return around[:, half - n_before : around.shape[1] - (half - n_after)]

    @property
    def n_around(self) -> tuple[int, int]:
        """How many samples ``center`` puts before and after, that a window reaches."""
        if self.center == "none":
            return 0, 0
        spare = self.fft_length - self.frame_length
        half = self.fft_length // 2
        return half - spare // 2, half - (spare - spare // 2)

    def of_padded(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectra of all whole frames, ``(batch, n)`` to ``(batch, frames, bins)``."""
        frames = framed(batch, self.frame_length, self.hop, 1)
        n_bins = self.fft_length // 2 + 1
        check_amount(frames.shape[1], n_bins)
        result = np.empty((*frames.shape[:2], n_bins), np.float32)
        if not result.size:
            return result
        flat = result.reshape(-1, n_bins)
        at_once = max(1, VALUES_AT_ONCE // self.fft_length)
        if len(flat) <= at_once:
            self._strengths((frames * self._window).reshape(len(flat), -1), flat)
            return result
        for start in range(0, len(batch) * frames.shape[1], at_once):
            self._block(frames, slice(start, min(start + at_once, len(flat))), flat)
        return result

    def _block(
        self, frames: NDArray[np.float32], rows: slice[int, int], result: NDArray[np.float32]
    ) -> None:
        """Some frames, counted over the whole batch; each one's spectrum depends on it alone."""
        sample, frame = np.divmod(
            np.arange(rows.start, rows.stop, dtype=np.intp), frames.shape[1]
        )
        windowed = frames[sample, frame]
        windowed *= self._window
        self._strengths(windowed, result[rows])

    def _strengths(self, windowed: NDArray[np.float32], result: NDArray[np.float32]) -> None:
        spectrum = np.fft.rfft(windowed, self.fft_length)
        power = np.square(spectrum.real, out=result)
        power += np.square(spectrum.imag)
        if self.result == "magnitude":
            np.sqrt(power, out=power)
