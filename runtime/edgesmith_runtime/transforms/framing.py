"""The step that cuts recordings and series into frames that overlap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import as_floats, each

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Frames", "check_amount", "check_frames", "framed"]

MAX_FRAME = 1 << 20  # in samples
MAX_VALUES = 1 << 28  # of all frames of a sample: a gigabyte of float32


def framed(samples: NDArray[Any], length: int, hop: int, axis: int) -> NDArray[Any]:
    """Frames as a view: the axis of time becomes that of frames, and each frame is a new last axis.

    There are ``1 + (n - length) // hop`` of them, none where ``n < length``.
    """
    shape = samples.shape
    if shape[axis] < length:
        return np.empty((*shape[:axis], 0, *shape[axis + 1 :], length), samples.dtype)
    windows = sliding_window_view(samples, length, axis=axis)
    return windows[(*(slice(None),) * axis, slice(None, None, hop))]


def check_frames(length: int, hop: int) -> None:
    """Whether frames can be cut so, else ValueError."""
    for name, value in (("length", length), ("hop", hop)):
        if not 1 <= value <= MAX_FRAME:
            raise ValueError(f"{name}: expected 1 to {MAX_FRAME} samples, got {value}")


def check_amount(n_frames: int, n_values: int) -> None:
    """Whether the frames of a sample are few enough to be made.

    Args:
        n_frames: Of one sample.
        n_values: Of one frame.

    Raises:
        InputError: They are not.
    """
    if n_frames * n_values > MAX_VALUES:
        raise InputError(
            f"expected at most {MAX_VALUES} values in all frames, got {n_frames} frames of "
            f"{n_values}; cut the recording into pieces, or take a longer hop"
        )


@record(kw_only=True)
class Frames:
    """Pieces of equal length, ``hop`` apart: ``frame[t, i] = x[t hop + i]``.

    Equal to ``tf.signal.frame``.

    Args:
        length: In samples, 1 to 2^20.
        hop: From frame to frame, in samples, 1 to 2^20; less than ``length`` overlaps.
        pad_end: Frames start up to the last sample, and zeros stand after it, so there are
            ``ceil(n / hop)``. Without it what fills no whole frame is left out, and there are
            ``1 + (n - length) // hop``, or none.
    """

    length: int
    hop: int
    pad_end: bool = False

    def __post_init__(self) -> None:
        check_frames(self.length, self.hop)

    def __call__(self, samples: Any) -> Any:
        """``(batch, n, ...)`` or a list of ``(n, ...)`` to ``(batch, frames, length, ...)``.

        float32; float64 stays.

        Raises:
            InputError: No numbers, or more than 2^28 values in the frames of a sample.
        """
        return each(samples, self._cut)

    def _cut(self, batch: NDArray[Any]) -> NDArray[np.floating]:
        floats = as_floats(batch, 1)
        n_points = floats.shape[1]
        if self.pad_end:
            n_frames = -(-n_points // self.hop)
        else:
            n_frames = max(0, 1 + (n_points - self.length) // self.hop)
        check_amount(n_frames, self.length * math.prod(floats.shape[2:]))
        if self.pad_end:
            missing = max(0, (n_frames - 1) * self.hop + self.length - n_points)
            widths = [(0, 0), (0, missing), *[(0, 0)] * (floats.ndim - 2)]
            floats = np.pad(floats, widths)
            whole = framed(floats, self.length, self.hop, 1)[:, :n_frames]
        else:
            whole = framed(floats, self.length, self.hop, 1)
        return np.ascontiguousarray(np.moveaxis(whole, -1, 2))
