"""Logarithms that stay finite, and gain control held against its recursion and scipy's filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.levels import Log, Pcen


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("natural", np.log([1e-6, 1e-6, 1, 100])),
        ("ten", [-6, -6, 0, 2]),
        ("decibel", [-60, -60, 0, 20]),
    ],
)
def test_a_logarithm_ends_at_its_floor(unit: str, expected: Any) -> None:
    levels = Log(1e-6, unit)(np.array([[-1, 0, 1, 100]]))

    assert levels.dtype == np.float32
    np.testing.assert_allclose(levels[0], expected, rtol=1e-6)


def _by_recursion(energies: np.ndarray[Any, Any], op: Pcen) -> np.ndarray[Any, Any]:
    wide = energies.astype(np.float64)
    state = wide[:, 0] if op.initial is None else np.full_like(wide[:, 0], op.initial)
    rows: list[np.ndarray[Any, Any]] = []
    for frame in np.moveaxis(wide, 1, 0):
        state = (1 - op.smoothing) * state + op.smoothing * frame
        ratio = frame / (op.epsilon + state) ** op.gain
        rows.append((ratio + op.bias) ** op.power - op.bias**op.power)
    return np.stack(rows, 1)


@pytest.mark.parametrize("initial", [None, 0.0, 1.0])
@pytest.mark.parametrize("n_frames", [1, 63, 64, 65, 300])
def test_gain_control_is_its_recursion(n_frames: int, initial: float | None) -> None:
    energies = np.random.default_rng(0).exponential(size=(2, n_frames, 7)).astype(np.float32)
    op = Pcen(initial=initial, smoothing=0.05)

    made = op(energies)

    assert made.dtype == np.float32
    np.testing.assert_allclose(made, _by_recursion(energies, op), atol=1e-5, rtol=1e-5)


def test_with_an_initial_state_of_1_it_is_librosas() -> None:
    """By the formula of ``librosa.pcen`` 0.10, whose smoother is a filter of scipy."""
    energies = np.random.default_rng(0).exponential(size=(1, 200, 5))
    smoothing = 0.04

    made = Pcen(initial=1.0, smoothing=smoothing)(energies)

    start = signal.lfilter_zi([smoothing], [1, smoothing - 1]) * np.ones((5, 1))
    smooth, _ = signal.lfilter([smoothing], [1, smoothing - 1], energies[0].T, zi=start)
    gain = np.exp(-0.98 * (np.log(1e-6) + np.log1p(smooth / 1e-6)))
    expected = 2**0.5 * np.expm1(0.5 * np.log1p(energies[0].T * gain / 2))
    np.testing.assert_allclose(made[0], expected.T, atol=1e-5)


def test_silence_is_zero() -> None:
    np.testing.assert_array_equal(Pcen()(np.zeros((1, 9, 3))), np.zeros((1, 9, 3)))


def test_no_frames_give_none() -> None:
    assert Pcen()(np.zeros((1, 0, 3))).shape == (1, 0, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Log(0), r"floor: expected 1e-37 to 1e\+37, got 0"),
        (lambda: Log(1, "bel"), "unit: expected one of natural, ten, decibel, got 'bel'"),
        (lambda: Log(1e300), r"floor: expected 1e-37 to 1e\+37, got 1e\+300"),
        (lambda: Pcen(smoothing=0), "smoothing: expected 1e-37 to 1, got 0"),
        (lambda: Pcen(epsilon=1e-320), r"epsilon: expected 1e-37 to 1e\+06, got 1e-320"),
        (lambda: Pcen(initial=1e300), r"initial: expected 0 to 1e\+37, or none, got 1e\+300"),
        (lambda: Pcen(power=2), "power: expected 1e-37 to 1, got 2"),
        (lambda: Pcen(gain=-1), "gain: expected 0 to 1, got -1"),
        (lambda: Pcen(initial=-1.0), r"initial: expected 0 to 1e\+37, or none, got -1.0"),
    ],
)
def test_a_wrong_param_is_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e300])
def test_what_gain_control_would_carry_on_is_refused(number: float) -> None:
    energies = np.ones((1, 64, 2))
    energies[0, 50, 0] = number

    with (
        np.errstate(over="ignore"),
        pytest.raises(InputError, match=r"^expected finite numbers, .*; fill missing points"),
    ):
        Pcen()(energies)
