"""Filter banks as librosa has them, by its documented formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.doctor import Fault, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"slopes": "hz"}, "does 'mel' with slopes hz where the bundle has mel"),
        ({"norm": "slaney"}, "does 'mel' with norm slaney where the bundle has none"),
        (
            {"scale": "slaney", "slopes": "hz", "norm": "slaney"},
            "has mel bands with scale slaney, slopes hz, norm slaney (librosa's default) where "
            "the bundle has scale htk, slopes mel, norm none",
        ),
        (
            {"slopes": "hz", "norm": "slaney"},
            "has mel bands with slopes hz, norm slaney where the bundle has slopes mel, norm none",
        ),
    ],
)
def test_the_bands_of_librosa_are_named(
    sound_of: Callable[..., Model],
    recording: NDArray[np.float32],
    params: dict[str, Any],
    words: str,
) -> None:
    tensor = sound_of(mel=params).prepare(recording)["value5"]

    diagnosis = diagnose(sound_of(), tensor, recording)

    assert diagnosis.faults == (Fault.FILTER_BANK,)
    assert words in diagnosis.sentence
