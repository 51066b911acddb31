"""Long recordings in chunks: one answer for each window of the length that a model takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.audio import DecodeAudio
from edgesmith_runtime.transforms.resampling import Resample
from edgesmith_runtime.transforms.spectra import Stft
from edgesmith_runtime.transforms.stream_stages import Queue
from edgesmith_runtime.transforms.streaming import FRAMEWISE, TransformStream
from edgesmith_runtime.transforms.waveform import FitLength

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.decoding import Prediction

__all__ = ["ModelStream"]

WINDOWS_AT_ONCE = 256  # of one run of the model, however much comes in one chunk


class ModelStream:
    """Feed a recording in chunks; get a prediction for each window, ``hop_s`` apart.

    A window has the length of the step ``fit_length``; window ``i`` starts at ``i hop_s``. Its
    answer is that of ``predict`` on its samples, but that steps before ``fit_length`` see the
    recording go on. Where every later step is of single frames and ``hop_s`` is a whole number
    of frame hops, a frame is made once and shared by all windows that it is in; otherwise each
    window is made by itself.

    A chunk that cannot be is refused before anything of it is taken: the stream goes on with the
    next one.

    Args:
        transform: Of one recording.
        tensor: Name of the value that the model takes.
        answer: From that value, ``(batch, ...)``, to predictions.
        hop_s: From the start of a window to that of the next, in seconds; None: the length of a
            window, so that they do not overlap.

    Raises:
        TransformError: The transform has no fixed window of sound, or a step before it needs the
            whole recording; it is named.
        InputError: ``hop_s`` is no number, or less than a sample.
    """

    def __init__(
        self,
        transform: Transform,
        tensor: str,
        answer: Callable[[NDArray[Any]], list[Prediction]],
        *,
        hop_s: float | None,
    ) -> None:
        cut = _place_of_window(transform)
        before, after = transform.steps[:cut], transform.steps[cut + 1 :]
        self._front = TransformStream(Transform(before, transform.raw_inputs, transform.assets))
        fit = cast("FitLength", transform.ops[cut])
        self._fed_rate = cast("DecodeAudio", transform.ops[0]).sample_rate
        self._rate = _rate(transform, cut)
        self._length = fit.length
        self._hop = fit.length if hop_s is None else _samples(hop_s, self._rate)
        source = transform.steps[cut].outputs[0]
        self._windows = _windows(
            Transform(after, (source,), transform.assets), tensor, self._length, self._hop
        )
        self._answer = answer
        self._n_seen = 0
        self._n_answered = 0

    @property
    def window_s(self) -> float:
        """Length of a window in seconds."""
        return self._length / self._rate

    @property
    def hop_s(self) -> float:
        """From window to window in seconds, as a whole number of samples."""
        return self._hop / self._rate

    def feed(self, samples: NDArray[Any]) -> list[Prediction]:
        """The predictions for the windows that these samples complete, in order.

        Args:
            samples: What follows, ``(n,)`` or ``(n, channels)``, at the rate of the model.

        Raises:
            InputError: No such array, NaN, or the stream is finished.
            BackendError: The engine failed.
        """
        with np.errstate(over="ignore"):  # an infinity is refused where it is answered
            return self._after(self._front.feed(samples))

    def finish(self) -> list[Prediction]:
        """What is left: where samples are in no window yet, one more with zeros at its end.

        Raises:
            InputError: The stream is finished already.
            BackendError: The engine failed.
        """
        with np.errstate(over="ignore"):
            return self._last_answers()

    def _last_answers(self) -> list[Prediction]:
        answers = self._after(self._front.finish())
        start = self._n_answered * self._hop
        covered = start - self._hop + self._length if self._n_answered else 0
        if self._n_seen <= max(covered, start):
            return answers
        missing = start + self._length - self._n_seen
        return answers + self._after(np.zeros(missing, np.float32))

    def _after(self, waveform: NDArray[np.float32]) -> list[Prediction]:
        if not len(waveform):
            return []
        self._n_seen += len(waveform)
        answers: list[Prediction] = []
        for tensors in self._windows.feed(waveform):
            self._n_answered += len(tensors)
            answers += self._answer(tensors)
        missing = self._n_answered * self._hop + self._length - self._n_seen
        self._front.hold(missing * self._fed_rate // self._rate)
        return answers


def _place_of_window(transform: Transform) -> int:
    places = [i for i, op in enumerate(transform.ops) if isinstance(op, FitLength)]
    if not transform.ops or not isinstance(transform.ops[0], DecodeAudio) or len(places) != 1:
        raise TransformError(
            "transform: expected decode_audio and one fit_length, which gives the window of a "
            f"stream, got the steps {[step.op for step in transform.steps]}; feed "
            "transforms.streaming.TransformStream, or call predict on pieces"
        )
    return places[0]


def _rate(transform: Transform, cut: int) -> int:
    """Of the samples in a window, in Hz."""
    rate = cast("DecodeAudio", transform.ops[0]).sample_rate
    for op in transform.ops[:cut]:
        if isinstance(op, Resample):
            rate = op.to_rate
    return rate


def _samples(hop_s: float, rate: int) -> int:
    given = cast("object", hop_s)  # of callers
    is_number = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    hop = round(hop_s * rate) if is_number and 0 < hop_s < 1e6 else 0
    if hop < 1:
        raise InputError(
            f"hop_s: expected {1 / rate:g} or more, a sample at {rate} Hz, got {hop_s}"
        )
    return hop


class _Windows:
    """Windows of values as they come.

    Args:
        before: What becomes of values on their way in.
        after: What becomes of windows ``(batch, length, ...)``.
        length: Of a window, in values.
        hop: From window to window, in values.
    """

    def __init__(
        self,
        before: Callable[[NDArray[Any]], NDArray[Any]],
        after: Callable[[NDArray[Any]], NDArray[Any]],
        length: int,
        hop: int,
    ) -> None:
        self._before = before
        self._after = after
        self._length = length
        self._hop = hop
        self._queue = Queue()

    def feed(self, values: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """What becomes of the windows that these values complete, some at a time."""
        self._queue.append(self._before(values))
        while (n_windows := (self._queue.n_waiting - self._length) // self._hop + 1) > 0:
            n_windows = min(n_windows, WINDOWS_AT_ONCE)
            waiting = self._queue.values
            starts = range(0, n_windows * self._hop, self._hop)
            windows = np.stack([waiting[start : start + self._length] for start in starts])
            self._queue.drop(n_windows * self._hop)
            yield self._after(windows)


def _windows(transform: Transform, tensor: str, length: int, hop: int) -> _Windows:
    """Windows of shared frames where that gives the same, else of samples.

    Args:
        transform: From a window of samples to the tensor; it may have no steps.
        tensor: Name of what the model takes.
        length: Of a window in samples.
        hop: From window to window in samples.
    """
    spectrum = transform.ops[0] if transform.ops else None
    if (
        isinstance(spectrum, Stft)
        and spectrum.center == "none"
        and hop % spectrum.hop == 0
        and length >= spectrum.frame_length
        and all(step.op in FRAMEWISE for step in transform.steps[1:])
        and transform.steps[-1].outputs == (tensor,)
    ):
        n_frames = 1 + (length - spectrum.frame_length) // spectrum.hop
        frames = TransformStream(transform).feed
        return _Windows(frames, _as_they_are, n_frames, hop // spectrum.hop)

    def made(windows: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(transform({transform.raw_inputs[0]: windows})[tensor])

    return _Windows(_as_they_are, made, length, hop)


def _as_they_are(values: NDArray[Any]) -> NDArray[Any]:
    return values
