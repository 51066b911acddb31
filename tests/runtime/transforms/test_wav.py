"""The WAV reader: every format that it takes, and nothing but InputError for the rest."""

from __future__ import annotations

import io
import struct
import wave
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.wav import SUBTYPE, read_wav


def _wav(  # noqa: PLR0913 - a RIFF by hand, so that each field can be wrong
    data: bytes,
    *,
    code: int = 1,
    n_channels: int = 1,
    rate: int = 8000,
    bits: int = 16,
    extension: bytes = b"",
    before: bytes = b"",
) -> bytes:
    block = n_channels * bits // 8
    header = (
        struct.pack("<HHIIHH", code, n_channels, rate, rate * block, block, bits) + extension
    )
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(header)) + header
    body += b"data" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


RAMP = struct.pack("<5h", -32768, -1, 0, 1, 32767)


def test_16_bits_are_shares_of_full_scale() -> None:
    rate, samples = read_wav(_wav(RAMP), "x.wav")

    assert rate == 8000
    expected = np.array([-32768, -1, 0, 1, 32767], np.float32)[:, None] / 32768
    np.testing.assert_array_equal(samples, expected, strict=True)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_what_scipy_writes_is_what_it_wrote(dtype: str, n_channels: int) -> None:
    rng = np.random.default_rng(0)
    shares = rng.uniform(-1, 1, (101, n_channels))
    scale, zero = {"uint8": (127, 128), "int16": (32767, 0), "int32": (2**31 - 1, 0)}.get(
        dtype, (1, 0)
    )
    written = (shares * scale + zero).astype(dtype)
    stream = io.BytesIO()
    wavfile.write(stream, 22050, written)

    rate, samples = read_wav(stream.getvalue(), "x.wav")

    full = {"uint8": 128, "int16": 2**15, "int32": 2**31}.get(dtype, 1)
    expected = ((written.astype(np.float64) - zero) / full).astype(np.float32)
    assert rate == 22050
    np.testing.assert_array_equal(samples, expected, strict=True)


def test_24_bits_as_the_standard_library_writes_them() -> None:
    numbers = [-(2**23), -1, 0, 1, 2**23 - 1, 1234567]
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(48000)
        file.writeframes(b"".join(n.to_bytes(3, "little", signed=True) for n in numbers))

    rate, samples = read_wav(stream.getvalue(), "x.wav")

    assert rate == 48000
    np.testing.assert_array_equal(samples[:, 0], np.array(numbers) / 2**23)


def test_an_extensible_format_says_its_code_in_its_guid() -> None:
    extension = struct.pack("<HHIH", 22, 16, 0, 1) + SUBTYPE

    _, samples = read_wav(_wav(RAMP, code=0xFFFE, extension=extension), "x.wav")

    np.testing.assert_array_equal(samples, read_wav(_wav(RAMP), "x.wav")[1])


def test_other_chunks_are_passed_over() -> None:
    before = b"LIST" + struct.pack("<I", 3) + b"abc\0"

    _, samples = read_wav(_wav(RAMP, before=before), "x.wav")

    assert len(samples) == 5


def test_no_samples_are_no_samples() -> None:
    assert read_wav(_wav(b""), "x.wav")[1].shape == (0, 1)


def test_bytes_after_the_riff_are_not_read() -> None:
    _, samples = read_wav(_wav(RAMP) + b"data junk", "x.wav")

    assert len(samples) == 5


FAULTS: list[tuple[bytes, str]] = [
    (b"", "expected a WAV file, which starts with RIFF....WAVE"),
    (b"RIFF\0\0\0\0AVI ", "expected a WAV file, which starts with RIFF....WAVE"),
    (b"RIFX" + _wav(RAMP)[4:], "expected a little-endian RIFF WAV, got RIFX; save it as WAV"),
    (_wav(RAMP)[:-3], "the WAV is cut short: it says 54 bytes, there are 51"),
    (_wav(RAMP)[:20], "the WAV is cut short: it says 54 bytes, there are 20"),
    (
        _wav(RAMP)[:40] + struct.pack("<I", 99) + RAMP,
        "the WAV is cut short: its chunk at byte 36 says 99 bytes, there are 10",
    ),
    (_wav(RAMP[:-1]), "the WAV is cut within a sample: 9 bytes of data in steps of 2"),
    (
        _wav(RAMP, code=7),
        "expected a WAV of integers or floats, got mu-law; save it as 16-bit PCM",
    ),
    (
        _wav(RAMP, code=99),
        "expected a WAV of integers or floats, got format 99; save it as 16-bit PCM",
    ),
    (_wav(RAMP, bits=12), "expected a WAV of (8, 16, 24, 32) bits a sample, got 12"),
    (_wav(RAMP, code=3), "expected a WAV of (32, 64) bits a sample, got 16"),
    (
        _wav(RAMP, n_channels=0),
        "expected 1 to 64 channels at 1 to 1000000 Hz, got 0 at 8000 Hz",
    ),
    (_wav(RAMP, rate=0), "expected 1 to 64 channels at 1 to 1000000 Hz, got 1 at 0 Hz"),
    (
        _wav(RAMP)[:32] + b"\x03" + _wav(RAMP)[33:],
        "expected 2 bytes for 1 channels of 16 bits, the WAV says 3",
    ),
    (
        _wav(RAMP, code=0xFFFE, extension=bytes(24)),
        "the WAV has an extensible format that is not known",
    ),
    (
        _wav(struct.pack("<2f", 0.5, np.nan), code=3, bits=32),
        "the WAV holds NaN or infinity",
    ),
    (
        _wav(struct.pack("<d", 1e300), code=3, bits=64),
        "the WAV holds NaN or infinity",
    ),
    (
        b"RIFF" + struct.pack("<I", 4) + b"WAVE",
        "the WAV has no data chunk; it is cut short or damaged",
    ),
    (
        b"RIFF" + struct.pack("<I", 12) + b"WAVEdata\0\0\0\0",
        "the WAV has its data before its format (fmt)",
    ),
]


@pytest.mark.parametrize(("content", "message"), FAULTS)
def test_a_damaged_file_is_refused_by_name(content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_wav(content, "x.wav")

    assert str(caught.value) == f"x.wav: {message}"


@settings(max_examples=400, deadline=None)
@given(place=st.integers(0, 53), value=st.integers(0, 255), n_kept=st.integers(0, 54))
@example(place=16, value=255, n_kept=54)
def test_changed_and_cut_files_give_samples_or_an_input_error(
    place: int, value: int, n_kept: int
) -> None:
    content = bytearray(_wav(RAMP))
    content[place] = value

    _read_or_refuse(bytes(content[:n_kept]))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_after_a_header_give_samples_or_an_input_error(content: bytes) -> None:
    _read_or_refuse(b"RIFF" + struct.pack("<I", len(content) + 4) + b"WAVE" + content)
    _read_or_refuse(content)


def _read_or_refuse(content: bytes) -> Any:
    try:
        _, samples = read_wav(content, "x.wav")
    except InputError:
        return
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
