# pyright: basic
"""Determinants, inverses and systems of equations of small matrices, by cofactors."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]

_LARGEST = 4  # rows; the number of products grows with the factorial


def _det(a: Any) -> Any:
    given = _small("det", a)
    places = tuple(range(given.shape[-1]))
    return _Minors(given)(places, places)


def _inv(a: Any) -> Any:
    given = _small("inv", a)
    places, minors = tuple(range(given.shape[-1])), _Minors(given)
    adjugate = [
        [
            _signed(minors(_without(places, column), _without(places, row)), row + column)
            for column in places
        ]
        for row in places
    ]
    matrix = tf.stack([tf.stack(line, axis=-1) for line in adjugate], axis=-2)
    return matrix / minors(places, places)[..., None, None]


def _solve(a: Any, b: Any) -> Any:
    given, right = _small("solve", a), tf.convert_to_tensor(b)
    if right.shape.rank == given.shape.rank - 1:
        return tf.linalg.matvec(_inv(given), right)
    return tf.linalg.matmul(_inv(given), right)


def _small(what: str, a: Any) -> Any:
    given: Any = tf.convert_to_tensor(a)
    n_rows = given.shape[-1]
    if n_rows is None or n_rows > _LARGEST:
        raise ConversionError(
            f"{what} of matrices of {n_rows or 'unknown'} rows: expected {_LARGEST} at most, since "
            "no operator of the target can do it; compute it before or behind the model"
        )
    return given


def _without(places: tuple[int, ...], place: int) -> tuple[int, ...]:
    return tuple(other for other in places if other != place)


def _signed(x: Any, place: int) -> Any:
    return x if place % 2 == 0 else -x


class _Minors:
    """Determinants of some rows and columns of matrices, each computed once."""

    def __init__(self, x: Any) -> None:
        self._entries = [tf.unstack(row, axis=-1) for row in tf.unstack(x, axis=-2)]
        self._known: dict[tuple[tuple[int, ...], tuple[int, ...]], Any] = {}

    def __call__(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
        key = rows, columns
        if key not in self._known:
            self._known[key] = self._along_first_row(rows, columns)
        return self._known[key]

    def _along_first_row(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
        if not rows:
            return tf.ones_like(self._entries[0][0])
        first, *others = rows
        if not others:
            return self._entries[first][columns[0]]
        return sum(
            _signed(self._entries[first][column], place)
            * self(tuple(others), _without(columns, column))
            for place, column in enumerate(columns)
        )


_LINALG = "keras.src.backend.tensorflow.linalg"
_BOTH = (Format.ONNX, Format.TFLITE)

LOWERINGS = (
    Lowering(
        replaces=f"{_LINALG}:det",
        targets=(Format.TFLITE,),
        what="determinant of up to 4 rows",
        why="Refused: the operator does not exist there.",
        by=_det,
    ),
    Lowering(
        replaces=f"{_LINALG}:inv",
        targets=_BOTH,
        what="inverse of up to 4 rows",
        why="Refused: the operator does not exist there.",
        by=_inv,
    ),
    Lowering(
        replaces=f"{_LINALG}:solve",
        targets=_BOTH,
        what="equations of up to 4 unknowns",
        why="Refused: the operator does not exist there.",
        by=_solve,
    ),
)
