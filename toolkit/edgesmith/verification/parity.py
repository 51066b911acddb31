"""How far an artifact's outputs are from the original's, counted batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.golden import Tolerance
from edgesmith_runtime.manifest import Parity

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ParityCount", "tolerance"]

# Two correct float32 implementations of about 340 Keras models stay within 1e-4 of the output's
# range of each other. Few samples show little of that range: the magnitude stands in for it.
_RANGE_SHARE = 1e-4
_MAGNITUDE_SHARE = 1e-5
_FLOOR = 1e-7  # an output that is zero throughout


def tolerance(original: NDArray[Any]) -> Tolerance:
    """What a converted output may differ from the original's, absolutely.

    ``1e-4`` of the range of all its numbers, plus ``1e-5`` of the largest magnitude, plus
    ``1e-7``; nothing for whole numbers and truth values.

    Args:
        original: One output of the original on all samples, ``(n, ...)``.

    Raises:
        ParityError: It holds NaN or infinite numbers.
    """
    if original.dtype.kind in "biu" or not original.size:
        return Tolerance(0.0, 0.0)
    numbers = original.astype(np.float64)
    n_strange = int(np.sum(~np.isfinite(numbers)))
    if n_strange:
        raise ParityError(
            f"the original answers with {n_strange} numbers that are NaN or infinite, so nothing "
            "can be compared with it; look for values out of range in the samples, or a model "
            "that diverged in training"
        )
    low, high = float(numbers.min()), float(numbers.max())
    magnitude = max(abs(low), abs(high))
    return Tolerance(_RANGE_SHARE * (high - low) + _MAGNITUDE_SHARE * magnitude + _FLOOR, 0.0)


@dataclass(slots=True)
class ParityCount:
    """Sums over the batches of one artifact; nothing of a batch is kept.

    Args:
        artifact: Name of its file, for messages.
        tolerances: By output.
    """

    artifact: str
    tolerances: dict[str, Tolerance]
    _n_samples: int = field(default=0, init=False)
    _n_numbers: int = field(default=0, init=False)
    _sum_abs_error: float = field(default=0.0, init=False)
    _max_abs_error: float = field(default=0.0, init=False)

    def add(self, original: dict[str, NDArray[Any]], outputs: dict[str, NDArray[Any]]) -> None:
        """Count a batch.

        Args:
            original: ``(batch, ...)`` by output.
            outputs: The artifact's, likewise.

        Raises:
            ParityError: A difference beyond the tolerance; the message names the artifact, the
                output, the sample, the position in it, and both numbers.
        """
        n_batch = 0
        for name, bound in self.tolerances.items():
            errors = self._errors(name, original[name], outputs[name])
            n_batch = len(errors)
            if errors.size:
                if errors.max() > bound.atol:
                    raise self._fault(name, errors, original[name], outputs[name])
                self._max_abs_error = max(self._max_abs_error, float(errors.max()))
                self._sum_abs_error += float(errors.sum())
                self._n_numbers += errors.size
        self._n_samples += n_batch

    def _errors(
        self, name: str, original: NDArray[Any], output: NDArray[Any]
    ) -> NDArray[np.float64]:
        if original.shape != output.shape:
            raise ParityError(
                f"{self.artifact}: output '{name}' has shape {output.shape}, that of the "
                f"original has {original.shape}; the conversion is wrong: report the model"
            )
        errors = np.abs(original.astype(np.float64) - output.astype(np.float64))
        return np.where(np.isnan(errors), np.inf, errors).reshape(len(errors), -1)

    def _fault(
        self,
        name: str,
        errors: NDArray[np.float64],
        original: NDArray[Any],
        output: NDArray[Any],
    ) -> ParityError:
        flat = int(errors.argmax())
        place = tuple(int(at) for at in np.unravel_index(flat, original.shape))
        where = f"sample {self._n_samples + place[0]}"
        if place[1:]:
            where += f", position {list(place[1:])}"
        return ParityError(
            f"{self.artifact}: output '{name}' differs from the original by "
            f"{errors.flat[flat]:.3g}, more than the tolerance {self.tolerances[name].atol:.3g} "
            f"({where}: expected {original.flat[flat]:.6g}, got {output.flat[flat]:.6g})"
        )

    def result(self, agreement: float | None) -> Parity:
        """Largest and mean absolute error over all numbers of all outputs so far."""
        return Parity(
            max_abs_error=self._max_abs_error,
            mean_abs_error=self._sum_abs_error / max(1, self._n_numbers),
            agreement=agreement,
            n_samples=self._n_samples,
        )
