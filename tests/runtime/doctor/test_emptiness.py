"""Constant tensors and such without numbers are called that, before anything is searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.doctor import Fault, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model


@pytest.mark.parametrize("value", [0.0, 0.5, -7.0])
def test_a_constant_tensor_is_no_other_normalization(
    sound_of: Callable[..., Model], recording: NDArray[np.float32], value: float
) -> None:
    diagnosis = diagnose(sound_of(), np.full((1, 40, 20), value, np.float32), recording)

    assert diagnosis.faults == (Fault.CONSTANT,)
    assert diagnosis.sentence.startswith(
        f"The app's tensor is constant (all {value:.4g}) where the bundle's goes from "
    )


def test_a_constant_raw_input_tells_no_mistake_from_another(
    sound_of: Callable[..., Model],
) -> None:
    silence = np.zeros(4096, np.float32)

    diagnosis = diagnose(sound_of(), np.zeros((1, 40, 20), np.float32), silence)

    assert diagnosis.faults == (Fault.UNKNOWN,)
    assert "and so is the bundle's (all -3.272): this raw input tells no mistake" in (
        diagnosis.sentence
    )


@pytest.mark.parametrize(
    ("places", "words"),
    [(slice(None), "NaN everywhere"), (slice(0, 1), "NaN at 20 of 800 places")],
)
def test_nan_is_told_with_its_places(
    sound_of: Callable[..., Model],
    recording: NDArray[np.float32],
    places: slice,
    words: str,
) -> None:
    model = sound_of()
    tensor = model.prepare(recording)["value5"].copy()
    tensor[:, places] = np.nan

    diagnosis = diagnose(model, tensor, recording)

    assert diagnosis.faults == (Fault.NOT_FINITE,)
    assert diagnosis.sentence.startswith(f"The app's tensor holds {words}, which the bundle's ")


def test_infinity_is_told_too(
    sound_of: Callable[..., Model], recording: NDArray[np.float32]
) -> None:
    model = sound_of()
    tensor = model.prepare(recording)["value5"].copy()
    tensor[0, 0, :2] = -np.inf

    assert "holds infinity at 2 of 800" in diagnose(model, tensor, recording).sentence


def test_missing_cells_that_were_not_filled_are_still_named(row_bundle_path: Path) -> None:
    rows = [{"a": None, "b": 7.0}, {"a": 1.5, "b": 40.0}]

    diagnosis = diagnose(row_bundle_path, np.array([[np.nan, 7], [1.5, 40]], np.float32), rows)

    assert diagnosis.faults == (Fault.MISSING_FILL,)


def test_nan_in_other_cells_than_the_missing_ones_is_told(row_bundle_path: Path) -> None:
    rows = [{"a": None, "b": 7.0}, {"a": 1.5, "b": 40.0}]

    diagnosis = diagnose(row_bundle_path, np.array([[10, np.nan], [9, 40]], np.float32), rows)

    assert diagnosis.faults == (Fault.NOT_FINITE,)
