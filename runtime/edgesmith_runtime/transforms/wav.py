"""The WAV reader: bytes of a RIFF file to samples, strict, without a library."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["is_wav", "read_wav"]

MAX_CHANNELS = 64
MAX_RATE = 1_000_000
PCM, IEEE_FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
OTHERS = {0x0002: "ADPCM", 0x0006: "A-law", 0x0007: "mu-law", 0x0055: "MP3"}
# The last 14 bytes of the GUIDs KSDATAFORMAT_SUBTYPE_PCM and _IEEE_FLOAT; the first two are the code.
SUBTYPE = bytes.fromhex("000000001000800000aa00389b71")
BITS = {PCM: (8, 16, 24, 32), IEEE_FLOAT: (32, 64)}


@record()
class _Format:
    code: int
    n_channels: int
    rate: int
    bits: int


def is_wav(content: bytes) -> bool:
    """Whether a file starts as a WAV does."""
    return content[:4] in (b"RIFF", b"RIFX", b"RF64") and content[8:12] == b"WAVE"


def read_wav(content: bytes, name: str) -> tuple[int, NDArray[np.float32]]:
    """The samples of a WAV file.

    Integers of 8 (unsigned), 16, 24 and 32 bits become shares of full scale, ``-1 <= x < 1``;
    floats of 32 and 64 bits stay as they are. Formats by Multimedia Programming Interface and
    Data Specifications 1.0 (IBM, Microsoft 1991) and ``WAVE_FORMAT_EXTENSIBLE``. Bytes after the
    RIFF chunk are not read.

    Args:
        content: All bytes of the file.
        name: Of the file, for messages.

    Returns:
        The rate in Hz, and float32 samples ``(n, channels)``; ``n`` may be 0.

    Raises:
        InputError: Not a WAV, cut short, damaged, or of another format; the only error there is.
    """
    if content[:4] in (b"RIFX", b"RF64"):
        kind = content[:4].decode()
        raise InputError(
            f"{name}: expected a little-endian RIFF WAV, got {kind}; save it as WAV"
        )
    if not is_wav(content):
        raise InputError(f"{name}: expected a WAV file, which starts with RIFF....WAVE")
    found: _Format | None = None
    for label, body in _chunks(content, name):
        if label == b"fmt ":
            found = _format(body, name)
        if label == b"data":
            if found is None:
                raise InputError(f"{name}: the WAV has its data before its format (fmt)")
            return found.rate, _samples(body, found, name)
    raise InputError(f"{name}: the WAV has no data chunk; it is cut short or damaged")


def _chunks(content: bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(content)
    end = 8 + struct.unpack_from("<I", content, 4)[0]
    if end > len(content) + 1:  # the last byte may be padding, which many writers leave out
        raise InputError(
            f"{name}: the WAV is cut short: it says {end} bytes, there are {len(content)}"
        )
    place = 12
    while place + 8 <= min(end, len(content)):
        size = struct.unpack_from("<I", content, place + 4)[0]
        start = place + 8
        if start + size > min(end, len(content)):
            raise InputError(
                f"{name}: the WAV is cut short: its chunk at byte {place} says {size} bytes, "
                f"there are {min(end, len(content)) - start}"
            )
        yield content[place : place + 4], view[start : start + size]
        place = start + size + size % 2


def _format(body: memoryview, name: str) -> _Format:
    if len(body) < 16:
        raise InputError(f"{name}: the WAV has a format chunk of {len(body)} bytes, 16 or more")
    code, n_channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if code == EXTENSIBLE:
        if len(body) < 40 or bytes(body[26:40]) != SUBTYPE:
            raise InputError(f"{name}: the WAV has an extensible format that is not known")
        code = struct.unpack_from("<H", body, 24)[0]
    if code not in BITS:
        raise InputError(
            f"{name}: expected a WAV of integers or floats, got {OTHERS.get(code, f'format {code}')}; "
            "save it as 16-bit PCM"
        )
    if bits not in BITS[code]:
        raise InputError(f"{name}: expected a WAV of {BITS[code]} bits a sample, got {bits}")
    if not (1 <= n_channels <= MAX_CHANNELS and 1 <= rate <= MAX_RATE):
        raise InputError(
            f"{name}: expected 1 to {MAX_CHANNELS} channels at 1 to {MAX_RATE} Hz, "
            f"got {n_channels} at {rate} Hz"
        )
    if block != n_channels * bits // 8:
        raise InputError(
            f"{name}: expected {n_channels * bits // 8} bytes for {n_channels} channels of {bits} "
            f"bits, the WAV says {block}"
        )
    return _Format(code, n_channels, rate, bits)


def _samples(body: memoryview, found: _Format, name: str) -> NDArray[np.float32]:
    block = found.n_channels * found.bits // 8
    if len(body) % block:
        raise InputError(
            f"{name}: the WAV is cut within a sample: {len(body)} bytes of data in steps of {block}"
        )
    if found.code == IEEE_FLOAT:
        with np.errstate(over="ignore"):  # what overflows is not finite, and refused
            values = np.frombuffer(body, f"<f{found.bits // 8}").astype(np.float32)
        if not np.isfinite(values).all():
            raise InputError(f"{name}: the WAV holds NaN or infinity")
    else:
        values = _shares(body, found.bits)
    return values.reshape(-1, found.n_channels)


def _shares(body: memoryview, bits: int) -> NDArray[np.float32]:
    """Integers as shares of full scale; a scale is a power of two, so nothing but float32 rounds."""
    if bits == 8:
        return (np.frombuffer(body, np.uint8).astype(np.float32) - 128) / np.float32(128)
    if bits == 24:
        wide = np.zeros((len(body) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float32) * np.float32(2.0**-31)
    numbers = np.frombuffer(body, f"<i{bits // 8}").astype(np.float32)
    return numbers * np.float32(2.0 ** (1 - bits))
