"""Steps on arrays of numbers: check, fill, clip, scale, cast, join."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.spec import DTYPES
from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.samples import Samples

__all__ = ["Cast", "Clip", "Concat", "Fill", "Scale", "Tensor", "check_numbers"]

BYTE = 255  # of a pixel at its brightest


@record()
class Tensor:
    """Take raw arrays as they are, after a check; ``numpy.asarray`` that loses nothing.

    Args:
        dtype: A numpy name; an array of another dtype is taken only if every value survives
            the cast. Rounding to the digits of a float dtype is no loss, overflow is.
        shape: The sample shape; -1 is a free axis. With one number a sample in all, a sample
            may be that number itself.
        low: The least value that is taken; null is no bound.
        high: The greatest; with 1 for a model of pixels from 0 to 1, an app that forgets to
            divide by 255 is told so.
    """

    dtype: str
    shape: tuple[int, ...]
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        _check_dtype(self.dtype, DTYPES)
        _check_finite("low", (self.low,))
        _check_finite("high", (self.high,))
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low: expected at most high, got {self.low} and {self.high}")
        if any(axis < -1 for axis in self.shape):
            raise ValueError(f"shape: an axis is a length or -1, got {list(self.shape)}")

    def __call__(self, arrays: Any) -> NDArray[Any]:
        """Samples, ``(batch, *shape)`` in ``dtype``.

        Args:
            arrays: A list of arrays or nested numbers, or one array whose first axis is the batch.

        Raises:
            InputError: Another shape, a value that the dtype cannot hold or that is out of
                bounds, or a NaN.
        """
        if isinstance(arrays, np.ndarray) and arrays.ndim > 0:
            batch = cast("NDArray[Any]", arrays)
            self._check_shape(batch.shape[1:])
            return self._converted(batch)
        samples = [self._one(array) for array in arrays]
        if not samples:
            return np.empty((0, *(max(axis, 0) for axis in self.shape)), self.dtype)
        if len(samples) == 1:
            return samples[0][None]
        shapes = {sample.shape for sample in samples}
        if len(shapes) > 1:
            raise InputError(f"samples of one batch must agree in shape, got {sorted(shapes)}")
        return np.stack(samples)

    def _one(self, raw: Any) -> NDArray[Any]:
        try:
            array = np.asarray(raw)
        except ValueError as error:
            raise InputError(f"expected an array of shape {self.shape}, got {error}") from error
        if array.ndim == 0 and array.dtype.kind not in "biuf":  # a path, bytes, a mapping, None
            raise InputError(
                f"expected an array of shape {self.shape}, or such numbers in lists, "
                f"got {type(raw).__name__}; read a file with numpy.load before"
            )
        if array.ndim == 0 and all(axis == 1 for axis in self.shape):
            array = array.reshape(self.shape)
        self._check_shape(array.shape)
        return self._converted(array)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        fits = len(shape) == len(self.shape) and all(
            axis in (-1, length) for axis, length in zip(self.shape, shape, strict=True)
        )
        if not fits:
            raise InputError(f"expected an array of shape {self.shape}, got {shape}")

    def _converted(self, array: NDArray[Any]) -> NDArray[Any]:
        if array.dtype.kind not in "biuf":
            raise InputError(f"expected an array of numbers, got dtype {array.dtype}")
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise InputError(
                "the array holds NaN; fill missing values before, or drop the sample"
            )
        if array.size and (self.low is not None or self.high is not None):
            self._check_bounds(array)
        if array.dtype == self.dtype:
            return array
        with np.errstate(all="ignore"):
            converted = array.astype(self.dtype)
        if converted.dtype.kind == "f":
            survives = np.array_equal(np.isinf(converted), np.isinf(array))
        else:
            survives = np.array_equal(converted, array)
        if not survives:
            raise InputError(
                f"expected dtype {self.dtype}, got {array.dtype} with values that it cannot hold, "
                f"from {array.min()} to {array.max()}{self._cure(array)}"
            )
        return converted

    def _check_bounds(self, array: NDArray[Any]) -> None:
        low, high = float(array.min()), float(array.max())
        least = _bound(self.low, -math.inf, array.dtype)
        if low >= least and high <= _bound(self.high, math.inf, array.dtype):
            return
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("from", self.low), ("to", self.high))
            if bound is not None
        ]
        divided = self.high == 1 and low >= 0 and high <= BYTE
        cure = (
            f"divide by {BYTE}" if divided else "bring them to the range of the build's samples"
        )
        raise InputError(
            f"expected numbers {' '.join(bounds)}, "
            f"got {array.dtype} from {low:g} to {high:g}; {cure}"
        )

    def _cure(self, array: NDArray[Any]) -> str:
        if self.dtype == "uint8" and array.min() >= 0 and array.max() <= 1:
            return f"; multiply by {BYTE} and round where these are pixels"
        return ""


@record()
class Fill:
    """Put a number where one is missing (NaN), by place on the last axis.

    As scikit-learn's ``SimpleImputer`` with a constant.

    Args:
        values: One a column, or one for all; None leaves that column as it is.
    """

    values: tuple[float | None, ...]

    def __post_init__(self) -> None:
        _check_finite("values", self.values)

    def __call__(self, numbers: Samples) -> Samples:
        """The same shapes and dtype, ``(..., column)``; whole numbers are never missing."""
        if isinstance(numbers, list):
            return each(numbers, self._filled)
        return self._filled(numbers)

    def _filled(self, numbers: NDArray[Any]) -> NDArray[Any]:
        check_numbers(numbers, len(self.values))
        if numbers.dtype.kind != "f":
            return numbers
        values = np.array([math.nan if value is None else value for value in self.values])
        return np.where(np.isnan(numbers), values.astype(numbers.dtype), numbers)


@record()
class Clip:
    """Hold numbers between bounds, by place on the last axis; None is no bound.

    ``min(max(x, low), high)``, as ``numpy.clip``.

    Args:
        low: One a column, or one for all.
        high: One a column, or one for all.
    """

    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    def __post_init__(self) -> None:
        _check_finite("low", self.low)
        _check_finite("high", self.high)
        _check_pair("low", self.low, "high", self.high)
        low, high = self._bounds(np.dtype(np.float64))
        if (low > high).any():
            raise ValueError(f"low: expected at most high, got {self.low} and {self.high}")

    def _bounds(self, dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        low = [-math.inf if bound is None else bound for bound in self.low]
        high = [math.inf if bound is None else bound for bound in self.high]
        return np.array(low, dtype), np.array(high, dtype)

    def __call__(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The same shape, ``(..., column)``; NaN stays NaN.

        Floats keep their dtype; whole numbers become the float dtype that holds them, since a
        bound need not be whole.
        """
        check_numbers(numbers, max(len(self.low), len(self.high)))
        dtype = numbers.dtype
        if dtype.kind != "f":
            dtype = np.result_type(dtype, np.float32)
        low, high = self._bounds(dtype)
        return np.minimum(np.maximum(numbers.astype(dtype, copy=False), low), high)


