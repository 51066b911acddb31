"""The step from a recording of any source, a file, bytes or an array, to mono samples at one rate."""

from __future__ import annotations

import operator
import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import BackendError, InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.raw_source import content_of, shortened
from edgesmith_runtime.transforms.resampling import check_rates, resampled
from edgesmith_runtime.transforms.samples import stacked
from edgesmith_runtime.transforms.wav import MAX_CHANNELS, MAX_RATE, is_wav, read_wav

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


__all__ = ["DecodeAudio"]

MAX_BYTES = 1 << 31  # of one file: six hours of stereo in 48 kHz and 16 bits, and more
MAX_SAMPLES = 1 << 28  # of a compressed file, all channels: a gigabyte of float32
COMPRESSED = {b"fLaC": "FLAC", b"OggS": "OGG"}
SCALES = {("u", 1): 128.0, ("i", 2): 2.0**15, ("i", 4): 2.0**31}  # by kind and bytes


@record()
class DecodeAudio:
    """Recordings of any source as mono samples at one rate, full scale from -1 to 1.

    A raw recording is one of

    - a path, or the bytes of a file: WAV of 8, 16, 24 or 32-bit integers or 32 or 64-bit floats;
      FLAC or OGG with the extra ``[audio]``; of at most 2 GiB;
    - an array of samples at ``sample_rate``, ``(n,)`` or ``(n, channels)``: floats as they are,
      or int16, int32 or uint8 (128 is 0), which are divided by full scale;
    - a pair ``(rate in Hz, such an array)``, as ``scipy.io.wavfile.read`` gives it.

    Channels become their mean. Silence is taken as it is; a recording without samples is refused.

    Args:
        sample_rate: In Hz, 1 to 1,000,000.
        on_other_rate: What a recording of another rate is: "resample" (as the step ``resample``
            does it) or "error".
    """

    sample_rate: int
    on_other_rate: str = "resample"

    def __post_init__(self) -> None:
        if not 1 <= self.sample_rate <= MAX_RATE:
            raise ValueError(
                f"sample_rate: expected 1 to {MAX_RATE} Hz, got {self.sample_rate}"
            )
        if self.on_other_rate not in ("resample", "error"):
            raise ValueError(
                f"on_other_rate: expected one of 'resample', 'error', got '{self.on_other_rate}'"
            )

    def __call__(self, recordings: Any) -> Any:
        """float32 samples, an array ``(batch, n)`` where all lengths agree, else a list of ``(n,)``.

        Args:
            recordings: A list of raw recordings, or an array ``(batch, n)`` or
                ``(batch, n, channels)`` of samples at ``sample_rate``.

        Raises:
            InputError: Not readable, no recording, empty, or of another rate where that is an
                error; files are named.
            BackendError: A FLAC or OGG file, and the extra is not installed.
        """
        if not isinstance(recordings, list | tuple | np.ndarray):
            raise InputError(f"expected recordings, got {type(recordings).__name__}")
        batch = cast("NDArray[Any] | Sequence[Any]", recordings)
        if isinstance(batch, np.ndarray) and (batch.dtype.kind not in "OSU" or not batch.ndim):
            if batch.ndim < 2:
                raise InputError(
                    f"expected an array (batch, n) or (batch, n, channels), got shape {batch.shape}"
                )
            if not len(batch):
                return np.zeros(batch.shape[:2], np.float32)
            return stacked([self._one(sample) for sample in batch])
        return stacked([self._one(raw) for raw in batch])

    def _one(self, raw: Any) -> NDArray[np.float32]:
        if isinstance(raw, str | os.PathLike):
            path = os.fsdecode(cast("str", raw))
            content, name = content_of(path, "an audio file", MAX_BYTES), shortened(path)
            return self._mono(*_decoded(content, name), name)
        if isinstance(raw, bytes | bytearray | memoryview):
            content = bytes(cast("bytes", raw))
            name = f"bytes of {len(content)}"
            return self._mono(*_decoded(content, name), name)
        if isinstance(raw, np.ndarray):
            return self._mono(self.sample_rate, _floats(cast("NDArray[Any]", raw)), "array")
        if isinstance(raw, tuple):
            return self._of_pair(cast("tuple[Any, ...]", raw))
        raise InputError(
            "expected a recording as path, bytes, array or (rate, array), "
            f"got {type(raw).__name__}"
        )

    def _of_pair(self, pair: tuple[Any, ...]) -> NDArray[np.float32]:
        kinds = [type(part).__name__ for part in pair]
        if len(pair) == 2 and isinstance(pair[1], np.ndarray):
            try:
                rate = operator.index(pair[0])
            except TypeError:
                pass
            else:
                samples = _floats(cast("NDArray[Any]", pair[1]))
                return self._mono(rate, samples, "pair of rate and array")
        raise InputError(
            f"expected a recording as a pair (rate in Hz, array), got ({', '.join(kinds)})"
        )

    def _mono(self, rate: int, samples: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        if not len(samples):
            raise InputError(f"{name}: expected a recording, got one without samples")
        # Rows in memory are summed in an order that does not depend on the caller's array.
        rows = np.ascontiguousarray(samples)
        mono = rows[:, 0] if rows.shape[1] == 1 else rows.mean(axis=1)
        if rate == self.sample_rate:
            return np.ascontiguousarray(mono)
        if self.on_other_rate == "error":
            raise InputError(
                f"{name}: expected {self.sample_rate} Hz, got {rate} Hz; record at that rate, or "
                'build with on_other_rate = "resample"'
            )
        try:
            check_rates(rate, self.sample_rate)
        except ValueError as error:
            raise InputError(f"{name}: {error}") from error
        return resampled(np.ascontiguousarray(mono), rate, self.sample_rate)


def _decoded(content: bytes, name: str) -> tuple[int, NDArray[np.float32]]:
    """Rate and samples ``(n, channels)`` of a file."""
    if is_wav(content):
        return read_wav(content, name)
    if content[:4] in COMPRESSED:
        return _from_soundfile(content, name)
    raise InputError(
        f"{name}: expected a WAV, FLAC or OGG file, got {_start(content)}; "
        "convert it to 16-bit WAV"
    )


def _start(content: bytes) -> str:
    return f"one that starts with {content[:4]!r}" if content else "an empty file"


def _from_soundfile(content: bytes, name: str) -> tuple[int, NDArray[np.float32]]:
    kind = COMPRESSED[content[:4]]
    try:
        import soundfile  # pyright: ignore[reportMissingTypeStubs] - it ships no types
    except (ImportError, OSError) as error:
        raise BackendError(
            f"{name}: {kind} needs soundfile: pip install 'edgesmith-runtime[audio]'; "
            "or convert it to WAV"
        ) from error
    library = cast("Any", soundfile)
    try:
        with library.SoundFile(BytesIO(content)) as file:
            if file.frames * file.channels > MAX_SAMPLES:
                raise InputError(f"{name}: expected at most {MAX_SAMPLES} samples in all")
            samples = cast("NDArray[np.float32]", file.read(dtype="float32", always_2d=True))
            rate = int(file.samplerate)
    except (library.SoundFileError, ValueError, MemoryError) as error:
        raise InputError(f"{name}: cannot be read as {kind}: {error}") from error
    if not np.isfinite(samples).all():
        raise InputError(f"{name}: holds NaN or infinity")
    return rate, samples


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    """Samples ``(n, channels)`` as shares of full scale."""
    if array.ndim not in (1, 2) or (
        array.ndim == 2 and not 1 <= array.shape[1] <= MAX_CHANNELS
    ):
        raise InputError(
            f"expected samples (n,) or (n, channels) with 1 to {MAX_CHANNELS} channels, "
            f"got an array of shape {array.shape}"
        )
    scale = SCALES.get((array.dtype.kind, array.dtype.itemsize))
    if scale is None and array.dtype.kind != "f":
        raise InputError(
            "expected samples as floats from -1 to 1, or int16, int32 or uint8, "
            f"got dtype {array.dtype}"
        )
    with np.errstate(over="ignore"):  # what overflows is not finite, and refused
        floats = array.astype(np.float32)
    if scale is None and not np.isfinite(floats).all():
        raise InputError("the recording holds NaN or infinity")
    if array.dtype.kind == "u":
        floats -= 128
    if scale is not None:
        floats *= np.float32(1 / scale)
    return floats if floats.ndim == 2 else floats[:, None]
