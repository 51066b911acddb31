"""A straight line from the bundle's numbers to the app's: only where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.doctor import Fault, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model


def test_another_offset_and_scale_is_named(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    tensor = sound_of(scale={"offset": [-6.0], "scale": [2.2]}).prepare(recording)["value5"]

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.OTHER_NORMALIZATION,)
    assert "normalizes by another offset or scale where the bundle has" in diagnosis.sentence


def test_another_one_of_each_band_is_named(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    offset = np.linspace(-9.0, -2.0, 20).tolist()
    scale = (np.random.default_rng(2).random(20) + 1.0).tolist()
    tensor = sound_of(scale={"offset": offset, "scale": scale}).prepare(recording)["value5"]

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.OTHER_NORMALIZATION,)
    assert " of each channel where the bundle has" in diagnosis.sentence


def test_columns_of_constants_are_no_line_of_each_channel(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    means = model.prepare(recording)["value5"].mean(axis=1, keepdims=True)
    tensor = np.repeat(means, 40, axis=1)

    assert diagnose(model, tensor, recording).faults == (Fault.UNKNOWN,)


def test_a_line_explains_nothing_together_with_another_change(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    other = sound_of(stft={"window": "blackman"}, scale={"offset": [-6.1], "scale": [2.2]})

    diagnosis = diagnose(model, other.prepare(recording)["value5"], recording)

    assert diagnosis.faults == (Fault.UNKNOWN,)
    assert all(
        trial.words.count(" and ") == 0
        for trial in diagnosis.trials
        if ("another offset or scale" in trial.words)
    )
