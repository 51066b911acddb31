"""The amount of a gain and of a constant is found from the app's tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.doctor import Fault, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model


@pytest.mark.parametrize("gain", [0.5, 0.037, 12.0])
def test_a_gain_is_named_with_its_factor(
    sound_of: Callable[..., Model], recording: NDArray[np.float32], gain: float
) -> None:
    model = sound_of()
    tensor = model.prepare(recording * np.float32(gain))["value5"]

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.AMPLITUDE,)
    assert f"has the sound {gain:.4g} times as loud (gain)" in diagnosis.sentence


@pytest.mark.parametrize("shift", [0.01, -0.2])
def test_a_dc_offset_is_named_with_its_size(
    sound_of: Callable[..., Model], recording: NDArray[np.float32], shift: float
) -> None:
    model = sound_of()
    tensor = model.prepare(recording + np.float32(shift))["value5"]

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.AMPLITUDE,)
    assert f"has {shift:.4g} added to all samples (a DC offset)" in diagnosis.sentence


def test_noise_is_neither(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    noise = np.random.default_rng(1).normal(size=recording.shape).astype(np.float32)

    diagnosis = diagnose(model, model.prepare(recording + 0.01 * noise)["value5"], recording)

    assert diagnosis.faults == (Fault.UNKNOWN,)
