"""A transform fed in pieces: chunks of any size give the frames of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.butterworth import Butterworth
from edgesmith_runtime.transforms.filters import (
    GaussianFilter,
    MedianFilter,
    MovingAverage,
    SavitzkyGolay,
)
from edgesmith_runtime.transforms.framing import Frames
from edgesmith_runtime.transforms.levels import Pcen
from edgesmith_runtime.transforms.resampling import Resample
from edgesmith_runtime.transforms.spectra import Stft
from edgesmith_runtime.transforms.stream_stages import (
    Entry,
    Framed,
    Normalized,
    Pointwise,
    Recursive,
    Resampled,
    Spectra,
    Stage,
    Windowed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Op, Transform

__all__ = ["FRAMEWISE", "TransformStream"]

# What a step does in a stream where it can, by its name.
ENTRIES = frozenset(["decode_audio", "read_series", "tensor"])
# Steps whose value at a frame depends on that frame alone.
FRAMEWISE = frozenset(["mel", "log", "dct", "scale", "clip", "fill", "cast"])

# Why a step cannot, and what to do.
WHOLE = {
    "trim_silence": "build without audio.trim_db, or cut the recording yourself and call predict",
    "standardize_sample": "scale by the training set instead, with [normalization]",
    "fit_length": "use Model.stream, which answers for each window of that length",
}


class TransformStream:
    """Feed a recording or a series in chunks; get the same frames as from the whole.

    They agree within 1e-5 of their range, that before a logarithm where there is one (it makes
    much of what is near 0): matrix products of another size round otherwise. A frame is given as
    soon as its last sample is there.

    Args:
        transform: Of one raw input and steps one after the other, ending in what is wanted.

    Raises:
        TransformError: A step needs the whole recording, or several values; it is named.
    """

    def __init__(self, transform: Transform) -> None:
        name = transform.raw_inputs[0]
        self._stages: list[Stage] = []
        for index, (step, op) in enumerate(zip(transform.steps, transform.ops, strict=True)):
            place = f"transform step {index} ({step.op})"
            if step.inputs != (name,):
                raise TransformError(
                    f"{place}: takes {list(step.inputs)}; a stream needs steps one after the other"
                )
            name = step.outputs[0]
            self._stages.append(_stage(step.op, op, place))
        first = self._stages[0] if self._stages else None
        self._entry = (
            first if isinstance(first, Entry) else None
        )  # takes each chunk as it comes
        if self._entry is not None:
            del self._stages[0]
        self._is_sound = bool(transform.steps) and transform.steps[0].op == "decode_audio"
        self._pending: list[NDArray[Any]] = []
        self._n_pending = 0
        self._n_wanted = 1
        self._is_finished = False
        self._nothing: NDArray[Any] | None = None
        self._width: tuple[int, ...] | None = None  # of a sample, once there is one

    def feed(self, samples: NDArray[Any]) -> NDArray[Any]:
        """The frames that these samples complete.

        Args:
            samples: What follows, ``(n,)`` or ``(n, channels)``, ``n`` from 0, at the rate and of
                the dtypes that the transform takes as an array.

        Returns:
            ``(frames, ...)``, none or more.

        Raises:
            InputError: No such array, masked, NaN, other channels than before, or the stream is
                finished. Nothing of the chunk is taken then, and the next one may be fed.
        """
        if self._is_finished:
            raise InputError("the stream is finished; start another for the next recording")
        taken = self._taken(samples)
        if self._pending and self._pending[0].dtype != taken.dtype:
            done = self._run()
            return np.concatenate([done, self._queued(taken)])
        return self._queued(taken)

    def _taken(self, samples: NDArray[Any]) -> NDArray[Any]:
        """A chunk as it is queued, checked; it is no view of the caller's."""
        if not isinstance(samples, np.ndarray) or samples.ndim not in (1, 2):  # pyright: ignore[reportUnnecessaryIsInstance] - of callers
            raise InputError("expected an array of samples (n,) or (n, channels)")
        # numpy.ma takes 20 ms to import: not for the plain array that nearly every caller has.
        if type(samples) is not np.ndarray and isinstance(samples, np.ma.MaskedArray):
            raise InputError(
                "chunk: expected a plain array, got a masked one, whose mask is not seen; fill it "
                "with .filled(value); nothing of it was taken"
            )
        if self._is_decoded(samples):
            return samples.copy()
        try:
            taken = samples.copy() if self._entry is None else self._entry.feed(samples.copy())
        except InputError as error:
            raise InputError(f"chunk: {error}; nothing of it was taken") from error
        if self._width is not None and len(taken) and taken.shape[1:] != self._width:
            raise InputError(
                f"chunk: expected samples of shape {self._width} as before, got "
                f"{taken.shape[1:]}; nothing of it was taken"
            )
        if len(taken):
            self._width = taken.shape[1:]
        return taken

    def _is_decoded(self, samples: NDArray[Any]) -> bool:
        """Whether decoding would give the same again; short chunks are mostly that, and many."""
        return (
            self._is_sound
            and self._width == ()
            and samples.ndim == 1
            and samples.dtype == np.float32
            and bool(np.isfinite(samples).all())
        )

    def _queued(self, taken: NDArray[Any]) -> NDArray[Any]:
        if len(taken):
            self._pending.append(taken)
            self._n_pending += len(taken)
        elif self._nothing is None and not self._pending:
            self._nothing = _through(self._stages, taken)[:0].copy()
        if self._n_pending < self._n_wanted and self._nothing is not None:
            return self._nothing
        return self._run()

    def hold(self, n_samples: int) -> None:
        """Let what is fed next wait until there are so many samples: fewer and larger pieces.

        Args:
            n_samples: Together, from now on.
        """
        self._n_wanted = max(self._n_wanted, n_samples)

    def finish(self) -> NDArray[Any]:
        """The frames that the end completes, ``(frames, ...)``; nothing may be fed after it.

        Raises:
            InputError: The stream is finished already.
        """
        if self._is_finished:
            raise InputError("the stream is finished; start another for the next recording")
        parts = [self._run()]
        self._is_finished = True
        for index, stage in enumerate(self._stages):
            left = stage.finish()
            if left is not None:
                parts.append(_through(self._stages[index + 1 :], left))
        return np.concatenate(parts)

    def _run(self) -> NDArray[Any]:
        waiting, self._pending, self._n_pending = self._pending, [], 0
        nothing = np.zeros(0, np.float32) if self._entry is None else self._entry.nothing
        made = _through(self._stages, np.concatenate(waiting) if waiting else nothing)
        if self._nothing is None:
            self._nothing = made[:0].copy()
        self._n_wanted = self._n_missing()
        return made

    def _n_missing(self) -> int:
        """How many samples have to come, at least, before there can be another frame."""
        for stage in self._stages:
            if stage.n_missing > 1:
                return stage.n_missing
            if isinstance(stage, Resampled):  # what follows counts in another rate
                break
        return 1


