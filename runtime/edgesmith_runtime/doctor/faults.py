"""What an app can have done otherwise than the bundle: a fault, and the change of the program that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Batch, Op

__all__ = [
    "Change",
    "Fault",
    "after",
    "before",
    "instead",
    "left_out",
    "on_samples",
    "twice",
]

FIT_COST = 1.8  # what is fitted to the app's tensor needs more evidence than a named mistake


class Fault(StrEnum):
    """The kinds of mistakes that the doctor names."""

    SHAPE = "shape"
    CONSTANT = "constant"
    NOT_FINITE = "not finite"
    DTYPE = "dtype"
    LAYOUT = "layout"
    CHANNEL_ORDER = "channel order"
    GREY = "grey"
    INVERTED = "inverted"
    ORIENTATION = "orientation"
    FLIP = "flip"
    RESIZE_KERNEL = "resize kernel"
    LETTERBOX = "letterbox"
    CROP = "crop"
    ROUNDING = "rounding"
    VALUE_RANGE = "value range"
    MISSING_NORMALIZATION = "missing normalization"
    DOUBLE_NORMALIZATION = "double normalization"
    OTHER_NORMALIZATION = "other normalization"
    SAMPLE_RATE = "sample rate"
    CHANNEL_MIX = "channel mix"
    AMPLITUDE = "amplitude"
    WINDOW = "window"
    FRAMING = "framing"
    FILTER_BANK = "filter bank"
    SPECTRUM = "spectrum"
    LOGARITHM = "logarithm"
    PADDING = "padding"
    COLUMN_ORDER = "column order"
    MISSING_FILL = "missing fill"
    TIME_AXIS = "time axis"
    MISSING_STEP = "missing step"
    DOUBLE_STEP = "double step"
    OTHER_STEP = "other step"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A hypothesis: the app's preprocessing is the bundle's program with one step changed.

    Args:
        fault: What it would mean.
        words: What the app does, to follow "the app".
        step: Index of the step in the program.
        wrap: The step's op to the changed one.
        follows: Later steps that change with it: index and wrap.
        replaces: The step's own op plays no part any more.
        is_fitted: Its numbers were fitted to the app's tensor, so that with another change or
            another reading it would explain what it was not fitted to: it stands alone.
        cost: How much a simpler explanation is preferred; 1 for a plain mistake.
    """

    fault: Fault
    words: str
    step: int
    wrap: Callable[[Op], Op]
    follows: tuple[tuple[int, Callable[[Op], Op]], ...] = ()
    replaces: bool = False
    is_fitted: bool = False
    cost: float = 1.0

    def at(self, index: int, op: Op) -> Op:
        """The op of a step under this change."""
        for step, wrap in ((self.step, self.wrap), *self.follows):
            if step == index:
                op = wrap(op)
        return op


def instead(op: Op) -> Callable[[Op], Op]:
    """Another op in a step's place."""
    return lambda _: op


def left_out(_: Op) -> Op:
    """The step gives what it is given."""

    def kept(value: Batch) -> Batch:
        return value

    return kept


def twice(op: Op) -> Op:
    """The step, and again on its result."""

    def done(value: Batch) -> Batch:
        return op(op(value))

    return done


def after(change: Callable[[Batch], Batch]) -> Callable[[Op], Op]:
    """The step's result changed."""
    return lambda op: lambda *values: change(op(*values))


def before(change: Callable[[Batch], Batch]) -> Callable[[Op], Op]:
    """What the step is given changed."""
    return lambda op: lambda *values: op(*map(change, values))


def on_samples(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Batch], Batch]:
    """A change of arrays ``(batch, ...)`` for samples that may differ in shape."""
    return lambda samples: each(samples, change)
