"""Other settings of a step: each is one that its op has."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from edgesmith_runtime.doctor.alternatives import CHOICES, of_settings
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

# Params with which every choice of another one is possible.
ROOMY: dict[str, dict[str, Any]] = {
    "fit_length": {"length": 9},
    "pre_emphasis": {"coefficient": 0.96},
    "stft": {"frame_length": 8, "hop": 4, "fft_length": 8},
    "mel": {"sample_rate": 48000, "fft_length": 512, "n_mels": 20, "high_hz": 400.0},
    "log": {"floor": 2e-3},
    "dct": {"n_places": 20, "n_coefficients": 5},
    "standardize_sample": {"axes": [0]},
    "fit_length_series": {"length": 4},
    "power_spectrum": {},
    "moving_average": {"size": 13, "axes": [0]},
    "median_filter": {"size": 13, "axes": [0]},
    "gaussian_filter": {"sigma": 9.0, "axes": [0]},
}


def _step(op: str) -> Step:
    return Step(op=op, inputs=("given",), outputs=("made",), params=ROOMY[op])


@pytest.mark.parametrize(("op", "param"), CHOICES)
def test_every_choice_is_one_that_the_op_has(op: str, param: str) -> None:
    made: Any = make_op(_step(op), "step")

    for value in CHOICES[op, param][1]:
        assert getattr(dataclasses.replace(made, **{param: value}), param) == value


def test_each_other_choice_is_tried_and_named() -> None:
    step = _step("dct")

    words = [change.words for change in of_settings(0, step, make_op(step, "step"))]

    assert words == ["does 'dct' with norm htk where the bundle has ortho"]


def test_a_number_that_the_other_params_leave_no_room_for_is_left_out() -> None:
    step = Step(
        op="mel",
        inputs=("given",),
        outputs=("made",),
        params={"sample_rate": 8000, "fft_length": 512, "n_mels": 20},
    )

    words = [change.words for change in of_settings(0, step, make_op(step, "step"))]

    assert any("high_hz 3800.0 where" in each for each in words)
    assert not any("high_hz 7600" in each for each in words)


def test_a_word_that_the_op_does_not_have_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = _step("dct")
    fault, _ = CHOICES["dct", "norm"]
    monkeypatch.setitem(CHOICES, ("dct", "norm"), (fault, ("none",)))

    with pytest.raises(ValueError, match="norm: expected one of 'ortho', 'htk', got 'none'"):
        list(of_settings(0, step, make_op(step, "step")))