@record()
class Scale:
    """``(x - offset) / scale``: what every normalization becomes once it is fitted.

    With mean and deviation it is scikit-learn's ``StandardScaler`` and Keras' ``Normalization``.

    Args:
        offset: One a place on the last axis, or one for all.
        scale: The same; never 0.
        dtype: Of the result, a float; the arithmetic is done in float64 where that is the
            input's dtype, else in float32.
    """

    offset: tuple[float, ...]
    scale: tuple[float, ...]
    dtype: str = "float32"
    _by_dtype: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_dtype(self.dtype, {"float16", "float32", "float64"})
        _check_finite("offset", self.offset)
        _check_finite("scale", self.scale)
        _check_pair("offset", self.offset, "scale", self.scale)
        if 0 in self.scale:
            raise ValueError("a scale of 0 divides by zero")
        with np.errstate(
            over="ignore"
        ):  # what overflows is refused by place after the transform
            by_dtype = {
                work: (np.array(self.offset, work), np.array(self.scale, work))
                for work in (np.float32, np.float64)
            }
        object.__setattr__(self, "_by_dtype", by_dtype)

    def __call__(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The same shape in ``dtype``, ``(..., column)``."""
        check_numbers(numbers, max(len(self.offset), len(self.scale)))
        work = np.float64 if numbers.dtype == np.float64 else np.float32
        offset, scale = self._by_dtype[work]
        scaled = numbers.astype(work, copy=False) - offset
        scaled /= scale
        return scaled.astype(self.dtype, copy=False)


@record()
class Cast:
    """Change the dtype and nothing else, as ``numpy.ndarray.astype`` does it.

    Args:
        dtype: A numpy name.
    """

    dtype: str

    def __post_init__(self) -> None:
        _check_dtype(self.dtype, DTYPES)

    def __call__(self, array: NDArray[Any]) -> NDArray[Any]:
        """The same shape in ``dtype``."""
        check_numbers(array, 1)
        return array.astype(self.dtype, copy=False)


@record()
class Concat:
    """Join arrays on the last axis, in the order given, as ``numpy.concatenate``.

    Args:
        dtype: Of the result.
    """

    dtype: str = "float32"

    def __post_init__(self) -> None:
        _check_dtype(self.dtype, DTYPES)

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[Any]:
        """``(..., sum of the columns)`` in ``dtype``.

        Args:
            arrays: Of numbers, ``(..., columns)``, that differ in their last axis only.

        Raises:
            TransformError: They differ in another axis, or are no arrays of numbers.
        """
        for array in arrays:
            check_numbers(array, 1)
        if len({array.shape[:-1] for array in arrays}) != 1 or arrays[0].ndim < 2:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise TransformError(
                f"expected arrays that differ in their last axis only, got {shapes}"
            )
        return np.concatenate(arrays, axis=-1).astype(self.dtype, copy=False)


def _bound(bound: float | None, absent: float, dtype: np.dtype[Any]) -> float:
    """A bound in the digits of a float dtype, so that 0.1 is that of the array."""
    if bound is None or dtype.kind != "f":
        return absent if bound is None else bound
    with np.errstate(over="ignore"):  # one beyond the dtype is none
        return float(np.array(bound).astype(dtype))


def _check_dtype(dtype: str, known: frozenset[str] | set[str]) -> None:
    if dtype not in known:
        raise ValueError(f"dtype: expected one of {', '.join(sorted(known))}, got '{dtype}'")


def _check_finite(name: str, values: tuple[float | None, ...]) -> None:
    if not values or not all(value is None or math.isfinite(value) for value in values):
        raise ValueError(f"{name}: expected one or more finite numbers, got {list(values)}")


def _check_pair(
    first: str, firsts: tuple[object, ...], second: str, seconds: tuple[object, ...]
) -> None:
    lengths = {len(firsts), len(seconds)} - {1}
    if len(lengths) > 1:
        raise ValueError(
            f"expected as many of {first} as of {second}, or one, got {len(firsts)} and {len(seconds)}"
        )


def check_numbers(values: Any, n_columns: int) -> None:
    """Refuse what is no array of numbers, or has other columns than a step was fitted on."""
    if isinstance(values, list):
        raise InputError(
            "samples of one batch must agree in shape here, and they differ; images: resize first"
        )
    if not isinstance(values, np.ndarray):
        raise TransformError(f"expected an array of numbers, got {type(values).__name__}")
    array = cast("NDArray[Any]", values)
    if array.dtype.kind not in "biuf":
        raise TransformError(f"expected an array of numbers, got dtype {array.dtype}")
    if n_columns > 1 and (array.ndim < 2 or array.shape[-1] != n_columns):
        raise TransformError(
            f"expected {n_columns} columns on the last axis, got shape {array.shape}"
        )
