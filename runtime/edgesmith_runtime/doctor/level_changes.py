"""Recordings of another loudness, or with a constant added: the amount that the app's tensor shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.doctor.comparison import Yardstick
from edgesmith_runtime.doctor.faults import Change, Fault, instead, on_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.program import Program
    from edgesmith_runtime.transforms import Batch, Op

__all__ = ["of_levels"]

LEVEL_COST = 1.4  # more than a named mistake, less than another normalization
WITHIN = 1e-3  # of the range: what the right amount leaves,
GAIN = 0.2  # and of the difference
GAIN_POWERS = np.arange(-3.0, 3.01, 0.5)  # of 10
SHIFT_POWERS = np.arange(-4.0, -0.49, 0.5)
STEP = 0.5  # between those
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
ROUNDS = 24  # each leaves 0.62 of the interval: in the end a hundred thousandth


def of_levels(program: Program, index: int, app: NDArray[Any]) -> Iterator[Change]:
    """The gain, and the constant, with which the app's tensor comes out, where there is one.

    Args:
        program: With its values on the raw input.
        index: Of the step ``decode_audio``.
        app: The app's tensor.
    """
    made = program.tensor(program.values)
    if made is None or made.shape != app.shape:
        return
    yardstick = Yardstick.of(app, by_number=False)
    limit = min(WITHIN, GAIN * yardstick.error(app, made))
    recordings = program.made(index)

    def error(change: Change) -> float:
        values = program.changed((change,))
        tensor = None if values is None else program.tensor(values)
        if tensor is None or tensor.shape != app.shape:
            return math.inf
        return yardstick.error(app, tensor)

    for make, powers in _AMOUNTS:
        power = _nearest(lambda p, make=make: error(make(index, recordings, p)), powers)
        best = make(index, recordings, power)
        if error(best) <= limit:
            yield best


def _louder(index: int, recordings: Batch, power: float) -> Change:
    gain = np.float32(10.0**power)
    words = f"has the sound {gain:.4g} times as loud (gain) as the recording"
    return _altered(index, words, on_samples(lambda x: x * gain)(recordings))


def _raised(index: int, recordings: Batch, power: float) -> Change:
    return _shifted(index, recordings, np.float32(10.0**power))


def _lowered(index: int, recordings: Batch, power: float) -> Change:
    return _shifted(index, recordings, -np.float32(10.0**power))


def _shifted(index: int, recordings: Batch, shift: np.float32) -> Change:
    words = f"has {shift:.4g} added to all samples (a DC offset)"
    return _altered(index, words, on_samples(lambda x: x + shift)(recordings))


_AMOUNTS = ((_louder, GAIN_POWERS), (_raised, SHIFT_POWERS), (_lowered, SHIFT_POWERS))


def _altered(index: int, words: str, recordings: Batch) -> Change:
    return Change(
        fault=Fault.AMPLITUDE,
        words=words,
        step=index,
        wrap=instead(_giving(recordings)),
        replaces=True,
        is_fitted=True,
        cost=LEVEL_COST,
    )


def _giving(value: Batch) -> Op:
    def given(*_: Batch) -> Batch:
        return value

    return given


def _nearest(error: Callable[[float], float], powers: NDArray[np.float64]) -> float:
    """Where an error is least: by steps, then by golden section (J. Kiefer, 1953)."""
    start = float(powers[int(np.argmin([error(float(power)) for power in powers]))])
    low, high = start - STEP, start + STEP
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    of_left, of_right = error(left), error(right)
    for _ in range(ROUNDS):
        if of_left <= of_right:
            high, right, of_right = right, left, of_left
            left = high - GOLDEN * (high - low)
            of_left = error(left)
        else:
            low, left, of_left = left, right, of_right
            right = low + GOLDEN * (high - low)
            of_right = error(right)
    return (low + high) / 2
