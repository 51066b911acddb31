"""Chunks of any size give the frames of the whole; what needs the whole says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.audio import DecodeAudio
from edgesmith_runtime.transforms.streaming import TransformStream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RATE = 16000
DECODE = ("decode_audio", {"sample_rate": RATE})
MEL = ("mel", {"sample_rate": RATE, "fft_length": 512, "n_mels": 40})
LOG = ("log", {"floor": 1e-6})


def _stft(**more: Any) -> tuple[str, dict[str, Any]]:
    return "stft", {"frame_length": 400, "hop": 160, "fft_length": 512, **more}


PROGRAMS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "log_mel": (DECODE, _stft(), MEL, LOG),
    "mfcc": (
        DECODE,
        ("pre_emphasis", {"coefficient": 0.97}),
        _stft(),
        MEL,
        LOG,
        ("dct", {"n_places": 40, "n_coefficients": 13}),
        ("scale", {"offset": [1.0], "scale": [2.0]}),
    ),
    "pcen": (DECODE, _stft(), MEL, ("pcen", {})),
    "reflected": (DECODE, _stft(center="reflect"), MEL, LOG),
    "within_zeros": (DECODE, _stft(center="zeros", frame_length=399), MEL, LOG),
    "slower": (DECODE, ("resample", {"from_rate": RATE, "to_rate": 8000}), _stft()),
    "faster": (DECODE, ("resample", {"from_rate": RATE, "to_rate": 22050}), _stft()),
    "same_rate": (DECODE, ("resample", {"from_rate": RATE, "to_rate": RATE})),
    "frames": (DECODE, ("frames", {"length": 300, "hop": 70, "pad_end": True})),
    "apart": (DECODE, ("frames", {"length": 100, "hop": 300})),
    "filtered": (
        DECODE,
        ("gaussian_filter", {"sigma": 2.0, "axes": [0]}),
        ("median_filter", {"size": 5, "axes": [0]}),
        ("moving_average", {"size": 3, "axes": [0]}),
        ("savitzky_golay", {"window": 5, "order": 2, "axis": 0}),
    ),
    "causal": (
        DECODE,
        ("moving_average", {"size": 5, "axes": [0], "causal": True}),
        ("median_filter", {"size": 7, "axes": [0], "causal": True}),
        ("savitzky_golay", {"window": 9, "order": 2, "axis": 0, "causal": True}),
    ),
    "recursive": (
        DECODE,
        ("butterworth", {"kind": "low", "order": 4, "cutoff": [0.1], "causal": True}),
        _stft(),
    ),
    "recursive_series": (
        ("tensor", {"dtype": "float64", "shape": [-1]}),
        ("butterworth", {"kind": "band", "order": 2, "cutoff": [0.1, 0.2], "causal": True}),
    ),
    "odd_rates": (DECODE, ("resample", {"from_rate": 16004, "to_rate": 8000})),
    "late_zeros": (
        DECODE,
        ("resample", {"from_rate": RATE, "to_rate": 8000}),
        _stft(center="zeros"),
    ),
    "late_reflection": (
        DECODE,
        ("resample", {"from_rate": RATE, "to_rate": 8000}),
        _stft(center="reflect"),
    ),
    "series": (
        ("tensor", {"dtype": "float32", "shape": [-1]}),
        ("moving_average", {"size": 7, "axes": [0]}),
        ("frames", {"length": 50, "hop": 25}),
    ),
}


def _transform(ops: Iterable[tuple[str, dict[str, Any]]]) -> Transform:
    steps = tuple(
        Step(op=op, inputs=(f"v{i}",), outputs=(f"v{i + 1}",), params=params)
        for i, (op, params) in enumerate(ops)
    )
    return Transform(steps, ("v0",))


def _whole(transform: Transform, samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return transform({"v0": [samples]})[transform.steps[-1].outputs[0]][0]


def _streamed(
    transform: Transform, samples: np.ndarray[Any, Any], sizes: Iterable[int]
) -> np.ndarray[Any, Any]:
    stream = TransformStream(transform)
    parts: list[np.ndarray[Any, Any]] = []
    start = 0
    for size in sizes:
        parts.append(stream.feed(samples[start : start + size]))
        start += size
    return np.concatenate([*parts, stream.feed(samples[start:]), stream.finish()])


def _noise(n: int) -> np.ndarray[Any, Any]:
    return (np.random.default_rng(n).normal(size=n) * 0.1).astype(np.float32)


def _assert_within_range(made: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> None:
    assert made.shape == expected.shape
    if made.size:
        np.testing.assert_allclose(made, expected, atol=1e-5 * max(np.ptp(expected), 1e-9))


@pytest.mark.parametrize("size", [1, 160, 1000])
@pytest.mark.parametrize("name", PROGRAMS)
def test_chunks_of_one_size_give_the_frames_of_the_whole(name: str, size: int) -> None:
    transform = _transform(PROGRAMS[name])
    samples = _noise(3001)

    streamed = _streamed(transform, samples, [size] * (3001 // size))

    _assert_within_range(streamed, _whole(transform, samples))


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(PROGRAMS)),
    n=st.integers(1, 2500),
    sizes=st.lists(st.integers(0, 700), max_size=12),
)
def test_chunks_of_any_size_give_the_frames_of_the_whole(
    name: str, n: int, sizes: list[int]
) -> None:
    transform = _transform(PROGRAMS[name])
    samples = _noise(n)

    streamed = _streamed(transform, samples, sizes)

    _assert_within_range(streamed, _whole(transform, samples))


@pytest.mark.data
@pytest.mark.parametrize("size", [160, 1000])
def test_spoken_digits_give_the_frames_of_the_whole(size: int, data_dir: Path) -> None:
    paths = sorted((data_dir / "fsdd" / "recordings").glob("*.wav"))[::50]
    transform = _transform(
        (
            ("decode_audio", {"sample_rate": 8000}),
            ("stft", {"frame_length": 256, "hop": 200, "fft_length": 256}),
            ("mel", {"sample_rate": 8000, "fft_length": 256, "n_mels": 32}),
            LOG,
        )
    )

    assert len(paths) == 60
    for path in paths:
        samples = DecodeAudio(8000)([path])[0]
        streamed = _streamed(transform, samples, [size] * (len(samples) // size))
        _assert_within_range(streamed, _whole(transform, samples))


def test_a_frame_is_given_as_soon_as_its_last_sample_is_there() -> None:
    stream = TransformStream(_transform(PROGRAMS["log_mel"]))

    given_after = [len(stream.feed(np.zeros(1, np.float32))) for _ in range(720)]

    assert [place + 1 for place, n in enumerate(given_after) if n] == [400, 560, 720]


def test_chunks_of_several_dtypes_are_each_what_they_are() -> None:
    transform = _transform(PROGRAMS["log_mel"])
    samples = np.rint(_noise(1200) * 32768).astype(np.int16)
    stream = TransformStream(transform)

    parts = [
        stream.feed(samples[:500]),
        stream.feed(samples[500:900].astype(np.float32) / 32768),
        stream.feed(samples[900:, None]),
    ]

    _assert_within_range(np.concatenate(parts), _whole(transform, samples))


def test_the_caller_may_use_its_buffer_again() -> None:
    transform = _transform(PROGRAMS["log_mel"])
    samples = _noise(1000)
    stream = TransformStream(transform)
    buffer = np.zeros(100, np.float32)
    parts: list[np.ndarray[Any, Any]] = []
    for start in range(0, 1000, 100):
        buffer[:] = samples[start : start + 100]
        parts.append(stream.feed(buffer))

    _assert_within_range(np.concatenate(parts), _whole(transform, samples))


@pytest.mark.parametrize("center", ["zeros", "reflect"])
def test_an_empty_chunk_may_come_first(center: str) -> None:
    transform = _transform((DECODE, _stft(center=center)))
    samples = _noise(2000)

    streamed = _streamed(transform, samples, [0, 100, 0, 700])

    _assert_within_range(streamed, _whole(transform, samples))


@pytest.mark.parametrize(
    "ops",
    [
        (("scale", {"offset": [0, 1], "scale": [1, 2]}),),
        (("gaussian_filter", {"sigma": 1.0, "axes": [0]}),),
        (("butterworth", {"kind": "low", "order": 2, "cutoff": [0.1], "causal": True}),),
        (("frames", {"length": 10, "hop": 5}),),
    ],
)
def test_an_empty_chunk_of_a_series_may_come_first(ops: Any) -> None:
    transform = _transform((("read_series", {}), *ops))
    series = np.random.default_rng(0).normal(size=(90, 2))

    streamed = _streamed(transform, series, [0, 0, 7, 30])

    _assert_within_range(streamed, _whole(transform, series))


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (np.full(50, np.nan), "chunk: the recording holds NaN or infinity; nothing of it"),
        (np.zeros(50, np.int64), "chunk: expected samples as floats from -1 to 1, or int16"),
    ],
)
def test_a_bad_chunk_costs_no_other_sample(chunk: Any, message: str) -> None:
    transform = _transform(PROGRAMS["log_mel"])
    samples = _noise(1200)
    stream = TransformStream(transform)
    parts = [stream.feed(samples[:500])]

    with pytest.raises(InputError, match=f"^{message}"):
        stream.feed(chunk)

    parts += [stream.feed(samples[500:]), stream.finish()]
    _assert_within_range(np.concatenate(parts), _whole(transform, samples))


def test_a_chunk_of_other_channels_is_refused() -> None:
    stream = TransformStream(
        _transform((("read_series", {}), ("frames", {"length": 3, "hop": 1})))
    )
    stream.feed(np.zeros((2, 2)))

    with pytest.raises(InputError, match=r"^chunk: expected samples of shape \(2,\) as before"):
        stream.feed(np.zeros((2, 3)))

    assert stream.feed(np.zeros((1, 2))).shape == (1, 3, 2)


def test_a_stream_of_nothing_gives_nothing() -> None:
    stream = TransformStream(_transform(PROGRAMS["log_mel"]))

    assert stream.finish().shape == (0, 40)


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        (
            (DECODE, ("trim_silence", {"threshold_db": 30.0, "frame_length": 8, "hop": 8})),
            "transform step 1 (trim_silence): needs the whole recording and cannot stream; "
            "build without audio.trim_db, or cut the recording yourself and call predict",
        ),
        (
            (DECODE, _stft(), ("standardize_sample", {"axes": [0]})),
            "transform step 2 (standardize_sample): needs the whole recording and cannot stream; "
            "scale by the training set instead, with [normalization]",
        ),
        (
            (DECODE, ("fit_length", {"length": 8})),
            "transform step 1 (fit_length): needs the whole recording and cannot stream; "
            "use Model.stream, which answers for each window of that length",
        ),
        (
            (("decode_image", {"mode": "grey"}),),
            "transform step 0 (decode_image): has no form that streams; leave it out, or call "
            "predict on the whole",
        ),
        (
            (DECODE, ("median_filter", {"size": 3, "axes": [1]})),
            "transform step 1 (median_filter): acts along the axes [1]; a stream needs axes [0], "
            "the time",
        ),
        (
            (DECODE, ("savitzky_golay", {"window": 3, "order": 1, "axis": 1})),
            "transform step 1 (savitzky_golay): acts along axis 1; a stream needs axis 0, the "
            "time",
        ),
        (
            (DECODE, ("butterworth", {"kind": "low", "order": 2, "cutoff": [0.1]})),
            "transform step 1 (butterworth): goes forward and backward over the whole and cannot "
            "stream; build with causal = true, or call predict on the whole",
        ),
    ],
)
def test_a_step_that_cannot_stream_is_named_with_the_cure(ops: Any, message: str) -> None:
    with pytest.raises(TransformError) as caught:
        TransformStream(_transform(ops))

    assert str(caught.value) == message


def test_steps_beside_each_other_are_refused() -> None:
    steps = (
        Step(op="log", inputs=("v0",), outputs=("a",), params={"floor": 1.0}),
        Step(op="log", inputs=("v0",), outputs=("b",), params={"floor": 1.0}),
    )

    with pytest.raises(TransformError) as caught:
        TransformStream(Transform(steps, ("v0",)))

    assert str(caught.value) == (
        "transform step 1 (log): takes ['v0']; a stream needs steps one after the other"
    )


def test_a_finished_stream_takes_no_more() -> None:
    stream = TransformStream(_transform(PROGRAMS["log_mel"]))
    stream.finish()

    with pytest.raises(InputError, match="the stream is finished; start another"):
        stream.feed(np.zeros(3, np.float32))
    with pytest.raises(InputError, match="the stream is finished; start another"):
        stream.finish()


@pytest.mark.parametrize("chunk", [[0.0], np.zeros((1, 1, 1))])
def test_what_is_no_chunk_is_refused(chunk: Any) -> None:
    stream = TransformStream(_transform(PROGRAMS["log_mel"]))

    with pytest.raises(
        InputError, match=r"expected an array of samples \(n,\) or \(n, channels\)"
    ):
        stream.feed(chunk)


@pytest.mark.parametrize("n_before", [0, 1])
def test_a_masked_chunk_is_refused_and_the_stream_goes_on(n_before: int) -> None:
    stream = TransformStream(_transform(PROGRAMS["log_mel"]))
    samples = np.zeros(3, np.float32)
    for _ in range(n_before):
        stream.feed(samples)

    with pytest.raises(
        InputError, match=r"^chunk: expected a plain array, got a masked one, wh"
    ):
        stream.feed(np.ma.masked_array(samples, mask=[True, False, False]))

    stream.feed(samples)
