"""The search: missing frames, and the time that it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.doctor import Fault, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model


@pytest.mark.parametrize("n_frames", [1, 2, 20, 30, 37])
def test_a_tensor_of_fewer_frames_is_another_shape(
    sound_of: Callable[..., Model], recording: NDArray[np.float32], n_frames: int
) -> None:
    model = sound_of()
    tensor = model.prepare(recording)["value5"][:, :n_frames]

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.SHAPE,)
    assert diagnosis.sentence.startswith("The app feeds another shape, and no mistake ")


@pytest.mark.parametrize(("n_missing", "words"), [(1, "frame"), (2, "2 frames")])
def test_a_frame_or_two_that_are_missing_are_a_fault_that_is_told(
    sound_of: Callable[..., Model], recording: NDArray[np.float32], n_missing: int, words: str
) -> None:
    model = sound_of()
    tensor = model.prepare(recording)["value5"][:, :-n_missing]

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.SHAPE,)
    assert diagnosis.sentence.startswith(f"The app leaves out the last {words} of 40 (")


def test_missing_frames_are_told_beside_another_mistake(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    tensor = sound_of(stft={"window": "hamming"}).prepare(recording)["value5"][:, :-1]

    diagnosis = diagnose(model, tensor, recording)

    assert set(diagnosis.faults) == {Fault.WINDOW, Fault.SHAPE}


def test_the_answer_says_when_the_time_was_used_up(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    other = np.random.default_rng(1).normal(size=(1, 40, 20)).astype(np.float32)

    diagnosis = diagnose(model, other, recording, budget_s=0.0)

    assert diagnosis.stopped_early
    assert diagnosis.to_json()["stopped_early"]
    assert diagnosis.sentence.endswith(
        " The search for more mistakes at once stopped after 0 s; a longer budget tries the rest."
    )


def test_single_mistakes_are_found_without_any_time_for_more(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    tensor = sound_of(stft={"window": "hamming"}).prepare(recording)["value5"]

    diagnosis = diagnose(model, tensor, recording, budget_s=0.0)

    assert (diagnosis.faults, diagnosis.stopped_early) == ((Fault.WINDOW,), False)
