"""Mistakes with numbers: scaling, filling, the order of columns."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.doctor.faults import (
    FIT_COST,
    Change,
    Fault,
    after,
    before,
    instead,
    left_out,
    on_samples,
    twice,
)
from edgesmith_runtime.transforms.numeric import Fill, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Batch, Op

__all__ = ["of_columns", "of_filling", "of_scaling", "pixel_scalings"]

FITTED_FROM = 12  # numbers a column: with fewer a straight line proves nothing
RELATED = 0.9  # the least correlation of a step's numbers with the app's that is no accident
PIXELS_WITHIN = 0.01  # of the range: what a line may leave where decoders differ,
NUMBERS_WITHIN = 1e-3  # and where none do: a filter of a sound is nearly a line a band
LEVEL = 1e-6  # of the largest number: a column that spreads less is constant
MAX_SWAPPED = 12  # columns

# As published with the models that take them: Keras applications, torchvision.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (123.68, 116.779, 103.939)


def of_scaling(
    index: int, op: Scale, *, pixels: bool, app: NDArray[Any] | None
) -> Iterator[Change]:
    """Mistakes in ``(x - offset) / scale``.

    Args:
        index: Of the step ``scale``.
        op: That step.
        pixels: What it is given are 8-bit values of an image.
        app: The app's tensor, where it takes the place of this step's result; else None.
    """
    only_scales = not any(op.offset)
    missing = Fault.VALUE_RANGE if only_scales else Fault.MISSING_NORMALIZATION
    own = f"(x - {_shown(op.offset)}) / {_shown(op.scale)}"

    def change(
        fault: Fault, words: str, wrap: Callable[[Op], Op], *, replaces: bool = False
    ) -> Change:
        return Change(fault=fault, words=words, step=index, wrap=wrap, replaces=replaces)

    yield change(
        missing,
        f"leaves out {'the scaling' if only_scales else 'the normalization'} {own}",
        left_out,
        replaces=True,
    )
    yield change(
        Fault.DOUBLE_NORMALIZATION,
        f"does {'the scaling' if only_scales else 'the normalization'} {own} twice",
        twice,
    )
    other = Fault.OTHER_NORMALIZATION
    if not only_scales:
        ones, zeros = (1.0,) * len(op.scale), (0.0,) * len(op.offset)
        for words, offset, scale in (
            ("only subtracts the offset and does not divide", op.offset, ones),
            ("only divides and does not subtract the offset", zeros, op.scale),
            ("divides by the square of the scale", op.offset, tuple(s * s for s in op.scale)),
            ("has offset and scale in reverse order", op.offset[::-1], op.scale[::-1]),
        ):
            made = instead(Scale(offset, scale, op.dtype))
            yield change(other, f"{words} in {own}", made, replaces=True)
    if pixels:
        yield from _of_pixel_scaling(index, own)
    for words, own_scaling in _SAMPLE_SCALINGS.items():
        made = instead(on_samples(own_scaling))
        yield change(other, f"{words} where the bundle has {own}", made, replaces=True)
    if app is not None:
        within = PIXELS_WITHIN if pixels else NUMBERS_WITHIN
        yield from _fitted(index, app, own, within)


def _of_pixel_scaling(index: int, own: str) -> Iterator[Change]:
    for fault, words, scaling in pixel_scalings():
        yield Change(
            fault=fault,
            words=f"{words} where the bundle has {own}",
            step=index,
            wrap=instead(scaling),
            replaces=True,
        )
    for factor, words in (
        (1 / 255, "scales to 0 .. 1 before the normalization"),
        (255.0, "scales to 0 .. 255 before the normalization"),
    ):
        yield Change(
            fault=Fault.VALUE_RANGE,
            words=f"{words} {own}",
            step=index,
            wrap=before(on_samples(_times(factor))),
        )


def _times(factor: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda x: x * np.float32(factor)


def _reordered(order: tuple[int, ...]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda x: x[:, list(order)]


def pixel_scalings() -> Iterator[tuple[Fault, str, Op]]:
    """What apps do to 8-bit values: the fault that it is, in words, and done."""
    whole = Fault.VALUE_RANGE
    yield whole, "feeds 0 .. 1 (x / 255)", _scaling((0.0,), (255.0,))
    yield whole, "feeds -1 .. 1 (x / 127.5 - 1)", _scaling((127.5,), (127.5,))
    yield whole, "feeds -1 .. 1 (x / 128 - 1)", _scaling((128.0,), (128.0,))
    yield whole, "feeds -0.5 .. 0.5 (x / 255 - 0.5)", _scaling((127.5,), (255.0,))
    yield whole, "feeds x / 256", _scaling((0.0,), (256.0,))
    yield whole, "feeds -128 .. 127 (x - 128)", _scaling((128.0,), (1.0,))
    mean = tuple(255.0 * value for value in IMAGENET_MEAN)
    deviation = tuple(255.0 * value for value in IMAGENET_DEVIATION)
    other = Fault.OTHER_NORMALIZATION
    yield other, "normalizes by ImageNet's mean and deviation", _scaling(mean, deviation)
    yield other, "subtracts ImageNet's mean", _scaling(CAFFE_MEAN, (1.0, 1.0, 1.0))


def _scaling(offset: tuple[float, ...], scale: tuple[float, ...]) -> Op:
    return Scale(offset, scale)


def _by_deviation(axes_from: int) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    def scaled(values: NDArray[Any]) -> NDArray[np.float32]:
        last = values.ndim - (1 if axes_from else 0)
        axes = tuple(range(1, max(2, last)))
        numbers = values.astype(np.float64)
        deviation = numbers.std(axis=axes, keepdims=True)
        centred = numbers - numbers.mean(axis=axes, keepdims=True)
        return (centred / np.maximum(deviation, 1e-12)).astype(np.float32)

    return scaled


def _by_range(values: NDArray[Any]) -> NDArray[np.float32]:
    numbers = values.astype(np.float64)
    axes = tuple(range(1, values.ndim))
    low, high = numbers.min(axis=axes, keepdims=True), numbers.max(axis=axes, keepdims=True)
    return ((numbers - low) / np.maximum(high - low, 1e-12)).astype(np.float32)


def _by_peak(values: NDArray[Any]) -> NDArray[np.float32]:
    peak = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    return (values / np.maximum(peak, 1e-12)).astype(np.float32)


_SAMPLE_SCALINGS: dict[str, Callable[[NDArray[Any]], NDArray[np.float32]]] = {
    "normalizes by the sample's own mean and deviation": _by_deviation(0),
    "normalizes by the sample's own mean and deviation of each channel": _by_deviation(1),
    "scales by the sample's own smallest and largest value": _by_range,
    "divides by the sample's own largest value": _by_peak,
}


def _fitted(index: int, app: NDArray[Any], own: str, within: float) -> Iterator[Change]:
    """The offset and scale with which the step would give the app's numbers."""
    for by_column in (False, True):
        yield Change(
            fault=Fault.OTHER_NORMALIZATION,
            words=f"normalizes by another offset or scale{' of each channel' * by_column} "
            f"where the bundle has {own}",
            step=index,
            wrap=instead(_Fitted(app, by_column=by_column, within=within)),
            replaces=True,
            is_fitted=True,
            cost=FIT_COST + 0.1 * by_column,
        )


