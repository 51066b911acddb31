"""Trimming as librosa's formula has it, fitting a length, and pre-emphasis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.waveform import FitLength, PreEmphasis, TrimSilence


def _librosas_trim(
    samples: np.ndarray[Any, Any], top_db: float, frame_length: int, hop: int
) -> np.ndarray[Any, Any]:
    """``librosa.effects.trim`` of version 0.10, written from its documentation."""
    padded = np.pad(samples.astype(np.float64), frame_length // 2)
    n_frames = 1 + (len(padded) - frame_length) // hop
    power = np.array(
        [np.mean(padded[i * hop : i * hop + frame_length] ** 2) for i in range(n_frames)]
    )
    decibels = 10 * np.log10(np.maximum(power, 1e-10) / max(power.max(), 1e-10))
    loud = np.flatnonzero(decibels > -top_db)
    return samples[loud[0] * hop : min(len(samples), (loud[-1] + 1) * hop)]


@pytest.mark.parametrize("top_db", [10.0, 30.0, 60.0])
@pytest.mark.parametrize("n", [500, 3001])
def test_trimming_is_librosas(n: int, top_db: float) -> None:
    rng = np.random.default_rng(n)
    envelope = np.exp(-((np.linspace(-3, 3, n)) ** 2) * 2)
    samples = (rng.normal(size=n) * envelope).astype(np.float32)

    (trimmed,) = TrimSilence(threshold_db=top_db, frame_length=64, hop=16)([samples])

    np.testing.assert_array_equal(trimmed, _librosas_trim(samples, top_db, 64, 16))


@pytest.mark.parametrize("peak", [1e-3, 3e-5, 1.2e-5])
def test_quiet_frames_are_floored_as_librosas(peak: float) -> None:
    samples = np.zeros(2000, np.float32)
    samples[700:1200] = np.random.default_rng(0).normal(size=500) * peak

    (trimmed,) = TrimSilence(threshold_db=60, frame_length=64, hop=16)([samples])

    np.testing.assert_array_equal(trimmed, _librosas_trim(samples, 60, 64, 16))


def test_a_threshold_of_next_to_nothing_keeps_the_recording() -> None:
    samples = np.ones((1, 100), np.float32)

    np.testing.assert_array_equal(
        TrimSilence(threshold_db=1e-320, frame_length=8, hop=8)(samples), samples
    )


def test_a_recording_of_silence_is_kept_whole() -> None:
    trimmed = TrimSilence(threshold_db=30, frame_length=64, hop=16)(np.zeros((2, 100)))

    np.testing.assert_array_equal(trimmed, np.zeros((2, 100), np.float32), strict=True)


def test_trimmed_recordings_of_different_lengths_are_a_list() -> None:
    samples = np.zeros((2, 200), np.float32)
    samples[0, 80:120] = samples[1, 20:180] = 1

    trimmed = TrimSilence(threshold_db=30, frame_length=8, hop=8)(samples)

    assert [len(one) for one in trimmed] == [48, 160]


@pytest.mark.parametrize(
    ("align", "short", "long"),
    [
        ("start", [1, 2, 3, 0, 0, 0], [1, 2, 3, 4, 5, 6]),
        ("center", [0, 1, 2, 3, 0, 0], [2, 3, 4, 5, 6, 7]),
    ],
)
def test_recordings_are_cut_and_padded_to_one_length(
    align: str, short: list[int], long: list[int]
) -> None:
    recordings = [np.arange(1.0, n + 1) for n in (3, 9)]

    fitted = FitLength(length=6, align=align)(recordings)

    np.testing.assert_array_equal(fitted, np.array([short, long], np.float32), strict=True)


def test_no_recordings_are_an_empty_array() -> None:
    assert FitLength(length=6)([]).shape == (0, 6)


@pytest.mark.parametrize("n", [1, 100])
def test_pre_emphasis_is_a_filter_of_two_taps(n: int) -> None:
    samples = np.random.default_rng(0).normal(size=(2, n)).astype(np.float32)

    lifted = PreEmphasis(0.97)(samples)

    expected = signal.lfilter([1, -0.97], [1], samples.astype(float), axis=1)
    np.testing.assert_allclose(lifted, expected, atol=1e-6)
    assert lifted.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: TrimSilence(threshold_db=0, frame_length=8, hop=8),
            "threshold_db: expected above 0, got 0",
        ),
        (
            lambda: TrimSilence(threshold_db=9, frame_length=1, hop=8),
            "frame_length: expected 2 to 1048576, got 1",
        ),
        (lambda: FitLength(length=0), "length: expected 1 to 268435456 samples, got 0"),
        (
            lambda: FitLength(length=1, align="end"),
            "align: expected one of 'start', 'center', got 'end'",
        ),
        (lambda: PreEmphasis(1), "coefficient: expected from 0, below 1, got 1"),
    ],
)
def test_a_wrong_param_is_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()


@pytest.mark.parametrize("op", [FitLength(length=6), TrimSilence(threshold_db=9, frame_length=8, hop=8)])  # fmt: skip
def test_more_than_one_channel_is_refused(op: Any) -> None:
    with pytest.raises(InputError, match=r"^expected recordings \(n,\), got samples of shape"):
        op([np.zeros((9, 2), np.float32)])
