"""``[audio]``: lengths in samples, and keys that must go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from edgesmith.config import AudioConfig


def _audio(**keys: Any) -> AudioConfig:
    return AudioConfig.model_validate({"sample_rate": 16000, "seconds": 1.0, **keys})


def test_lengths_are_in_samples() -> None:
    audio = _audio(seconds=0.5)

    assert (audio.n_samples, audio.frame_length, audio.hop_length) == (8000, 400, 160)


@pytest.mark.parametrize(("frame_ms", "n_fft"), [(25, 512), (32, 512), (32.1, 1024)])
def test_the_transform_is_the_power_of_two_from_a_frame_on(frame_ms: float, n_fft: int) -> None:
    assert _audio(frame_ms=frame_ms).n_fft == n_fft


def test_the_transform_can_be_longer() -> None:
    assert _audio(fft_length=600).n_fft == 600


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"features": "waveform", "per_recording": "standard"},
            'per_recording = "standard" is of bands, and a waveform has none',
        ),
        ({"hop_ms": 0.01}, "frame_ms and hop_ms: expected two samples and one or more"),
        (
            {"fft_length": 256},
            "fft_length: expected 400 or more, the samples of a frame, got 256",
        ),
        ({"frame_ms": 2000.0}, "frame_ms: a frame is longer than 1 seconds"),
        (
            {"high_hz": 9000.0},
            "low_hz and high_hz: expected low < high <= 8000, half of sample_rate",
        ),
        (
            {"features": "waveform", "n_mels": 7},
            "n_mels: of a spectrum, and features is waveform; leave it out",
        ),
        (
            {"features": "waveform", "hop_ms": 10.0},
            "hop_ms: of a spectrum, and features is waveform; leave it out",
        ),
        (
            {"features": "waveform", "n_mfcc": 2},
            "n_mfcc: of mfcc, and features is waveform; leave it out",
        ),
        ({"n_mfcc": 13}, "n_mfcc: of mfcc, and features is log_mel; leave it out"),
        (
            {"seconds": 0.00001},
            "seconds: expected one sample or more at 16000 Hz, got 1e-05 seconds",
        ),
        (
            {"features": "mfcc", "n_mfcc": 41},
            "n_mfcc: expected at most n_mels 40, got 41",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_named(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _audio(**keys)

    assert message in str(caught.value)