class _Fitted:
    """A straight line from what a step is given to the app's numbers, by least squares.

    It raises ``ValueError`` where the numbers do not follow each other: a line fits a constant
    too, with a slope of 0, and tells nothing.
    """

    def __init__(self, app: NDArray[Any], *, by_column: bool, within: float) -> None:
        self._app = app.astype(np.float64)
        self._by_column = by_column
        self._within = within * float(np.ptp(self._app))

    def __call__(self, values: Batch) -> Batch:
        numbers = np.asarray(values, np.float64)
        app = self._app.reshape(numbers.shape)
        axes = tuple(range(numbers.ndim - 1 if self._by_column else numbers.ndim))
        if np.prod([numbers.shape[axis] for axis in axes]) < FITTED_FROM:
            raise ValueError("too few numbers for a fit")
        mean, app_mean = numbers.mean(axis=axes), app.mean(axis=axes)
        centred = numbers - mean
        spread = (centred**2).sum(axis=axes)
        app_spread = ((app - app_mean) ** 2).sum(axis=axes)
        product: NDArray[np.float64] = (centred * (app - app_mean)).sum(axis=axes)
        # A column of padding is constant on both sides, one that is constant on one has no line.
        flat = _is_flat(numbers, axes)
        related = np.abs(product) >= RELATED * np.sqrt(spread * app_spread)
        both = np.where(flat, _is_flat(app, axes), related & ~_is_flat(app, axes))
        if np.all(flat) or not np.all(both):
            raise ValueError("the numbers do not lie on a line")
        slope = product / np.where(flat, 1.0, spread)
        made: NDArray[np.float64] = centred * slope + app_mean
        if float(np.sqrt(np.mean(np.square(made - app)))) > self._within:
            raise ValueError("the numbers do not lie on a line")
        return made.astype(np.float32)


def _is_flat(numbers: NDArray[np.float64], axes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether the numbers along axes are constant; not so where one is NaN or infinite."""
    spread = numbers.max(axis=axes) - numbers.min(axis=axes)
    return spread <= LEVEL * np.abs(numbers).max(axis=axes)


def of_filling(index: int, op: Fill) -> Iterator[Change]:
    """Mistakes where a value is missing.

    Args:
        index: Of the step ``fill``.
        op: That step.
    """
    yield Change(
        fault=Fault.MISSING_FILL,
        words="does not fill missing values",
        step=index,
        wrap=left_out,
        replaces=True,
    )
    for value in (0.0, -1.0, -999.0):
        yield Change(
            fault=Fault.MISSING_FILL,
            words=f"fills missing values with {value:g} where the bundle fills with "
            f"{_shown(op.values)}",
            step=index,
            wrap=instead(Fill((value,))),
            replaces=True,
        )


def of_columns(index: int, names: tuple[str, ...]) -> Iterator[Change]:
    """Columns of a table taken in another order.

    Args:
        index: Of the step that takes them.
        names: In the order of the bundle.
    """
    if len(names) < 2:
        return
    orders: dict[tuple[int, ...], str] = {}
    places = range(len(names))
    orders[tuple(sorted(places, key=lambda place: names[place].lower()))] = "sorted by name"
    orders[tuple(reversed(places))] = "reversed"
    if len(names) <= MAX_SWAPPED:
        for first, second in itertools.combinations(places, 2):
            order = list(places)
            order[first], order[second] = second, first
            words = f"with '{names[first]}' and '{names[second]}' swapped"
            orders.setdefault(tuple(order), words)
    orders.pop(tuple(places), None)
    for order, words in orders.items():
        yield Change(
            fault=Fault.COLUMN_ORDER,
            words=f"takes the columns in another order: {words}",
            step=index,
            wrap=after(on_samples(_reordered(order))),
        )


def _shown(numbers: tuple[float | None, ...]) -> str:
    shown = ", ".join("nothing" if n is None else f"{n:.4g}" for n in numbers[:3])
    if len(numbers) == 1:
        return shown
    return f"[{shown}{', ...' if len(numbers) > 3 else ''}]"
