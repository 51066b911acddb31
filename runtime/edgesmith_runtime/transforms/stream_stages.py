"""Steps that remember: each takes values as they come, and gives what they complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from edgesmith_runtime.transforms.framing import Frames
from edgesmith_runtime.transforms.numeric import Tensor
from edgesmith_runtime.transforms.resampling import polyphase
from edgesmith_runtime.transforms.samples import as_floats
from edgesmith_runtime.transforms.series import ReadSeries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Op
    from edgesmith_runtime.transforms.butterworth import Butterworth
    from edgesmith_runtime.transforms.levels import Pcen
    from edgesmith_runtime.transforms.resampling import Resample
    from edgesmith_runtime.transforms.spectra import Stft

__all__ = [
    "Entry",
    "Framed",
    "Normalized",
    "Pointwise",
    "Queue",
    "Recursive",
    "Resampled",
    "Spectra",
    "Stage",
    "Windowed",
]


class Stage(Protocol):
    """One step with what it remembers."""

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What follows from these values ``(n, ...)`` and those before: ``(m, ...)``."""
        ...

    def finish(self) -> NDArray[Any] | None:
        """What is left at the end, or None."""
        ...

    @property
    def n_missing(self) -> int:
        """How many values it waits for, at least, before it gives another."""
        ...


class Entry:
    """The step that takes what an app feeds; a chunk of nothing is not a bad recording."""

    n_missing = 1

    def __init__(self, op: Op) -> None:
        self._op = op
        self.nothing = _nothing(op)  # no samples, as the steps after it take them

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        if not len(values):
            if isinstance(self._op, ReadSeries) and values.ndim == 2 and values.shape[1]:
                self.nothing = np.zeros((0, self._op.channels or values.shape[1]), np.float32)
            return self.nothing
        taken = cast("NDArray[Any]", self._op([values])[0])
        self.nothing = taken[:0].copy()
        return taken

    def finish(self) -> None:
        """Nothing is left."""


def _nothing(op: Op) -> NDArray[Any]:
    if isinstance(op, Tensor):
        return np.zeros((0, *(max(axis, 0) for axis in op.shape[1:])), op.dtype)
    if isinstance(op, ReadSeries):
        return np.zeros((0, op.channels or 1), np.float32)
    return np.zeros(0, np.float32)


class Pointwise:
    """A step that takes every frame by itself."""

    n_missing = 1

    def __init__(self, op: Op) -> None:
        self._op = op

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        return self._op(values[None])[0]

    def finish(self) -> None:
        """Nothing is left."""


class Windowed:
    """A step whose value at a place takes some values before and after it, and no others."""

    n_missing = 1

    def __init__(self, op: Op, *, before: int, after: int) -> None:
        self._op = op
        self._before = before
        self._after = after
        self._held: NDArray[Any] | None = None
        self._n_done = 0  # of the held values, those whose result has been given

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        held = _after(self._held, values)
        self._held = held
        return self._given(max(self._n_done, len(held) - self._after))

    def finish(self) -> NDArray[Any] | None:
        """What the end completes."""
        return None if self._held is None else self._given(len(self._held))

    def _given(self, end: int) -> NDArray[Any]:
        held = cast("NDArray[Any]", self._held)
        made = self._op(held[None])[0] if len(held) else held.astype(np.float32)
        given = made[self._n_done : end]
        n_dropped = max(0, end - self._before)
        self._held, self._n_done = held[n_dropped:], end - n_dropped
        return given


def _after(held: NDArray[Any] | None, values: NDArray[Any]) -> NDArray[Any]:
    return values if held is None or not len(held) else np.concatenate([held, values])


class Queue:
    """Values that wait for the window that they belong to; appending takes no copy of them all."""

    def __init__(self) -> None:
        self._room = np.zeros(0, np.float32)
        self._start = 0
        self._end = 0
        self._n_skipped = 0  # still to come and to be dropped

    def append(self, values: NDArray[Any]) -> None:
        """Put values at the end, but for those that were dropped in advance."""
        skipped = min(self._n_skipped, len(values))
        self._n_skipped -= skipped
        values = values[skipped:]
        if (
            self._end + len(values) > len(self._room)
            or self._room.shape[1:] != values.shape[1:]
        ):
            old = self.values
            if not len(old):
                old = np.zeros((0, *values.shape[1:]), values.dtype)
            room = np.empty((2 * (len(old) + len(values)) + 64, *values.shape[1:]), old.dtype)
            room[: len(old)] = old
            self._room, self._start, self._end = room, 0, len(old)
        self._room[self._end : self._end + len(values)] = values
        self._end += len(values)

    @property
    def values(self) -> NDArray[Any]:
        """Those that wait, as a view."""
        return self._room[self._start : self._end]

    @property
    def n_waiting(self) -> int:
        """How many there are; below 0 where so many of those to come are dropped."""
        return self._end - self._start - self._n_skipped

    def drop(self, n: int) -> None:
        """Take values off the start; what is not there yet is dropped when it comes."""
        dropped = min(n, self._end - self._start)
        self._start += dropped
        self._n_skipped += n - dropped


