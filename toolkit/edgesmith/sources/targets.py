"""Targets in the one form that follows: texts for classes, float64 for a regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["targets_from_array", "targets_from_cells"]


def targets_from_cells(cells: Sequence[object], *, task: Task, where: str) -> NDArray[Any]:
    """Targets from table cells, None where there is none.

    Returns:
        ``(n,)``: texts or None as object for a classification; float64 or NaN for a regression.

    Raises:
        DataError: A regression's target is not a finite number; names the row.
    """
    if task is not Task.REGRESSION:
        labels = np.empty(len(cells), object)
        labels[:] = [None if cell is None else _label(cell) for cell in cells]
        return labels
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is not None:
            values[row] = _number(cell, f"{where}, row {row}")
    return values


def targets_from_array(array: NDArray[Any], *, task: Task, where: str) -> NDArray[Any]:
    """Targets from an array of one value a sample.

    Raises:
        DataError: Another shape, or no numbers in a regression.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        cure = "; for one-hot targets store their argmax" if array.ndim == 2 else ""
        raise DataError(f"{where}: expected targets of shape (n,), got {array.shape}{cure}")
    cells: list[object] = array.tolist()
    return targets_from_cells(
        [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in cells],
        task=task,
        where=where,
    )


def _label(cell: object) -> str:
    """The text of a class: 3 and 3.0 are "3", and bytes are UTF-8."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace").strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number(cell: object, place: str) -> float:
    try:
        value = float(cell)  # pyright: ignore[reportArgumentType] - what is no number is caught
    except (TypeError, ValueError) as error:
        raise DataError(f"{place}: expected a number as the target, got {cell!r}") from error
    if not math.isfinite(value):
        raise DataError(f"{place}: expected a finite number as the target, got {cell!r}")
    return value
