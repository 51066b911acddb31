"""A bundle's program on one raw input, run again with some of its steps changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import EdgesmithError
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.faults import Change
    from edgesmith_runtime.transforms import Batch, Op, Transform

__all__ = ["Program"]

# What a step may raise on values that it was not made for: the hypothesis does not apply.
_UNFIT = (
    EdgesmithError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    OSError,
    SyntaxError,
)


class Program:
    """The steps with their ops, and all values that they give for one batch of raw inputs.

    Args:
        transform: The steps up to the model's tensors.
        raw: A batch for each raw input.
        result: The name of the tensor that is looked at.

    Raises:
        InputError: A raw input cannot be read.
    """

    def __init__(self, transform: Transform, raw: Mapping[str, Batch], result: str) -> None:
        self.steps = transform.steps
        self.result = result
        self.ops: tuple[Op, ...] = tuple(
            make_op(step, f"transform step {index} ({step.op})", transform.assets)
            for index, step in enumerate(transform.steps)
        )
        self.values: dict[str, Batch] = transform(raw)

    def given(self, index: int) -> Batch:
        """The first value that a step is given in the unchanged program."""
        return self.values[self.steps[index].inputs[0]]

    def made(self, index: int) -> Batch:
        """What a step gives in the unchanged program."""
        return self.values[self.steps[index].outputs[0]]

    def feeds_result(self, index: int) -> bool:
        """Whether the tensor is this step's result, or only cast from it."""
        name = self.steps[index].outputs[0]
        for step in self.steps[index + 1 :]:
            if step.op == "cast" and step.inputs == (name,):
                name = step.outputs[0]
        return name == self.result

    def tensor(self, values: Mapping[str, Batch]) -> NDArray[Any] | None:
        """The looked-at tensor among values; None where it is none."""
        value = values[self.result]
        if isinstance(value, np.ndarray):
            array = cast("NDArray[Any]", value)
            return array if array.dtype.kind in "biuf" else None
        try:
            stacked = np.stack([np.asarray(sample) for sample in value])
        except (ValueError, TypeError):
            return None
        return stacked if stacked.dtype.kind in "biuf" else None

    def changed(
        self, changes: Sequence[Change], start: Mapping[str, Batch] | None = None
    ) -> dict[str, Batch] | None:
        """All values with steps changed; None where a step does not bear what it is given.

        Args:
            changes: In the order of their steps.
            start: Values of a run with other changes, of earlier steps or the same one; None
                takes the unchanged program's.
        """
        first = changes[0].step
        values = dict(self.values if start is None else start)
        stale = {self.steps[first].outputs[0]}
        try:
            with np.errstate(all="ignore"):
                for index in range(first, len(self.steps)):
                    step = self.steps[index]
                    if index > first and not stale.intersection(step.inputs):
                        continue
                    op = self.ops[index]
                    for change in changes:
                        op = change.at(index, op)
                    values[step.outputs[0]] = op(*(values[name] for name in step.inputs))
                    stale.update(step.outputs)
        except _UNFIT:
            return None
        return values
