"""A bundle of sounds, its recording, and what an app feeds after a change of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model

SOUND_RATE = 8000


@pytest.fixture
def sound_of(bundle_of: Callable[..., Path]) -> Callable[..., Model]:
    """Loads a bundle of 40 frames of 20 mel bands; params of its steps may be given by op."""

    def make(**others: dict[str, Any]) -> Model:
        params: dict[str, dict[str, Any]] = {
            "decode_audio": {"sample_rate": SOUND_RATE},
            "fit_length": {"length": 4096},
            "stft": {"frame_length": 256, "hop": 98, "fft_length": 256},
            "mel": {"sample_rate": SOUND_RATE, "fft_length": 256, "n_mels": 20},
            "log": {"floor": 1e-6},
            "scale": {"offset": [-4.0], "scale": [3.0]},
        }
        steps = tuple(
            Step(
                op=op,
                inputs=("sound" if not index else f"value{index - 1}",),
                outputs=(f"value{index}",),
                params=params[op] | others.get(op, {}),
            )
            for index, op in enumerate(params)
        )
        spec = TensorSpec("value5", "float32", ("batch", 40, 20))
        raw = RawInput("sound", Kind.AUDIO, "recordings")
        return load(bundle_of((raw,), steps, (5, (spec,))))

    return make


@pytest.fixture
def recording() -> NDArray[np.float32]:
    """Half a second of a rising tone in noise, quiet at its end."""
    rng = np.random.default_rng(8)
    time = np.arange(4096) / SOUND_RATE
    tone = 0.3 * np.sin(2 * np.pi * (200 + 3000 * time) * time) * np.exp(-2 * time)
    return (tone + 0.01 * rng.normal(size=time.size)).astype(np.float32)
