"""The Butterworth filter: its design, and its recursion in blocks of points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.products import product
from edgesmith_runtime.transforms.samples import as_floats, check_finite, each

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Butterworth"]

MAX_ORDER = 10  # a wide band of more loses digits from section to section
TOLERANCE = 1e-6  # of the gain, against the formula
N_CUTOFFS = {"low": 1, "high": 1, "band": 2}
BLOCK = 64  # points that one matrix product filters


@record()
class Butterworth:
    """A low, high or band pass that is as flat as can be where it lets pass.

    ``|H(f)|^2 = 1 / (1 + (tan(pi f) / tan(pi c))^(2 order))`` for a low pass with the cut-off
    ``c``, both as shares of the sample rate: half of the power is left at the cut-off. The poles
    of S. Butterworth, On the theory of filter amplifiers, 1930, by the bilinear transform; equal
    to ``scipy.signal.butter``. The recursion runs in second-order sections, block by block: of
    each block one product with the response to its points and one with the state before it.
    Computed in float64.

    What rounding takes further than 1e-6 from the formula is refused, a cut-off near 0 or 0.5.

    Causal, it is one pass, whose state starts where the first value had been for ever
    (``sosfilt`` with ``sosfilt_zi``). Else it goes forward and backward, so that nothing moves in
    time and the powers are squared, over the series with up to ``3 (poles + 1)`` points on both
    sides, mirrored through its first and last point (``sosfiltfilt``).

    Args:
        kind: What passes: "low", "high" or "band".
        order: Of the low pass that it is made from, 1 to 10; a band pass has twice the poles.
        cutoff: One frequency, for a band two rising ones, above 0 and below half of ``rate``.
        rate: Points in the unit of time of ``cutoff``: with 1 it is a share of the sample rate,
            with the sample rate in Hz it is in Hz.
        causal: No value depends on a later one.
        axis: Of a sample, 0 is the first after the batch.
    """

    kind: str
    order: int
    cutoff: tuple[float, ...]
    rate: float = 1.0
    causal: bool = False
    axis: int = 0
    _blocks: _Blocks = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in N_CUTOFFS:
            raise ValueError(f"kind: expected one of low, high, band, got '{self.kind}'")
        if not 1 <= self.order <= MAX_ORDER:
            raise ValueError(f"order: expected 1 to {MAX_ORDER}, got {self.order}")
        if not 0 < self.rate < np.inf:
            raise ValueError(f"rate: expected above 0, got {self.rate}")
        if self.axis < 0:
            raise ValueError(f"axis: expected an axis of a sample from 0, got {self.axis}")
        shares = [cutoff / self.rate for cutoff in self.cutoff]
        if (
            len(shares) != N_CUTOFFS[self.kind]
            or not all(0 < share < 0.5 for share in shares)
            or sorted(set(shares)) != shares
        ):
            wanted = "two rising frequencies" if self.kind == "band" else "one frequency"
            raise ValueError(
                f"cutoff: expected {wanted} above 0 and below {self.rate / 2:g}, "
                f"got {list(self.cutoff)}"
            )
        with np.errstate(all="ignore"):  # what is not finite is refused
            blocks = _designed(self.kind, self.order, shares)
        if blocks is None:
            raise ValueError(
                f"cutoff: {list(self.cutoff)} at order {self.order} is beyond what float64 holds; "
                "take a lower order, or cutoffs farther from 0 and from half of the rate"
            )
        object.__setattr__(self, "_blocks", blocks)

    def __call__(self, series: Any) -> Any:
        """The same shapes in float32 (float64 stays), an array or a list as given.

        Raises:
            InputError: No such axis, no points along it, or NaN or infinity, which a recursion
                would carry on for ever.
        """
        return each(series, self._filtered)

    def from_state(
        self, series: NDArray[Any], state: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.floating], NDArray[np.float64], int]:
        """The causal filter of points that follow others.

        Args:
            series: ``(time, ...)``, one point or more.
            state: After the points before them; None at the start.

        Returns:
            The same shape filtered; the state before its last block that is not whole; and how
            many points come before that.
        """
        floats = as_floats(series[None], 1)
        check_finite(floats)
        rows = np.ascontiguousarray(np.moveaxis(floats, 1, -1), np.float64)
        shape = rows.shape
        filtered, state = self._one_pass(rows.reshape(1, -1, shape[-1]), state)
        made = np.moveaxis(filtered.reshape(shape), -1, 1)[0]
        n_whole = shape[-1] // BLOCK * BLOCK
        return np.ascontiguousarray(made, floats.dtype), state, n_whole

    def _filtered(self, series: NDArray[Any]) -> NDArray[np.floating]:
        series = as_floats(series, self.axis + 1)
        if series.shape[self.axis + 1] == 0:
            raise InputError("the series holds no points")
        check_finite(series)
        moved = np.moveaxis(series, self.axis + 1, -1)
        n_rows = math.prod(moved.shape[1:-1])
        rows = np.ascontiguousarray(moved, np.float64)
        rows = rows.reshape(len(series), n_rows, moved.shape[-1])
        filtered = self._one_pass(rows, None)[0] if self.causal else self._both_ways(rows)
        filtered = np.moveaxis(filtered.reshape(moved.shape), -1, self.axis + 1)
        return np.ascontiguousarray(filtered, series.dtype)

    def _both_ways(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        n_points = rows.shape[-1]
        n_more = min(3 * (len(self._blocks.steady) + 1), n_points - 1)
        before = 2 * rows[..., :1] - rows[..., n_more:0:-1]
        after = 2 * rows[..., -1:] - rows[..., -2 : -n_more - 2 : -1]
        rows = np.concatenate([before, rows, after], axis=-1)
        rows = self._one_pass(rows, None)[0][..., ::-1]
        rows = self._one_pass(np.ascontiguousarray(rows), None)[0][..., ::-1]
        return rows[..., n_more : n_more + n_points]

    def _one_pass(
        self, rows: NDArray[np.float64], state: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Filtered, ``(batch, row, time)``, and the state after the last whole block."""
        blocks = self._blocks
        n_samples, n_rows, n_points = rows.shape
        n_blocks = -(-n_points // BLOCK)
        padded = np.zeros((n_samples, n_rows, n_blocks * BLOCK))
        padded[..., :n_points] = rows
        padded = padded.reshape(n_samples, n_rows * n_blocks, BLOCK)
        driven = product(padded, blocks.state_from_points)
        n_states = len(blocks.steady)
        driven = driven.reshape(n_samples, n_rows, n_blocks, n_states)
        states = np.empty((n_samples, n_rows, n_blocks + 1, n_states))
        states[:, :, 0] = rows[..., :1] * blocks.steady if state is None else state
        for index in range(n_blocks):
            carried = np.matmul(states[:, :, index], blocks.state_from_state)
            states[:, :, index + 1] = carried + driven[:, :, index]
        before = states[:, :, :-1].reshape(n_samples, n_rows * n_blocks, n_states)
        filtered = product(padded, blocks.points_from_points)
        filtered += product(before, blocks.points_from_state)
        filtered = filtered.reshape(n_samples, n_rows, n_blocks * BLOCK)[..., :n_points]
        return filtered, states[:, :, n_points // BLOCK]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """What takes a row of points and the state before it to a filtered row and the state after."""

    points_from_points: NDArray[np.float64]
    points_from_state: NDArray[np.float64]
    state_from_points: NDArray[np.float64]
    state_from_state: NDArray[np.float64]
    steady: NDArray[np.float64]


def _designed(kind: str, order: int, shares: list[float]) -> _Blocks | None:
    """The filter, or None where rounding takes it from its formula."""
    try:
        blocks = _blocks(_sections(kind, order, shares))
        gain, frequencies = _gain(blocks, shares)
    except np.linalg.LinAlgError:
        return None
    edges = np.tan(np.pi * np.array(shares))
    places = np.tan(np.pi * frequencies)
    if kind == "band":
        turns = (places**2 - edges[0] * edges[1]) / (places * (edges[1] - edges[0]))
    else:
        turns = places / edges[0] if kind == "low" else edges[0] / places
    formula = 1 / np.sqrt(1 + turns ** (2 * order))
    return blocks if np.abs(gain - formula).max() <= TOLERANCE else None


def _gain(
    blocks: _Blocks, shares: list[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gain of the blocks around each cut-off and where they are, as shares of the rate.

    A wave ``z^k`` that has been for ever has the state ``s`` before a block with
    ``s z^n = s A + u B``; what the block gives is then ``H z^k`` for each of its n points.
    """
    places = np.tan(np.pi * np.array(shares))[:, None] * np.logspace(-1, 1, 41, base=10)
    frequencies = np.arctan(places.ravel()) / np.pi
    waves = np.exp(2j * np.pi * frequencies[:, None] * np.arange(BLOCK + 1))
    points = waves[:, :BLOCK]
    turned = waves[:, BLOCK, None, None] * np.eye(len(blocks.steady)) - blocks.state_from_state
    driven = points @ blocks.state_from_points
    states = np.linalg.solve(turned.transpose(0, 2, 1), driven[..., None])[..., 0]
    given = points @ blocks.points_from_points + states @ blocks.points_from_state
    gains = np.abs(given)
    worst = np.abs(gains - gains[:, :1]).max(axis=1)  # all points have the same gain
    return gains[:, 0] + worst, frequencies


def _sections(
    kind: str, order: int, shares: list[float]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Numerators and denominators of first or second order, each of gain 1 where it lets pass."""
    warped = [2.0 * np.tan(np.pi * share) for share in shares]  # T = 1
    n_low, n_high = {"low": (0, order), "high": (order, 0), "band": (order, order)}[kind]
    angles = np.pi * (2 * np.arange(order) + 1 + order) / (2 * order)
    poles: NDArray[np.complex128] = np.exp(1j * angles)
    if kind == "low":
        poles, centre = poles * warped[0], 0.0
    elif kind == "high":
        poles, centre = warped[0] / poles, np.pi
    else:
        middle = float(np.sqrt(warped[0] * warped[1]))
        half = poles * (warped[1] - warped[0]) / 2
        root = np.sqrt(half**2 - middle**2)
        poles = np.concatenate([half + root, half - root])
        centre = 2 * float(np.arctan(middle / 2))
    digital = (2 + poles) / (2 - poles)
    sections: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    pairs = _paired(digital)
    for pair, zeros in zip(pairs, _nearest_zeros(pairs, n_low, n_high), strict=True):
        above, below = np.poly(zeros).real, np.poly(pair).real
        point = np.full(1, np.exp(1j * centre))
        gain = np.abs(np.polyval(below, point) / np.polyval(above, point))
        sections.append((np.asarray(above * gain, np.float64), np.asarray(below, np.float64)))
    return sections


def _paired(poles: NDArray[np.complex128]) -> list[tuple[complex, ...]]:
    """Each pole with its conjugate, and the real ones two by two; the steadiest first."""
    is_real = np.abs(poles.imag) < 1e-12 * np.abs(poles)
    upper = [complex(pole) for pole in poles[~is_real] if pole.imag > 0]
    real = sorted((complex(pole.real) for pole in poles[is_real]), key=abs)
    pairs = [(pole, pole.conjugate()) for pole in upper]
    pairs += [tuple(real[start : start + 2]) for start in range(0, len(real), 2)]
    return sorted(pairs, key=lambda pair: abs(pair[0]))


def _nearest_zeros(
    pairs: list[tuple[complex, ...]], n_low: int, n_high: int
) -> list[tuple[float, ...]]:
    """For each pair the zeros at 1 (low frequencies) or -1 that are nearest to its poles.

    The least steady pair chooses first, as in ``scipy.signal.zpk2sos``: no section then lifts by
    far what the next one takes away.
    """
    left = {1.0: n_low, -1.0: n_high}
    chosen: list[tuple[float, ...]] = []
    for pair in reversed(pairs):
        zeros: list[float] = []
        for pole in pair:
            zero = min((zero for zero in left if left[zero]), key=lambda at: abs(at - pole))
            left[zero] -= 1
            zeros.append(zero)
        chosen.append(tuple(zeros))
    return chosen[::-1]


def _blocks(sections: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> _Blocks:
    """The cascade as one state space, run over the unit points and states of one block.

    A section is in the transposed direct form II, as scipy's: ``y = b0 u + s1``,
    ``s1' = b1 u - a1 y + s2``, ``s2' = b2 u - a2 y``.
    """
    orders = [len(below) - 1 for _, below in sections]
    n_states = sum(orders)
    states = np.eye(n_states + 1, n_states, k=-1)  # the first column of inputs is a unit point
    inputs = np.eye(n_states + 1, 1)
    step, output, first = np.zeros((n_states + 1, n_states)), inputs[:, 0], 0
    for (above, below), order in zip(sections, orders, strict=True):
        held = states[:, first : first + order]
        given = output
        output = above[0] * given + held[:, 0]
        for place in range(order):
            follows = held[:, place + 1] if place + 1 < order else 0.0
            step[:, first + place] = above[place + 1] * given - below[place + 1] * output
            step[:, first + place] += follows
        first += order
    enters, turns = step[0], step[1:]  # state' = u enters + state turns
    through, reads = output[0], output[1:]  # y = u through + state . reads
    powers = np.empty((BLOCK + 1, n_states, n_states))
    powers[0] = np.eye(n_states)
    for place in range(BLOCK):
        powers[place + 1] = powers[place] @ turns
    points_from_state = np.stack([powers[place] @ reads for place in range(BLOCK)], axis=1)
    response = np.array([through, *(enters @ points_from_state[:, : BLOCK - 1])])
    lag = np.arange(BLOCK)[None, :] - np.arange(BLOCK)[:, None]
    points_from_points = np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)
    state_from_points = np.stack([enters @ powers[BLOCK - 1 - place] for place in range(BLOCK)])
    steady = np.asarray(np.linalg.inv(np.eye(n_states) - turns.T) @ enters, np.float64)
    return _Blocks(
        points_from_points, points_from_state, state_from_points, powers[BLOCK], steady
    )
