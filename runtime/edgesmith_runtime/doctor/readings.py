"""The ways in which the numbers of an app's tensor can be meant: axes in another order, or reversed."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.doctor.faults import Fault
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["AS_IT_IS", "Reading", "readings", "without_the_last"]

MAX_PERMUTED = 4  # axes of a sample
MAX_MATCHED = 2048  # columns
CLOSE = 1e-4
MATCHED = 1.2  # the cost of an order that was found: one in a step's words says more


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read an app's tensor; None as fault: as the bundle does.

    Args:
        fault: What it would mean.
        words: What the app does, to follow "the app".
        cost: As of a change.
    """

    fault: Fault | None
    words: str
    cost: float = 1.0


AS_IT_IS = Reading(fault=None, words="", cost=0.0)


def without_the_last(n_missing: int, n_frames: int) -> Reading:
    """The reading of a tensor with fewer frames than the bundle makes.

    Args:
        n_missing: Frames at the end.
        n_frames: That the bundle makes.
    """
    what = "frame" if n_missing == 1 else f"{n_missing} frames"
    return Reading(fault=Fault.SHAPE, words=f"leaves out the last {what} of {n_frames}")


def readings(
    app: NDArray[Any], made: NDArray[Any], kind: Kind
) -> list[tuple[Reading, NDArray[Any]]]:
    """All readings of the tensor that have the wanted shape, the plain one first where it fits.

    Args:
        app: The tensor of the app.
        made: What the bundle makes, ``(batch, ...)``.
        kind: Of the raw input.
    """
    found: list[tuple[Reading, NDArray[Any]]] = []
    if app.shape == made.shape:
        found.append((AS_IT_IS, app))
        found.extend(_reversed(app, kind))
        found.extend(_reshaped(app, kind))
        found.extend(_matched(app, made))
    found.extend(_permuted(app, made.shape, kind))
    if not found and app.size == made.size:
        words = f"feeds the shape {app.shape} where the bundle has {made.shape}"
        found.append((Reading(fault=Fault.SHAPE, words=words), app.reshape(made.shape)))
    return found


def _reversed(app: NDArray[Any], kind: Kind) -> Iterator[tuple[Reading, NDArray[Any]]]:
    last = app.ndim - 1
    if kind is Kind.IMAGE and app.ndim == 4:
        yield _flip("mirrors the image left to right"), app[:, :, ::-1]
        yield _flip("turns the image upside down"), app[:, ::-1]
        yield _flip("turns the image by 180 degrees"), app[:, ::-1, ::-1]
        if app.shape[last] == 3:
            words = "feeds the channels in reverse order (blue, green, red)"
            yield Reading(fault=Fault.CHANNEL_ORDER, words=words), app[..., ::-1]
    elif (app.ndim >= 3 or kind in (Kind.AUDIO, Kind.SERIES)) and app.shape[1] > 1:
        yield Reading(fault=Fault.TIME_AXIS, words="feeds the time axis reversed"), app[:, ::-1]
        if app.ndim >= 3:
            words = "feeds the last axis reversed"
            yield Reading(fault=Fault.COLUMN_ORDER, words=words), app[..., ::-1]


def _flip(words: str) -> Reading:
    return Reading(fault=Fault.FLIP, words=words)


def _orders(n_axes: int) -> Iterator[tuple[int, ...]]:
    """Orders of the axes after the batch, but for the plain one."""
    if n_axes <= MAX_PERMUTED:
        axes = range(1, n_axes + 1)
        for order in itertools.permutations(axes):
            if order != tuple(axes):
                yield (0, *order)


def _permuted(
    app: NDArray[Any], shape: tuple[int, ...], kind: Kind
) -> Iterator[tuple[Reading, NDArray[Any]]]:
    if app.ndim != len(shape):
        return
    for order in _orders(app.ndim - 1):
        read = app.transpose(order)
        if read.shape == shape:
            # The order in which the app has the bundle's axes.
            yield _layout(tuple(np.argsort(order)[1:] - 1), app.shape, kind, "feeds"), read


def _reshaped(app: NDArray[Any], kind: Kind) -> Iterator[tuple[Reading, NDArray[Any]]]:
    """The right shape made by reshaping other axes, which tears the numbers apart."""
    for order in _orders(app.ndim - 1):
        torn = tuple(app.shape[axis] for axis in order)
        if torn == app.shape:
            continue  # then reshaping moved nothing
        read = app.reshape(torn).transpose(np.argsort(order))
        axes = tuple(axis - 1 for axis in order[1:])
        yield _layout(axes, torn, kind, "reshapes instead of transposing"), read


def _layout(axes: tuple[int, ...], shape: tuple[int, ...], kind: Kind, verb: str) -> Reading:
    named = ("height", "width", "channels") if kind is Kind.IMAGE and len(axes) == 3 else None
    if named is None and len(axes) == 2:
        swap = "time and channels swapped" if kind is not Kind.IMAGE else "axes swapped"
        fault = Fault.TIME_AXIS if kind is not Kind.IMAGE else Fault.LAYOUT
        return Reading(fault=fault, words=f"{verb} {swap}, {shape[1:]}")
    if axes == (2, 0, 1) and named:
        words = f"{verb} channels first, {shape[1:]}"
    elif axes == (1, 0, 2) and named:
        words = f"{verb} height and width swapped, {shape[1:]}"
    else:
        order = ", ".join(named[axis] if named else str(axis) for axis in axes)
        words = f"{verb} the axes in the order {order}, {shape[1:]}"
    return Reading(fault=Fault.LAYOUT, words=words)


def _matched(app: NDArray[Any], made: NDArray[Any]) -> Iterator[tuple[Reading, NDArray[Any]]]:
    """The columns of rows of features in another order, found by their values."""
    n_columns = app.shape[-1]
    if app.ndim != 2 or not 1 < n_columns <= MAX_MATCHED:
        return
    order = _matching(app.astype(np.float64), made.astype(np.float64))
    if order is not None:
        moved = [place for place, column in enumerate(order.tolist()) if place != column]
        places = ", ".join(str(place) for place in moved[:6])
        more = f" and {len(moved) - 6} more" if len(moved) > 6 else ""
        words = f"feeds the columns in another order (differing at {places}{more})"
        yield Reading(fault=Fault.COLUMN_ORDER, words=words, cost=MATCHED), app[:, order]


def _matching(app: NDArray[np.float64], made: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """For each column that is made a column of the app with its values; None where there is none."""
    order = np.full(app.shape[1], -1)
    free = np.ones(app.shape[1], bool)
    with np.errstate(all="ignore"):
        # Those in their place stay there.
        kept = (np.abs(app - made) <= CLOSE * np.maximum(1.0, np.abs(made))).all(axis=0)
        order[kept], free[kept] = np.arange(len(order))[kept], False
        for column in np.arange(len(order))[~kept]:
            far = np.abs(app - made[:, column, None]).max(axis=0)
            far[~free | np.isnan(far)] = math.inf
            nearest = int(np.argmin(far))
            if far[nearest] > CLOSE * max(1.0, float(np.abs(made[:, column]).max())):
                return None
            order[column], free[nearest] = nearest, False
    return None if (order == np.arange(len(order))).all() else order
