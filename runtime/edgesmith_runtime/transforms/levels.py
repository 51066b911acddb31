"""Steps from the strength of bands to how loud they are: logarithms and gain control."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.products import product
from edgesmith_runtime.transforms.samples import as_floats, check_finite, each

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Log", "Pcen"]

UNITS = {"natural": 1.0, "ten": 1 / math.log(10), "decibel": 10 / math.log(10)}
BLOCK_FRAMES = 64
SMALLEST, LARGEST = 1e-37, 1e37  # that float32 holds with all its digits


@record()
class Log:
    """A logarithm that stays finite: ``unit ln(max(x, floor))``.

    In decibels it is ``librosa.power_to_db`` and Keras' ``MelSpectrogram`` without their bound
    below the loudest (``top_db``), which needs the whole recording.

    Args:
        floor: What is below counts as this; 1e-37 to 1e37.
        unit: "natural" (factor 1), "ten" (log10) or "decibel" (10 log10).
    """

    floor: float
    unit: str = "natural"
    _factor: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not SMALLEST <= self.floor <= LARGEST:
            raise ValueError(f"floor: expected {SMALLEST:g} to {LARGEST:g}, got {self.floor}")
        if self.unit not in UNITS:
            raise ValueError(f"unit: expected one of {', '.join(UNITS)}, got '{self.unit}'")
        object.__setattr__(self, "_factor", np.float32(UNITS[self.unit]))

    def __call__(self, values: Any) -> Any:
        """The same shapes in float32, ``(batch, ...)`` or a list.

        Raises:
            InputError: No numbers.
        """
        return each(values, self._logarithm)

    def _logarithm(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        floats = as_floats(batch, 0).astype(np.float32, copy=False)
        logarithm = np.maximum(floats, np.float32(self.floor))
        np.log(logarithm, out=logarithm)
        logarithm *= self._factor
        return logarithm


@record(kw_only=True)
class Pcen:
    """Per-channel energy normalization: automatic gain control, then a root.

    ``M[t] = (1 - smoothing) M[t - 1] + smoothing E[t]`` for each band, and
    ``y = (E / (epsilon + M)^gain + bias)^power - bias^power``. Y. Wang et al., Trainable frontend
    for robust and far-field keyword spotting, 2017, arXiv:1607.05666; V. Lostanlen et al.,
    Per-channel energy normalization: why and how, 2019.

    The state before the first frame is ``initial`` in every band, or with None the first frame
    itself, so that ``M[0] = E[0]`` as Wang et al. have it; ``librosa.pcen`` has 1.
    The recursion is a product with a triangular matrix for each 64 frames.

    Args:
        smoothing: Above 0, at most 1; 0.025 is theirs.
        gain: Their alpha, 0 to 1.
        bias: Their delta, above 0.
        power: Their r, above 0, at most 1.
        epsilon: Above 0; holds silence off a division by 0.
        initial: The state before the first frame, from 0, or None.
    """

    smoothing: float = 0.025
    gain: float = 0.98
    bias: float = 2.0
    power: float = 0.5
    epsilon: float = 1e-6
    initial: float | None = None
    _matrix: Any = field(init=False, repr=False, compare=False)
    _decay: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value, top in (
            ("smoothing", self.smoothing, 1.0),
            ("power", self.power, 1.0),
            ("bias", self.bias, 1e6),
            ("epsilon", self.epsilon, 1e6),
        ):
            if not SMALLEST <= value <= top:
                raise ValueError(f"{name}: expected {SMALLEST:g} to {top:g}, got {value}")
        if not 0 <= self.gain <= 1:
            raise ValueError(f"gain: expected 0 to 1, got {self.gain}")
        if self.initial is not None and not 0 <= self.initial <= LARGEST:
            raise ValueError(f"initial: expected 0 to {LARGEST:g}, or none, got {self.initial}")
        lag = np.arange(BLOCK_FRAMES)[:, None] - np.arange(BLOCK_FRAMES)
        keep = 1 - self.smoothing
        matrix = np.where(lag >= 0, self.smoothing * keep ** np.maximum(lag, 0), 0.0)
        decay = keep ** np.arange(1, BLOCK_FRAMES + 1)
        object.__setattr__(self, "_matrix", matrix.T.astype(np.float32))
        object.__setattr__(self, "_decay", decay.astype(np.float32)[:, None])

    def __call__(self, energies: Any) -> Any:
        """Energies from 0, ``(batch, frames, bands)`` or a list, to the same shapes in float32.

        Raises:
            InputError: No numbers, NaN or infinity, or less than two axes a sample.
        """
        return each(energies, lambda batch: self.from_state(batch, None)[0])

    def from_state(
        self, energies: NDArray[Any], state: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The frames that follow a state, and the state after them.

        Args:
            energies: ``(batch, frames, ..., bands)``.
            state: ``M`` of the frame before, ``(batch, ..., bands)``; None at the start.
        """
        floats = as_floats(energies, 2).astype(np.float32, copy=False)
        check_finite(floats)
        if not floats.shape[1]:
            return floats.copy(), state
        if state is None:
            first = floats[:, 0]
            state = first if self.initial is None else np.full_like(first, self.initial)
        shape = floats.shape
        rows = floats.reshape(*shape[:2], int(np.prod(shape[2:])))
        smooth = self._smoothed(rows, state.reshape(shape[0], rows.shape[2]))
        smooth = smooth.reshape(shape)
        root = np.power(smooth + np.float32(self.epsilon), np.float32(-self.gain))
        root *= floats
        root += np.float32(self.bias)
        np.power(root, np.float32(self.power), out=root)
        root -= np.float32(self.bias**self.power)
        return root, smooth[:, -1]

    def _smoothed(
        self, rows: NDArray[np.float32], state: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        smooth = np.empty_like(rows)
        for start in range(0, rows.shape[1], BLOCK_FRAMES):
            block = rows[:, start : start + BLOCK_FRAMES]
            n = block.shape[1]
            columns = np.ascontiguousarray(block.transpose(0, 2, 1))
            weighted = product(columns, self._matrix[:n, :n]).transpose(0, 2, 1)
            part = weighted + self._decay[:n] * state[:, None]
            smooth[:, start : start + n] = part
            state = smooth[:, start + n - 1]
        return smooth