class Framed:
    """Frames of a series or a recording."""

    def __init__(self, op: Frames) -> None:
        self._op = op
        self._whole = Frames(length=op.length, hop=op.hop)
        self._queue = Queue()

    @property
    def n_missing(self) -> int:
        """Values that it waits for."""
        return max(1, self._op.length - self._queue.n_waiting)

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        self._queue.append(values)
        frames = cast("NDArray[Any]", self._whole(self._queue.values[None]))[0]
        self._queue.drop(len(frames) * self._op.hop)
        return frames

    def finish(self) -> NDArray[Any] | None:
        """What the end completes."""
        if not self._op.pad_end or self._queue.n_waiting <= 0:
            return None
        return cast("NDArray[Any]", self._op(self._queue.values[None]))[0]


class Spectra:
    """Spectra of frames; with ``center`` the samples around the recording stand in the queue."""

    def __init__(self, op: Stft) -> None:
        self._op = op
        self._queue = Queue()
        self._n_before, self._n_after = op.n_around
        self._held: NDArray[np.float32] | None = np.zeros(0, np.float32)
        self._last = np.zeros(0, np.float32)  # what is mirrored about the end

    @property
    def n_missing(self) -> int:
        """Values that it waits for."""
        if self._held is not None:
            return 1
        return max(1, self._op.frame_length - self._queue.n_waiting)

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        values = values.astype(np.float32, copy=False)
        n_kept = self._op.fft_length // 2 + 1
        if self._op.center == "reflect":
            self._last = np.concatenate([self._last, values[-n_kept:]])[-n_kept:]
        if self._held is not None:
            values = np.concatenate([self._held, values])
            n_needed = n_kept if self._op.center == "reflect" else 1
            if len(values) < n_needed:  # the start, which what is before it stands on
                self._held = values
                return self._frames(values[:0])
            self._held = None
            around = self._op.padded(values[None])[0]
            values = around[: len(around) - self._n_after]
        return self._frames(values)

    def _frames(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        self._queue.append(values)
        spectra = self._op.of_padded(self._queue.values[None])[0]
        self._queue.drop(len(spectra) * self._op.hop)
        return spectra

    def finish(self) -> NDArray[Any] | None:
        """What the end completes."""
        if self._op.center == "none":
            return None
        if self._held is not None:
            return cast("NDArray[Any]", self._op(self._held[None]))[0]
        if not self._n_after:
            return None
        tail = self._op.padded(self._last[None])[0] if len(self._last) else self._last
        end = tail[-self._n_after :] if len(tail) else np.zeros(self._n_after, np.float32)
        return self._frames(end)


class Resampled:
    """Another rate: the windows of the resampler, as they fill."""

    def __init__(self, op: Resample) -> None:
        self._made = polyphase(op.from_rate, op.to_rate)
        self._is_same = op.from_rate == op.to_rate
        self._queue = Queue()
        self._queue.append(np.zeros(self._made.left, np.float32))
        self._n_in = 0
        self._n_out = 0

    @property
    def n_missing(self) -> int:
        """Values that it waits for."""
        return 1 if self._is_same else max(1, self._made.length - self._queue.n_waiting)

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        values = values.astype(np.float32, copy=False)
        if self._is_same:
            return values
        self._n_in += len(values)
        self._queue.append(values)
        n_windows = max(0, (self._queue.n_waiting - self._made.length) // self._made.step + 1)
        return self._outputs(n_windows)

    def _outputs(self, n_windows: int) -> NDArray[np.float32]:
        outputs = self._made.blocks(np.ascontiguousarray(self._queue.values), n_windows)
        self._queue.drop(n_windows * self._made.step)
        self._n_out += len(outputs)
        return outputs

    def finish(self) -> NDArray[Any] | None:
        """What the end completes."""
        n_left = self._made.n_outputs(self._n_in) - self._n_out
        if self._is_same or n_left <= 0:
            return None
        n_windows = -(-n_left // self._made.width)
        n_zeros = (n_windows - 1) * self._made.step + self._made.length
        self._queue.append(np.zeros(n_zeros, np.float32))
        return self._outputs(n_windows)[:n_left]


class Recursive:
    """A recursion in blocks: the state before the block that is not whole yet, and its points."""

    n_missing = 1

    def __init__(self, op: Butterworth) -> None:
        self._op = op
        self._held: NDArray[Any] | None = None
        self._n_done = 0  # of the held values, those whose result has been given
        self._state: NDArray[np.float64] | None = None

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        held = _after(self._held, values)
        if not len(values):
            return as_floats(held[self._n_done :], 0)
        made, self._state, n_whole = self._op.from_state(held, self._state)
        given = made[self._n_done :]
        self._held, self._n_done = held[n_whole:], len(held) - n_whole
        return given

    def finish(self) -> None:
        """Nothing is left."""


class Normalized:
    """Gain control, with the state of its recursion."""

    n_missing = 1

    def __init__(self, op: Pcen) -> None:
        self._op = op
        self._state: NDArray[np.float32] | None = None

    def feed(self, values: NDArray[Any]) -> NDArray[Any]:
        """What these values complete."""
        given, self._state = self._op.from_state(values[None], self._state)
        return given[0]

    def finish(self) -> None:
        """Nothing is left."""