def _through(stages: list[Stage], values: NDArray[Any]) -> NDArray[Any]:
    for stage in stages:
        values = stage.feed(values)
    return values


def _stage(name: str, op: Op, place: str) -> Stage:
    for op_class, make in _STAGES.items():
        if isinstance(op, op_class):
            return make(op, place)
    if name in ENTRIES:
        return Entry(op)
    if name in FRAMEWISE:
        return Pointwise(op)
    if name == "pre_emphasis":
        return Windowed(op, before=1, after=0)
    if name in WHOLE:
        raise TransformError(
            f"{place}: needs the whole recording and cannot stream; {WHOLE[name]}"
        )
    raise TransformError(
        f"{place}: has no form that streams; leave it out, or call predict on the whole"
    )


def _filter(op: Any, place: str) -> Stage:
    if op.axes != (0,):
        raise TransformError(
            f"{place}: acts along the axes {list(op.axes)}; a stream needs axes [0], the time"
        )
    if isinstance(op, GaussianFilter):
        return _around(op, len(op.weights), causal=False)
    return _around(op, op.size, causal=op.causal)


def _around(op: Any, size: int, *, causal: bool) -> Stage:
    if causal:
        return Windowed(op, before=size - 1, after=0)
    return Windowed(op, before=size // 2, after=size // 2)


def _savitzky_golay(op: SavitzkyGolay, place: str) -> Stage:
    _check_time(op.axis, place)
    return _around(op, op.window, causal=op.causal)


def _butterworth(op: Butterworth, place: str) -> Stage:
    _check_time(op.axis, place)
    if not op.causal:
        raise TransformError(
            f"{place}: goes forward and backward over the whole and cannot stream; build with "
            "causal = true, or call predict on the whole"
        )
    return Recursive(op)


def _check_time(axis: int, place: str) -> None:
    if axis != 0:
        raise TransformError(
            f"{place}: acts along axis {axis}; a stream needs axis 0, the time"
        )


_STAGES: dict[type[Any], Callable[[Any, str], Stage]] = {
    Frames: lambda op, _: Framed(op),
    Stft: lambda op, _: Spectra(op),
    Resample: lambda op, _: Resampled(op),
    Pcen: lambda op, _: Normalized(op),
    MovingAverage: _filter,
    MedianFilter: _filter,
    GaussianFilter: _filter,
    SavitzkyGolay: _savitzky_golay,
    Butterworth: _butterworth,
}
