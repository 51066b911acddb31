"""A recording in chunks: the answers are those of its windows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.decoding import decode
from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.manifest import Kind, Output, RawInput, Step, Task
from edgesmith_runtime.spec import TensorSpec
from edgesmith_runtime.streaming import ModelStream
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.model import Model

RATE = 8000
WINDOW = 2000
SUM = Output(name="sum", shape=(1,), labels=None)

DECODE = ("decode_audio", {"sample_rate": RATE})
FIT = ("fit_length", {"length": WINDOW})
STFT = ("stft", {"frame_length": 200, "hop": 80, "fft_length": 256})
LOG = ("log", {"floor": 1e-6})
PROGRAMS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "frames": (DECODE, FIT, STFT, LOG),
    "centred": (DECODE, FIT, ("stft", {**STFT[1], "center": "reflect"}), LOG),
    "levelled": (DECODE, FIT, ("standardize_sample", {"axes": [0], "method": "peak"}), STFT),
    "slower": (DECODE, ("resample", {"from_rate": RATE, "to_rate": 4000}), FIT, STFT, LOG),
    "samples": (DECODE, FIT),
}


def _transform(name: str) -> Transform:
    steps = tuple(
        Step(op=op, inputs=(f"v{i}",), outputs=(f"v{i + 1}",), params=params)
        for i, (op, params) in enumerate(PROGRAMS[name])
    )
    return Transform(steps, ("v0",))


def _answer(tensor: NDArray[Any]) -> list[Prediction]:
    """The mean of all that the model is given: it tells what came in."""
    means = tensor.reshape(len(tensor), -1).mean(axis=1, keepdims=True)
    return decode(Task.REGRESSION, (SUM,), {"sum": means})


def _stream(name: str, *, hop_s: float | None = None) -> ModelStream:
    transform = _transform(name)
    return ModelStream(transform, transform.steps[-1].outputs[0], _answer, hop_s=hop_s)


def _of_windows(name: str, samples: NDArray[Any], hop: int, n: int) -> list[float]:
    transform = _transform(name)
    last = transform.steps[-1].outputs[0]
    pieces = [samples[i * hop : i * hop + WINDOW] for i in range(n)]
    return _values([_answer(transform({"v0": [piece]})[last])[0] for piece in pieces])


def _values(predictions: list[Prediction]) -> list[float]:
    return _all(predictions, "sum")


def _all(predictions: list[Prediction], output: str) -> list[float]:
    return [float(prediction.outputs[output][0]) for prediction in predictions]


@pytest.fixture
def samples() -> NDArray[np.float32]:
    noise = np.random.default_rng(0).normal(size=7000)
    return (noise * np.linspace(0.01, 0.3, 7000)).astype(np.float32)


@pytest.mark.parametrize("chunk", [1, 160, 1000, 7000])
@pytest.mark.parametrize("hop_s", [0.25, 0.1, 0.0999, 0.5])
@pytest.mark.parametrize("name", ["frames", "centred", "levelled", "samples"])
def test_each_window_is_answered_as_predict_answers_it(
    name: str, hop_s: float, chunk: int, samples: NDArray[np.float32]
) -> None:
    stream = _stream(name, hop_s=hop_s)
    answers: list[Prediction] = []

    for start in range(0, 7000, chunk):
        answers += stream.feed(samples[start : start + chunk])
    answers += stream.finish()

    hop = round(hop_s * RATE)
    n_whole = 1 + (7000 - WINDOW) // hop
    is_left = (n_whole - 1) * hop + WINDOW < 7000 and n_whole * hop < 7000
    expected = _of_windows(name, samples, hop, n_whole + is_left)
    np.testing.assert_allclose(_values(answers), expected, rtol=1e-4)


def test_an_answer_comes_as_soon_as_its_window_is_full() -> None:
    stream = _stream("frames", hop_s=0.1)
    silence = np.zeros(1, np.float32)

    n_answers = [len(stream.feed(silence)) for _ in range(WINDOW + 800)]

    assert [place + 1 for place, n in enumerate(n_answers) if n] == [2000, 2800]


def test_windows_follow_each_other_without_a_hop(samples: NDArray[np.float32]) -> None:
    stream = _stream("frames")

    answers = [*stream.feed(samples), *stream.finish()]

    assert (stream.window_s, stream.hop_s) == (0.25, 0.25)
    assert len(answers) == 4


def test_a_recording_shorter_than_a_window_is_answered_at_its_end(
    samples: NDArray[np.float32],
) -> None:
    stream = _stream("frames", hop_s=0.1)

    assert stream.feed(samples[:900]) == []
    answers = stream.finish()

    np.testing.assert_allclose(
        _values(answers), _of_windows("frames", samples[:900], 800, 1), rtol=1e-5
    )


def test_a_window_is_of_the_rate_that_the_recording_is_brought_to(
    samples: NDArray[np.float32],
) -> None:
    stream = _stream("slower")

    answers = [*stream.feed(samples), *stream.finish()]

    assert stream.window_s == 0.5
    assert len(answers) == 2


def test_nothing_gives_no_answer() -> None:
    assert _stream("frames").finish() == []


def test_a_bad_chunk_costs_no_other_sample(samples: NDArray[np.float32]) -> None:
    stream = _stream("frames", hop_s=0.1)
    answers = stream.feed(samples[:300])

    with pytest.raises(InputError, match=r"NaN or infinity; nothing of it was taken$"):
        stream.feed(np.full(300, np.nan, np.float32))

    for start in range(300, 7000, 300):
        answers += stream.feed(samples[start : start + 300])
    answers += stream.finish()
    expected = _of_windows("frames", samples, 800, 8)
    np.testing.assert_allclose(_values(answers), expected, rtol=1e-4)


def test_many_windows_are_answered_in_parts(samples: NDArray[np.float32]) -> None:
    sizes: list[int] = []

    def answer(tensor: NDArray[Any]) -> list[Prediction]:
        sizes.append(len(tensor))
        return _answer(tensor)

    transform = _transform("levelled")
    stream = ModelStream(transform, "v4", answer, hop_s=0.001)

    answers = stream.feed(samples)

    assert sizes == [256, 256, 114]
    expected = _of_windows("levelled", samples, 8, 626)
    np.testing.assert_allclose(_values(answers), expected, rtol=1e-4)


@pytest.mark.parametrize("hop_s", [0.0, -1.0, 1e-5, float("nan"), "0.1", True, [1]])
def test_a_hop_below_a_sample_is_refused(hop_s: Any) -> None:
    with pytest.raises(InputError) as caught:
        _stream("frames", hop_s=hop_s)

    assert str(caught.value) == (
        f"hop_s: expected 0.000125 or more, a sample at 8000 Hz, got {hop_s}"
    )


SOUND_STEPS = tuple(
    Step(op=op, inputs=(f"v{i}",), outputs=(f"v{i + 1}",), params=params)
    for i, (op, params) in enumerate(PROGRAMS["frames"])
)


@pytest.fixture
def sound_model(bundle_of: Callable[..., Path]) -> Model:
    """Adds up all numbers of the log spectrum of a quarter of a second."""
    raw = RawInput("v0", Kind.AUDIO, "recordings")
    tensor = TensorSpec("v4", "float32", ("batch", 23, 129))
    return er.load(bundle_of((raw,), SOUND_STEPS, (3, (tensor,))))


def test_a_model_streams_what_it_predicts(
    sound_model: Model, samples: NDArray[np.float32]
) -> None:
    stream = sound_model.stream(hop_s=0.1)

    answers = [*stream.feed(samples[:3000]), *stream.feed(samples[3000:]), *stream.finish()]

    windows = [samples[start : start + WINDOW] for start in range(0, 6000, 800)]
    expected = sound_model.predict_batch(windows)
    assert len(answers) == len(expected) == 8
    for answer, window in zip(answers, expected, strict=True):
        assert answer.unit == "points"
        np.testing.assert_allclose(answer.outputs["total"], window.outputs["total"], rtol=1e-5)


def test_a_model_streams_no_answer_to_infinity(sound_model: Model) -> None:
    loud = np.full(WINDOW, 3e25, np.float32)
    loud[::2] *= -1

    with pytest.raises(InputError) as by_predict:
        sound_model.predict(loud)
    with pytest.raises(InputError) as by_stream:
        sound_model.stream().feed(loud)

    assert "tensor 'v4' is inf at" in str(by_stream.value)
    assert str(by_stream.value) == str(by_predict.value)


def test_recordings_come_as_files_bytes_arrays_and_pairs(
    sound_model: Model, samples: NDArray[np.float32], tmp_path: Path
) -> None:
    path = tmp_path / "x.wav"
    numbers = np.rint(samples * 30000).astype("<i2")
    header = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    data = numbers.tobytes()
    body = b"WAVEfmt \x10\0\0\0" + header + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)

    alone = [
        sound_model.predict(raw)
        for raw in (path, str(path), path.read_bytes(), numbers, (RATE, numbers))
    ]
    together = sound_model.predict_batch([path, (RATE, numbers), numbers])
    rows = sound_model.predict_batch(np.stack([numbers, numbers]))

    values = _all([*alone, *together, *rows], "total")
    np.testing.assert_allclose(values, values[0], rtol=1e-6)  # batches round otherwise


def test_a_model_of_another_kind_does_not_stream(bundle_of: Callable[..., Path]) -> None:
    pair = tuple(TensorSpec(name, "float32", ("batch", 2)) for name in "xy")
    raws = tuple(RawInput(name, Kind.TENSOR, "pairs") for name in "xy")
    model = er.load(bundle_of(raws, (), (None, pair)))

    with pytest.raises(
        TransformError, match=r"expected a model of one tensor, got \['x', 'y'\]"
    ):
        model.stream()


def test_a_model_without_a_window_is_refused() -> None:
    transform = Transform(
        (Step(op="log", inputs=("x",), outputs=("y",), params=LOG[1]),), ("x",)
    )

    with pytest.raises(TransformError) as caught:
        ModelStream(transform, "y", _answer, hop_s=None)

    assert str(caught.value) == (
        "transform: expected decode_audio and one fit_length, which gives the window of a "
        "stream, got the steps ['log']; feed transforms.streaming.TransformStream, or call "
        "predict on pieces"
    )


def test_a_step_that_needs_the_whole_recording_is_named() -> None:
    params = {"threshold_db": 30.0, "frame_length": 200, "hop": 50}
    steps = (
        Step(op="decode_audio", inputs=("v0",), outputs=("v1",), params=DECODE[1]),
        Step(op="trim_silence", inputs=("v1",), outputs=("v2",), params=params),
        Step(op="fit_length", inputs=("v2",), outputs=("v3",), params=FIT[1]),
    )

    with pytest.raises(TransformError, match=r"step 1 \(trim_silence\): needs the whole"):
        ModelStream(Transform(steps, ("v0",)), "v3", _answer, hop_s=None)
