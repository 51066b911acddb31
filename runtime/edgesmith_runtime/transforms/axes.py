"""Steps that lay out the numbers of a sample along other axes, and change none of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.samples import Samples

__all__ = ["FREE", "Reshape", "Transpose"]

FREE = -1  # the axis whose length follows from the others
MAX_AXES = 8  # of a sample
MAX_NUMBERS = 1 << 28  # of a sample: a gigabyte of float32


@record()
class Reshape:
    """The numbers of a sample in their order, in another shape.

    [28, 28, 1] gives a grey picture its channel, [784] makes a row of it; an axis of length one
    comes and goes so. The source is ``numpy.reshape`` in C order. Axes are not swapped: for
    that there are ``transpose`` and ``channels_first``.

    Args:
        shape: Of a sample, without the batch: at most 8 lengths from 1. One may be -1 and follows
            from the others.
    """

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(length < 1 and length != FREE for length in self.shape):
            raise ValueError(f"shape: expected lengths from 1, or -1, got {list(self.shape)}")
        if self.shape.count(FREE) > 1:
            raise ValueError(f"shape: expected at most one -1, got {list(self.shape)}")
        if len(self.shape) > MAX_AXES:
            raise ValueError(f"shape: expected at most {MAX_AXES} axes, got {len(self.shape)}")
        if self._n_known() > MAX_NUMBERS:
            raise ValueError(
                f"shape: expected at most {MAX_NUMBERS} numbers a sample, got {list(self.shape)}"
            )

    def __call__(self, samples: Any) -> Samples:
        """The samples in their dtype, ``(batch, *shape)``, or a list where -1 differs by sample.

        Args:
            samples: An array ``(batch, ...)``, or a list of arrays, one a sample.

        Raises:
            InputError: No numbers, or more or fewer than the shape holds.
        """
        return each(samples, self._reshaped)

    def of_size(self, n_numbers: int) -> tuple[int, ...] | None:
        """The shape of a sample of so many numbers; None where it does not hold them."""
        free, n_left = divmod(n_numbers, self._n_known())
        if n_left or free < 1 or (FREE not in self.shape and free > 1):
            return None
        return tuple(free if length == FREE else length for length in self.shape)

    def _n_known(self) -> int:
        return math.prod(length for length in self.shape if length != FREE)

    def _reshaped(self, batch: NDArray[Any]) -> NDArray[Any]:
        _check_numbers(batch)
        given = batch.shape[1:]
        shape = self.of_size(math.prod(given))
        if shape is None:
            multiple = "a multiple of " if FREE in self.shape else ""
            raise InputError(
                f"expected samples of {multiple}{self._n_known()} numbers for the shape "
                f"{self.shape}, got {math.prod(given)} in the shape {given}; crop, resize or pad "
                "before"
            )
        return batch.reshape(len(batch), *shape)


@record()
class Transpose:
    """The axes of a sample in another order: axis ``i`` of the result is axis ``axes[i]``.

    [1, 2, 0] makes (h, w, c) of (c, h, w), so it puts channels last; [1, 0] swaps time and
    channels of a series. The source is ``numpy.transpose``.

    Args:
        axes: All axes of a sample, at most 8; 0 is the first after the batch.
    """

    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.axes or len(self.axes) > MAX_AXES:
            raise ValueError(f"axes: expected 1 to {MAX_AXES} axes, got {len(self.axes)}")
        if sorted(self.axes) != list(range(len(self.axes))):
            raise ValueError(
                f"axes: expected each axis of a sample once, from 0, got {list(self.axes)}"
            )

    def __call__(self, samples: Any) -> Samples:
        """The samples in their dtype, ``(batch, ...)``, an array or a list as given.

        Args:
            samples: An array ``(batch, ...)``, or a list of arrays, one a sample.

        Raises:
            InputError: No numbers, or samples with another number of axes.
        """
        return each(samples, self._transposed)

    def _transposed(self, batch: NDArray[Any]) -> NDArray[Any]:
        _check_numbers(batch)
        if batch.ndim - 1 != len(self.axes):
            raise InputError(
                f"expected samples with {len(self.axes)} axes for the order {self.axes}, "
                f"got samples of shape {batch.shape[1:]}"
            )
        order = (0, *(axis + 1 for axis in self.axes))
        return np.ascontiguousarray(batch.transpose(order))


def _check_numbers(batch: NDArray[Any]) -> None:
    if batch.dtype.kind not in "biuf":
        raise InputError(f"expected an array of numbers, got dtype {batch.dtype}")
