"""Steps from a spectrum to bands as ears hear them, and from their logarithms to cepstra."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.products import product
from edgesmith_runtime.transforms.samples import as_floats, each
from edgesmith_runtime.transforms.wav import MAX_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Dct", "Mel", "dct_matrix", "mel_matrix"]

MAX_BANDS = 1024
MAX_BINS = (1 << 15) + 1
MAX_WEIGHTS = 1 << 23  # bins x bands: 32 MB

# M. Slaney, Auditory Toolbox, 1998: linear to 1 kHz, then a factor of 6.4 in 27 steps.
SLANEY_STEP = 200 / 3
SLANEY_LINEAR_HZ = 1000.0
SLANEY_LOG_STEP = np.log(6.4) / 27


def _to_mel(hertz: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "htk":
        return 1127.0 * np.log1p(hertz / 700.0)
    above = np.log(np.maximum(hertz, SLANEY_LINEAR_HZ) / SLANEY_LINEAR_HZ) / SLANEY_LOG_STEP
    linear = np.minimum(hertz, SLANEY_LINEAR_HZ) / SLANEY_STEP
    return linear + above


def _to_hertz(mel: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "htk":
        return 700.0 * np.expm1(mel / 1127.0)
    bend = SLANEY_LINEAR_HZ / SLANEY_STEP
    linear = np.minimum(mel, bend) * SLANEY_STEP
    return linear * np.exp(np.maximum(mel - bend, 0.0) * SLANEY_LOG_STEP)


def mel_matrix(  # noqa: PLR0913 - a filter bank has so many
    *,
    sample_rate: int,
    n_bins: int,
    n_mels: int,
    low_hz: float,
    high_hz: float,
    scale: str,
    slopes: str,
    norm: str,
) -> NDArray[np.float64]:
    """Triangles from bins to bands, ``(n_bins, n_mels)``; see ``Mel``."""
    hertz = np.linspace(0.0, sample_rate / 2, n_bins)
    low, high = _to_mel(np.array([low_hz, high_hz]), scale)
    edges_mel = np.linspace(float(low), float(high), n_mels + 2)
    edges_hertz = _to_hertz(edges_mel, scale)
    if slopes == "mel":
        places, edges = _to_mel(hertz, scale), edges_mel
    else:
        places, edges = hertz, edges_hertz
    rising = (places[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - places[:, None]) / np.diff(edges)[1:]
    made: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        made *= 2.0 / (edges_hertz[2:] - edges_hertz[:-2])
    return made


def dct_matrix(n_places: int, n_coefficients: int, norm: str) -> NDArray[np.float64]:
    """The cosines of a DCT-II, ``(n_places, n_coefficients)``; see ``Dct``."""
    place = np.arange(n_places)[:, None] + 0.5
    made = np.cos(np.pi / n_places * place * np.arange(n_coefficients))
    made *= np.sqrt(2.0 / n_places)
    if norm == "ortho":
        made[:, 0] *= np.sqrt(0.5)
    return made


@record(kw_only=True)
class Mel:
    """Bins of a spectrum summed in triangles that are even on the mel scale.

    ``y[b] = sum_k M[k, b] x[k]``, ``M[k, b] = max(0, min(rise, fall))``, where ``rise`` goes
    from 0 at the edge ``b`` to 1 at ``b + 1`` and ``fall`` back to 0 at ``b + 2``; the
    ``n_mels + 2`` edges are even in mel from ``low_hz`` to ``high_hz``. With ``scale = "htk"``,
    ``slopes = "mel"`` and ``norm = "none"`` it is ``tf.signal.linear_to_mel_weight_matrix`` and
    Keras' ``MelSpectrogram``; with ``slopes = "hz"`` ``librosa.filters.mel``, whose default is
    ``scale = "slaney"``, ``norm = "slaney"``.

    Args:
        sample_rate: In Hz, 1 to 1,000,000.
        fft_length: That the spectrum was made with; it has ``fft_length // 2 + 1`` bins.
        n_mels: How many bands, 1 to 1024; bins times bands are at most 2^23.
        low_hz: Where the first starts, from 0.
        high_hz: Where the last ends, at most half of ``sample_rate``.
        scale: "htk", ``1127 ln(1 + f / 700)``, or "slaney", linear to 1 kHz and then logarithmic.
        slopes: Whether a triangle's sides are straight in "mel" or in "hz".
        norm: "none", or "slaney": each triangle has the area 1 in Hz.
    """

    sample_rate: int
    fft_length: int
    n_mels: int
    low_hz: float = 0.0
    high_hz: float | None = None
    scale: str = "htk"
    slopes: str = "mel"
    norm: str = "none"
    _matrix: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check_size()
        for name, value, known in (
            ("scale", self.scale, ("htk", "slaney")),
            ("slopes", self.slopes, ("mel", "hz")),
            ("norm", self.norm, ("none", "slaney")),
        ):
            if value not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got '{value}'")
        object.__setattr__(self, "_matrix", self._made())

    def _check_size(self) -> None:
        if not 1 <= self.sample_rate <= MAX_RATE:
            raise ValueError(
                f"sample_rate: expected 1 to {MAX_RATE} Hz, got {self.sample_rate}"
            )
        if not 2 <= self.fft_length <= 2 * (MAX_BINS - 1):
            raise ValueError(
                f"fft_length: expected 2 to {2 * (MAX_BINS - 1)}, got {self.fft_length}"
            )
        if not 1 <= self.n_mels <= MAX_BANDS:
            raise ValueError(f"n_mels: expected 1 to {MAX_BANDS}, got {self.n_mels}")
        if (self.fft_length // 2 + 1) * self.n_mels > MAX_WEIGHTS:
            raise ValueError(
                f"n_mels: expected at most {MAX_WEIGHTS} bins times bands, "
                f"got {self.fft_length // 2 + 1} x {self.n_mels}"
            )

    def _made(self) -> NDArray[np.float32]:
        high = self.sample_rate / 2 if self.high_hz is None else self.high_hz
        if not 0 <= self.low_hz < high <= self.sample_rate / 2:
            raise ValueError(
                f"low_hz, high_hz: expected 0 <= low < high <= {self.sample_rate / 2:g}, "
                f"got {self.low_hz:g} and {high:g}"
            )
        with np.errstate(all="ignore"):  # what is not finite is refused
            made = mel_matrix(
                sample_rate=self.sample_rate,
                n_bins=self.fft_length // 2 + 1,
                n_mels=self.n_mels,
                low_hz=self.low_hz,
                high_hz=high,
                scale=self.scale,
                slopes=self.slopes,
                norm=self.norm,
            ).astype(np.float32)
        if not np.isfinite(made).all():
            raise ValueError(
                f"low_hz, high_hz: {self.n_mels} bands from {self.low_hz:g} to {high:g} Hz are too "
                "narrow for float32"
            )
        return made

    def __call__(self, spectra: Any) -> Any:
        """``(batch, frames, bins)`` or a list of ``(frames, bins)`` to float32 ``(..., n_mels)``.

        Raises:
            InputError: No numbers.
            TransformError: Another number of bins.
        """
        return each(spectra, lambda batch: _times(batch, self._matrix, "bins"))


@record(kw_only=True)
class Dct:
    """Cepstra: the discrete cosine transform of type II over the last axis, its first numbers.

    ``y[c] = sqrt(2 / n) sum_b x[b] cos(pi c (b + 1/2) / n)``; "ortho" takes ``y[0]`` times
    ``sqrt(1/2)``, as ``scipy.fft.dct(norm="ortho")``; "htk" leaves it, as
    ``tf.signal.mfccs_from_log_mel_spectrograms``.

    Args:
        n_places: Length of the last axis, 1 to 1024.
        n_coefficients: How many to keep, 1 to ``n_places``.
        norm: "ortho" or "htk".
    """

    n_places: int
    n_coefficients: int
    norm: str = "ortho"
    _matrix: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.n_places <= MAX_BANDS:
            raise ValueError(f"n_places: expected 1 to {MAX_BANDS}, got {self.n_places}")
        if not 1 <= self.n_coefficients <= self.n_places:
            raise ValueError(
                f"n_coefficients: expected 1 to n_places {self.n_places}, "
                f"got {self.n_coefficients}"
            )
        if self.norm not in ("ortho", "htk"):
            raise ValueError(f"norm: expected one of 'ortho', 'htk', got '{self.norm}'")
        made = dct_matrix(self.n_places, self.n_coefficients, self.norm)
        object.__setattr__(self, "_matrix", made.astype(np.float32))

    def __call__(self, bands: Any) -> Any:
        """``(batch, frames, n_places)`` or a list to float32 ``(batch, frames, n_coefficients)``.

        Raises:
            InputError: No numbers.
            TransformError: Another length of the last axis.
        """
        return each(bands, lambda batch: _times(batch, self._matrix, "bands"))


def _times(
    batch: NDArray[Any], matrix: NDArray[np.float32], places: str
) -> NDArray[np.float32]:
    floats = as_floats(batch, 1).astype(np.float32, copy=False)
    if floats.shape[-1] != len(matrix):
        raise TransformError(
            f"expected {len(matrix)} {places} on the last axis, got shape {floats.shape}"
        )
    shape = floats.shape
    rows = floats.reshape(shape[0], int(np.prod(shape[1:-1])), shape[-1])
    return product(rows, matrix).reshape(*shape[:-1], matrix.shape[1])
