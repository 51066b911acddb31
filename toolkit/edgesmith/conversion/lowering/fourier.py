# pyright: basic
"""Discrete Fourier transforms along the last axis, as matrix products."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["backward", "forward", "forward_free", "lengthened"]

_ROUND_OFF = 1e-15  # of a sine or cosine in double precision
_DIRECT_UP_TO = 96  # points, up to which one product costs no more than two smaller ones


def forward(real: Any, imaginary: Any | None, n: int, bins: int) -> tuple[Any, Any]:
    """The first ``bins`` of ``n`` frequencies of ``n`` points, known when the model is traced.

    One matrix product, or two after Cooley and Tukey (1965): with ``n = rows * columns``, point
    ``columns * r + c`` and frequency ``f + rows * g``, first over r for every c, then over c for
    every f. That is a tenth of the work at 512 points, and nearly as exact as a fast transform.

    Args:
        real: ``(..., n)``, float32.
        imaginary: The same, or None for real points.
        n: How many points.
        bins: How many frequencies, from that of 0.

    Returns:
        Real and imaginary part, ``(..., bins)``.
    """
    parts = [real] if imaginary is None else [real, imaginary]
    flat = [tf.reshape(part, [-1, n]) for part in parts]
    rows = _rows(n)
    if rows == 1:
        points = flat[0] if len(flat) == 1 else tf.concat(flat, axis=1)
        found = tf.matmul(points, _matrix(n, bins, len(flat)))
        split = tf.split(found, 2, axis=1)
    else:
        split = tf.unstack(_in_two_steps(tf.stack(flat, axis=1), rows, n // rows, bins))
    return _shaped(split[0], real, bins), _shaped(split[1], real, bins)


def _in_two_steps(points: Any, rows: int, columns: int, bins: int) -> Any:
    """``(m, parts, n)`` to ``(2, m, bins)``."""
    n_parts = points.shape[1]
    n_last = -(-bins // rows)
    grid = tf.reshape(points, [-1, n_parts, rows, columns])
    by_column = tf.reshape(tf.transpose(grid, (0, 3, 1, 2)), [-1, n_parts * rows])
    first = tf.matmul(by_column, _matrix(rows, rows, n_parts))
    by_bin = tf.transpose(tf.reshape(first, [-1, columns, 2, rows]), (3, 0, 2, 1))
    by_bin = tf.reshape(by_bin, [rows, -1, 2 * columns])
    second = tf.reshape(
        tf.matmul(by_bin, _last_matrices(rows, columns, n_last)), [rows, -1, 2, n_last]
    )
    ordered = tf.reshape(tf.transpose(second, (2, 1, 3, 0)), [2, -1, n_last * rows])
    return ordered[:, :, :bins]


def forward_free(real: Any, imaginary: Any | None, bins: Any) -> tuple[Any, Any]:
    """The first frequencies of as many points as there are when the model runs."""
    n = tf.shape(real)[-1]
    turns = tf.range(n)[:, tf.newaxis] * tf.range(bins)[tf.newaxis, :] % n
    angle = tf.cast(turns, tf.float32) * (2 * math.pi / tf.cast(n, tf.float32))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    if imaginary is None:
        return _times(real, cosine), -_times(real, sine)
    return (
        _times(real, cosine) + _times(imaginary, sine),
        _times(imaginary, cosine) - _times(real, sine),
    )


def backward(real: Any, imaginary: Any, n: int, window: NDArray[np.float32] | None) -> Any:
    """``n`` real points of their first frequencies, of ``n // 2 + 1`` or as many as are given.

    Args:
        real: ``(..., bins)``, float32.
        imaginary: The same; those of 0 and of half the sampling rate count for nothing.
        n: How many points.
        window: What the points are multiplied by, ``(n,)``.

    Returns:
        ``(..., n)``.
    """
    bins = real.shape[-1]
    matrix = _backward_matrix(n, bins)
    weights = matrix if window is None else (matrix * window).astype(np.float32)
    frequencies = tf.concat([real, imaginary], axis=-1)
    return _shaped(tf.matmul(tf.reshape(frequencies, [-1, 2 * bins]), weights), real, n)


def lengthened(values: Any, n: int) -> Any:
    """The first ``n`` along the last axis, with zeros behind where there are fewer."""
    given = values.shape[-1]
    if given == n:
        return values
    if given is None or given < n:
        padding = [[0, 0]] * (values.shape.rank - 1) + [[0, n - (given or 0)]]
        values = tf.pad(values, padding)
    return values[..., :n]


def _rows(n: int) -> int:
    """The smallest divisor from the root on; 1 where one product does it."""
    if n <= _DIRECT_UP_TO:
        return 1
    divisor = next(d for d in range(math.isqrt(n - 1) + 1, n + 1) if n % d == 0)
    return 1 if divisor == n else divisor


@cache
def _matrix(n: int, bins: int, n_parts: int) -> NDArray[np.float32]:
    """``(n_parts * n, 2 * bins)``: real and imaginary points to real and imaginary part."""
    turn = _turns(np.arange(n), np.arange(bins), n)
    return _blocks(turn)[: n_parts * n].astype(np.float32)


@cache
def _last_matrices(rows: int, columns: int, n_last: int) -> NDArray[np.float32]:
    """``(rows, 2 * columns, 2 * n_last)``: one matrix for each frequency of the first step."""
    n = rows * columns
    return np.stack(
        [
            _blocks(_turns(np.arange(columns), f + rows * np.arange(n_last), n))
            for f in range(rows)
        ]
    ).astype(np.float32)


@cache
def _backward_matrix(n: int, bins: int) -> NDArray[np.float32]:
    """``(2 * bins, n)``; all frequencies but the first, and the last of an even n, count twice."""
    used = np.arange(min(bins, n // 2 + 1))
    twice = np.where((used == 0) | (2 * used == n), 1.0, 2.0)[:, np.newaxis] / n
    turn = np.conj(_turns(used, np.arange(n), n)) * twice
    missing = np.zeros((bins - len(used), n))
    return np.concatenate([turn.real, missing, -turn.imag, missing]).astype(np.float32)


def _turns(points: NDArray[Any], frequencies: NDArray[Any], n: int) -> NDArray[np.complex128]:
    """The n-th roots of one, which are exact where they are 0: an angle can hang on its sign.

    Products are reduced first, so that large ones keep their digits.
    """
    turn = np.exp(-2j * np.pi * (np.outer(points, frequencies) % n) / n)
    parts = turn.view(np.float64)
    parts[np.abs(parts) < _ROUND_OFF] = 0.0
    return turn


def _blocks(turn: NDArray[np.complex128]) -> NDArray[np.float64]:
    """A complex matrix as a real one on stacked parts."""
    return np.block([[turn.real, turn.imag], [-turn.imag, turn.real]])


def _times(values: Any, matrix: Any) -> Any:
    return tf.tensordot(values, matrix, axes=1)


def _shaped(flat: Any, like: Any, n: int) -> Any:
    """``(m, n)`` with the leading axes of another tensor."""
    known = like.shape.as_list()[:-1]
    if len(known) == 1:
        return flat
    if known.count(None) <= 1:
        return tf.reshape(flat, [*(-1 if axis is None else axis for axis in known), n])
    return tf.reshape(flat, tf.concat([tf.shape(like)[:-1], [n]], axis=0))
