"""Recordings of any source become mono samples at one rate, or an error that names them."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from edgesmith_runtime.errors import BackendError, InputError
from edgesmith_runtime.transforms.audio import DecodeAudio
from edgesmith_runtime.transforms.resampling import resampled

if TYPE_CHECKING:
    from pathlib import Path

RATE = 8000
TONE = (np.sin(np.arange(400) / 5) * 20000).astype(np.int16)
SHARES: np.ndarray[Any, np.dtype[np.float32]] = TONE.astype(np.float32) / np.float32(32768)


def _wav(samples: np.ndarray[Any, Any], rate: int = RATE) -> bytes:
    stream = io.BytesIO()
    wavfile.write(stream, rate, samples)
    return stream.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    path.write_bytes(_wav(TONE))
    return path


def test_a_file_its_bytes_its_array_and_a_pair_are_the_same_recording(path: Path) -> None:
    raws = [
        path,
        str(path),
        path.read_bytes(),
        TONE,
        SHARES,
        TONE[:, None],
        TONE.astype(np.int32) << 16,
        (RATE, TONE),
        (np.int64(RATE), SHARES.astype(np.float64)),
    ]

    samples = DecodeAudio(RATE)(raws)

    np.testing.assert_array_equal(samples, np.tile(SHARES, (len(raws), 1)), strict=True)


def test_an_array_is_a_batch_of_recordings() -> None:
    samples = DecodeAudio(RATE)(np.stack([TONE, -TONE]))

    np.testing.assert_array_equal(samples, np.stack([SHARES, -SHARES]), strict=True)


def test_recordings_of_different_lengths_stay_a_list() -> None:
    samples = DecodeAudio(RATE)([SHARES, SHARES[:7]])

    assert [one.shape for one in samples] == [(400,), (7,)]


def test_8_bits_have_their_middle_at_128() -> None:
    samples = DecodeAudio(RATE)([np.array([0, 128, 192], np.uint8)])

    np.testing.assert_array_equal(samples, np.array([[-1, 0, 0.5]], np.float32))


def test_channels_become_their_mean() -> None:
    samples = DecodeAudio(RATE)([np.array([[0.5, 0.25], [-1.0, 1.0]])])

    np.testing.assert_array_equal(samples, np.array([[0.375, 0.0]], np.float32))


def test_silence_is_a_recording() -> None:
    np.testing.assert_array_equal(
        DecodeAudio(RATE)([_wav(np.zeros(9, np.int16))]), np.zeros((1, 9))
    )


def test_another_rate_is_resampled() -> None:
    samples = DecodeAudio(RATE)([_wav(TONE, 16000)])

    np.testing.assert_array_equal(samples[0], resampled(SHARES, 16000, RATE))


@pytest.mark.parametrize("suffix", ["FLAC", "OGG"])
def test_flac_and_ogg_are_read_with_the_extra(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "tone"
    soundfile.write(path, np.stack([TONE, TONE], 1), RATE, format=suffix)

    (samples,) = DecodeAudio(RATE)([path])

    bound = 0 if suffix == "FLAC" else 0.05
    np.testing.assert_allclose(samples, SHARES, atol=bound)


def test_flac_without_the_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)

    with pytest.raises(BackendError) as caught:
        DecodeAudio(RATE)([b"fLaC"])

    assert str(caught.value) == (
        "bytes of 4: FLAC needs soundfile: pip install 'edgesmith-runtime[audio]'; "
        "or convert it to WAV"
    )


@pytest.mark.parametrize("start", [b"fLaC", b"OggS"])
def test_a_damaged_compressed_file_is_refused(start: bytes) -> None:
    with pytest.raises(InputError, match=r"^bytes of 104: cannot be read as (FLAC|OGG): "):
        DecodeAudio(RATE)([start + bytes(100)])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (_wav(TONE[:0]), "bytes of 44: expected a recording, got one without samples"),
        (TONE[:0], "array: expected a recording, got one without samples"),
        (b"", "bytes of 0: expected a WAV, FLAC or OGG file, got an empty file; "
         "convert it to 16-bit WAV"),
        (b"\xff\xfb\x90\x00", "bytes of 4: expected a WAV, FLAC or OGG file, got one that starts "
         "with b'\\xff\\xfb\\x90\\x00'; convert it to 16-bit WAV"),
        (np.array([0.0, np.nan]), "the recording holds NaN or infinity"),
        (np.array([1, 2]), "expected samples as floats from -1 to 1, or int16, int32 or uint8, "
         "got dtype int64"),
        (np.zeros((2, 2, 2)), "expected samples (n,) or (n, channels) with 1 to 64 channels, "
         "got an array of shape (2, 2, 2)"),
        (7, "expected a recording as path, bytes, array or (rate, array), got int"),
        (("8000", TONE), "expected a recording as a pair (rate in Hz, array), got (str, ndarray)"),
        ((8009, TONE), "pair of rate and array: to_rate: 8000 / 8009 Hz reduces to 8000 / 8009; "
         "expected no part above 4096"),
        ((0, TONE), "pair of rate and array: from_rate: expected 1 to 1000000 Hz, got 0"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused(raw: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        DecodeAudio(RATE)([raw])

    assert str(caught.value) == message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.wav: there is no such file$"):
        DecodeAudio(RATE)([tmp_path / "no.wav"])


def test_another_rate_can_be_an_error() -> None:
    with pytest.raises(InputError) as caught:
        DecodeAudio(RATE, on_other_rate="error")([(16000, TONE)])

    assert str(caught.value) == (
        "pair of rate and array: expected 8000 Hz, got 16000 Hz; record at that rate, or "
        'build with on_other_rate = "resample"'
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sample_rate": 0}, "sample_rate: expected 1 to 1000000 Hz, got 0"),
        (
            {"sample_rate": 8000, "on_other_rate": "skip"},
            "on_other_rate: expected one of 'resample', 'error', got 'skip'",
        ),
    ],
)
def test_a_wrong_param_is_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        DecodeAudio(**params)


def test_an_array_without_samples_is_refused() -> None:
    with pytest.raises(InputError, match=r"^array: expected a recording, got one without samp"):
        DecodeAudio(RATE)([np.zeros((0, 2))])


@pytest.mark.parametrize("recordings", [5, np.array("x", object)])
def test_what_holds_no_recordings_is_refused(recordings: object) -> None:
    with pytest.raises(InputError, match=r"^expected "):
        DecodeAudio(RATE)(recordings)


@pytest.mark.parametrize("dtype", [">i2", ">i4", ">f4"])
def test_the_order_of_the_bytes_does_not_count(dtype: str) -> None:
    samples = np.array([0, 1, -2, 300])

    swapped = DecodeAudio(RATE)([samples.astype(dtype)])

    native = samples.astype(np.dtype(dtype).newbyteorder("="))
    np.testing.assert_array_equal(swapped, DecodeAudio(RATE)([native]), strict=True)


def test_the_memory_layout_of_channels_does_not_count() -> None:
    samples = np.random.default_rng(0).normal(size=(333, 16)).astype(np.float32)

    turned = DecodeAudio(RATE)([np.asfortranarray(samples)])

    np.testing.assert_array_equal(turned, DecodeAudio(RATE)([samples]))
