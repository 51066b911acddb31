"""Mistakes with recordings that the seeded cases do not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.doctor import Fault, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model


def test_pre_emphasis_is_no_other_offset_of_each_band(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    emphasized = recording - 0.95 * np.append(np.float32(0), recording[:-1])

    diagnosis = diagnose(
        model, model.prepare(emphasized.astype(np.float32))["value5"], recording
    )

    assert diagnosis.faults == (Fault.OTHER_STEP,)
    assert "does pre-emphasis with 0.95 where the bundle does none" in diagnosis.sentence


def test_a_filter_that_is_not_known_is_no_other_normalization(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    echoed = recording + 0.6 * np.append(np.zeros(5, np.float32), recording[:-5])

    diagnosis = diagnose(model, model.prepare(echoed)["value5"], recording)

    assert diagnosis.faults == (Fault.UNKNOWN,)
