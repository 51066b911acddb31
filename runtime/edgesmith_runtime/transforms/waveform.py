"""Steps on the samples of a recording: trim silence, bring to one length, lift the treble."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.framing import MAX_FRAME, check_frames
from edgesmith_runtime.transforms.samples import as_floats, each, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["FitLength", "PreEmphasis", "TrimSilence"]

MAX_LENGTH = 1 << 28  # in samples
SMALLEST = 1e-10  # power of a frame that decibels are taken of


@record(kw_only=True)
class TrimSilence:
    """A recording without the quiet at its start and its end.

    The power of a frame around each multiple of ``hop`` is ``mean(x^2)``, with zeros beyond the
    recording. What is kept goes from the first to the last frame whose power in dB is above the
    loudest one's minus ``threshold_db``: samples ``first hop`` to ``(last + 1) hop``. As
    ``librosa.effects.trim``; a frame has a power of 1e-10 at least, and a recording of such frames
    alone, which is silence, is kept whole.

    Args:
        threshold_db: Below the loudest frame, above 0.
        frame_length: In samples, 1 to 2^20; it is rounded down to an even number.
        hop: From frame to frame, in samples, 1 to 2^20.
    """

    threshold_db: float
    frame_length: int
    hop: int

    def __post_init__(self) -> None:
        if not 0 < self.threshold_db < math.inf:
            raise ValueError(f"threshold_db: expected above 0, got {self.threshold_db}")
        check_frames(self.frame_length, self.hop)
        if self.frame_length < 2:
            raise ValueError(f"frame_length: expected 2 to {MAX_FRAME}, got 1")

    def __call__(self, samples: Any) -> Any:
        """float32 ``(batch, n)`` or a list of ``(n,)`` to a list, or an array where lengths agree.

        Raises:
            InputError: No numbers, or another number of axes.
        """
        recordings = recordings_of(samples)
        if isinstance(samples, np.ndarray) and not recordings:
            return cast("NDArray[Any]", samples).astype(np.float32)
        return stacked([self._trimmed(recording) for recording in recordings])

    def _trimmed(self, recording: NDArray[np.float32]) -> NDArray[np.float32]:
        half = self.frame_length // 2
        sums = np.zeros(len(recording) + 1)
        np.cumsum(np.square(recording, dtype=np.float64), out=sums[1:])
        centres = np.arange(0, len(recording) + 1, self.hop)
        last = np.minimum(centres + half, len(recording))
        power = (sums[last] - sums[np.maximum(centres - half, 0)]) / (2 * half)
        power = np.maximum(power, SMALLEST)
        loud = np.flatnonzero(power > power.max() * 10 ** (-self.threshold_db / 10))
        if not len(loud) or power.max() == SMALLEST:
            return recording
        return recording[loud[0] * self.hop : (loud[-1] + 1) * self.hop]


@record(kw_only=True)
class FitLength:
    """Recordings in one length: what is longer is cut, what is shorter has zeros added.

    With "start" it is ``keras.utils.pad_sequences(padding="post", truncating="post")``.

    Args:
        length: In samples, 1 to 2^28.
        align: "start" keeps the beginning and adds zeros at the end; "center" cuts or adds on
            both sides, one more at the end where the number is odd.
    """

    length: int
    align: str = "start"

    def __post_init__(self) -> None:
        if not 1 <= self.length <= MAX_LENGTH:
            raise ValueError(f"length: expected 1 to {MAX_LENGTH} samples, got {self.length}")
        if self.align not in ("start", "center"):
            raise ValueError(f"align: expected one of 'start', 'center', got '{self.align}'")

    def __call__(self, samples: Any) -> NDArray[np.float32]:
        """``(batch, n)`` or a list of ``(n,)`` to float32 ``(batch, length)``.

        Raises:
            InputError: No numbers, or another number of axes.
        """
        recordings = recordings_of(samples)
        fitted = np.zeros((len(recordings), self.length), np.float32)
        for target, recording in zip(fitted, recordings, strict=True):
            spare = self.length - len(recording)
            before = spare // 2 if self.align == "center" and spare > 0 else 0
            skipped = -spare // 2 if self.align == "center" and spare < 0 else 0
            part = recording[skipped : skipped + self.length]
            target[before : before + len(part)] = part
        return fitted


@record()
class PreEmphasis:
    """High frequencies lifted: ``y[t] = x[t] - coefficient x[t - 1]``, with 0 before the first.

    L. Rabiner, R. Schafer, Digital Processing of Speech Signals, 1978.

    Args:
        coefficient: From 0, below 1; 0.97 is usual.
    """

    coefficient: float

    def __post_init__(self) -> None:
        if not 0 <= self.coefficient < 1:
            raise ValueError(f"coefficient: expected from 0, below 1, got {self.coefficient}")

    def __call__(self, samples: Any) -> Any:
        """``(batch, n)`` or a list of ``(n,)`` to the same shapes in float32.

        Raises:
            InputError: No numbers.
        """
        return each(samples, self._lifted)

    def _lifted(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        lifted = as_floats(batch, 1).astype(np.float32)
        lifted[:, 1:] -= np.float32(self.coefficient) * lifted[:, :-1]
        return lifted


def recordings_of(samples: Any) -> list[NDArray[np.float32]]:
    """Recordings one by one, ``(n,)``.

    Raises:
        InputError: No array or list of arrays of numbers, or another number of axes.
    """
    if not isinstance(samples, np.ndarray | list):
        raise InputError(f"expected an array of numbers, got {type(samples).__name__}")
    recordings: list[NDArray[np.float32]] = []
    for recording in cast("list[object]", samples):
        if not isinstance(recording, np.ndarray):
            raise InputError(f"expected recordings (n,), got {type(recording).__name__}")
        array = cast("NDArray[Any]", recording)
        if array.ndim != 1:
            raise InputError(f"expected recordings (n,), got samples of shape {array.shape}")
        recordings.append(as_floats(array[None], 1)[0].astype(np.float32, copy=False))
    return recordings
