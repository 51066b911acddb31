# pyright: basic
"""The calls of Keras' pools: fields as their arguments, and what follows from these."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from edgesmith.conversion.lowering.convolution_calls import is_first
from edgesmith.conversion.lowering.windows import Setting, Window, by_axis, windows

__all__ = ["AdaptivePool", "Pool", "Spans"]


@dataclass(frozen=True, slots=True)
class Pool:
    """``max_pool`` or ``average_pool``."""

    inputs: Any
    pool_size: Setting
    strides: Setting | None = None
    padding: str = "valid"
    data_format: str | None = None

    @property
    def is_first(self) -> bool:
        """Whether the channels are the first axis after the batch."""
        return is_first(self.data_format)

    @property
    def rank(self) -> int:
        """How many axes the windows go along."""
        return len(self.inputs.shape) - 2

    @property
    def axes(self) -> range:
        """Of the input, that the windows go along."""
        start = 2 if self.is_first else 1
        return range(start, start + self.rank)

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """Of these."""
        return tuple(self.inputs.shape[axis] for axis in self.axes)

    @property
    def is_same(self) -> bool:
        """Whether windows reach over the edges."""
        return self.padding.lower() == "same"

    @property
    def windows(self) -> tuple[Window, ...]:
        """One an axis."""
        sizes = by_axis(self.pool_size, self.rank)
        return windows(sizes, sizes if self.strides is None else self.strides)


@dataclass(frozen=True, slots=True)
class Spans:
    """Where the windows of one axis of an adaptive pool start, and how long each is."""

    starts: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def window(self) -> Window | None:
        """The one that slides over all of them; None where there is none such."""
        steps = {later - earlier for earlier, later in pairwise(self.starts)} or {1}
        if len(set(self.sizes)) > 1 or len(steps) > 1:
            return None
        return Window(self.sizes[0], steps.pop())


@dataclass(frozen=True, slots=True)
class AdaptivePool:
    """``adaptive_max_pool`` or ``adaptive_average_pool``."""

    inputs: Any
    output_size: Setting
    data_format: str | None = None

    @property
    def axes(self) -> range:
        """Of the input, that the windows go along."""
        start = 2 if is_first(self.data_format) else 1
        return range(start, start + len(self.inputs.shape) - 2)

    @property
    def spans(self) -> tuple[Spans, ...]:
        """One an axis: from the floor of a fraction of its length to the next one's ceiling."""
        counts = by_axis(self.output_size, len(self.axes))
        return tuple(
            _spans(self.inputs.shape[axis], n)
            for axis, n in zip(self.axes, counts, strict=True)
        )


def _spans(length: int, n: int) -> Spans:
    starts = tuple(i * length // n for i in range(n))
    ends = (-(-i * length // n) for i in range(1, n + 1))
    return Spans(starts, tuple(end - start for start, end in zip(starts, ends, strict=True)))
