"""Frames, held against TensorFlow's rule and slices by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.framing import Frames
from edgesmith_runtime.transforms.spectra import Stft


@pytest.mark.parametrize("n", [0, 1, 4, 5, 6, 23])
@pytest.mark.parametrize(("length", "hop"), [(5, 2), (5, 5), (3, 7)])
def test_frames_are_slices_that_lie_within(n: int, length: int, hop: int) -> None:
    samples = np.arange(2 * n, dtype=np.float32).reshape(2, n)

    frames = Frames(length=length, hop=hop)(samples)

    starts = range(0, n - length + 1, hop)
    expected = np.array([[row[s : s + length] for s in starts] for row in samples], np.float32)
    np.testing.assert_array_equal(frames, expected.reshape(2, len(starts), length), strict=True)


@pytest.mark.parametrize("n", [0, 1, 5, 23])
@pytest.mark.parametrize(("length", "hop"), [(5, 2), (3, 7)])
def test_padded_frames_start_up_to_the_last_sample(n: int, length: int, hop: int) -> None:
    samples = np.arange(1, n + 1, dtype=np.float32)[None]

    frames = Frames(length=length, hop=hop, pad_end=True)(samples)

    padded = np.concatenate([samples[0], np.zeros(length)])
    expected = [padded[s : s + length] for s in range(0, n, hop)]
    np.testing.assert_array_equal(
        frames[0], np.array(expected, np.float32).reshape(-1, length), strict=True
    )


def test_channels_stay_the_last_axis() -> None:
    series = np.arange(12, dtype=np.float64).reshape(1, 6, 2)

    frames = Frames(length=4, hop=2)(series)

    np.testing.assert_array_equal(frames, [[series[0, :4], series[0, 2:]]], strict=True)


@pytest.mark.parametrize(("params", "name"), [((0, 1), "length"), ((1, 0), "hop")])
def test_a_wrong_param_is_named(params: tuple[int, int], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected 1 to 1048576 samples, got 0$"):
        Frames(length=params[0], hop=params[1])


@pytest.mark.parametrize("pad_end", [True, False])
def test_frames_beyond_a_gigabyte_are_refused(*, pad_end: bool) -> None:
    with pytest.raises(
        InputError, match=r"^expected at most 268435456 values in all frames, g"
    ):
        Frames(length=1 << 15, hop=1, pad_end=pad_end)(np.zeros((1, 1 << 16), np.float32))


def test_spectra_beyond_a_gigabyte_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"^expected at most 268435456 values in all frames, g"
    ):
        Stft(frame_length=9, hop=1, fft_length=1 << 16)(np.zeros((1, 9000), np.float32))
