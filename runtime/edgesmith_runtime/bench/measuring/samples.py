"""The prepared tensors that every subject is timed on, and the outputs that it must give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import SelfTestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.golden import Tolerance

__all__ = ["Samples", "Tensors", "read_tensors", "take_rows", "write_tensors"]

Tensors = dict[str, "NDArray[Any]"]

_PREFIX = "tensor:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Inputs and expected outputs by name, ``(n, ...)`` each, and tolerances by output."""

    inputs: Tensors
    expected: Tensors
    tolerances: Mapping[str, Tolerance]

    def batch(self, n: int) -> Tensors:
        """The inputs of a call at batch ``n``: the first rows, repeated where there are fewer."""
        return take_rows(self.inputs, n)

    def check(self, outputs: Mapping[str, NDArray[Any]], n: int) -> None:
        """Refuse outputs of ``batch(n)`` that are not the expected ones.

        Raises:
            SelfTestError: An output is missing, has another shape, or is off by more than its
                tolerance.
        """
        for name, expected in take_rows(self.expected, n).items():
            if name not in outputs:
                raise SelfTestError(f"expected an output '{name}', got {sorted(outputs)}")
            got = np.asarray(outputs[name])
            if got.shape != expected.shape:
                raise SelfTestError(
                    f"output '{name}' at batch {n}: expected shape {expected.shape}, "
                    f"got {got.shape}"
                )
            _check_values(f"output '{name}' at batch {n}", got, expected, self.tolerances[name])


def _check_values(
    place: str, got: NDArray[Any], expected: NDArray[Any], tolerance: Tolerance
) -> None:
    close = np.isclose(got, expected, atol=tolerance.atol, rtol=tolerance.rtol, equal_nan=True)
    if not close.all():
        where = tuple(int(axis) for axis in np.argwhere(~close)[0])
        raise SelfTestError(
            f"{place}: expected {expected[where]} at {where}, got {got[where]}, so its speed "
            "says nothing; is it the model that the bundle was made from?"
        )


def take_rows(tensors: Mapping[str, NDArray[Any]], n: int, start: int = 0) -> Tensors:
    """Rows ``start`` to ``start + n`` of every tensor, from the top again after the last."""
    return {
        name: np.ascontiguousarray(np.take(array, range(start, start + n), axis=0, mode="wrap"))
        for name, array in tensors.items()
    }


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write tensors by name to an ``.npz``."""
    # With a prefix: numpy.savez has parameters of its own, and a tensor may be called `file`.
    named: dict[str, Any] = {f"{_PREFIX}{name}": array for name, array in tensors.items()}
    np.savez(path, **named)


def read_tensors(path: Path) -> Tensors:
    """Read what ``write_tensors`` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        return {name.removeprefix(_PREFIX): archive[name] for name in archive.files}
