"""The axes of a model file under the names that a signature has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

__all__ = ["named_axes", "one_batch_axis"]


def named_axes(
    name: str,
    shape: Sequence[int | str | None],
    batch: int | str,
    freed: Collection[object] = (),
) -> tuple[int | str, ...]:
    """Axes under the names of a signature.

    Args:
        name: Of the tensor; a free axis without a name is called after it.
        shape: As in the file; None is a free axis without a name.
        batch: What the first axis becomes.
        freed: Names that first axes have in the file; elsewhere they mean the batch too.
    """

    def rest(place: int, axis: int | str | None) -> int | str:
        if axis in freed:
            return batch
        return f"{name}_{place}" if axis is None or axis == "batch" else axis

    return (batch, *(rest(place, axis) for place, axis in enumerate(shape) if place))


def one_batch_axis(path: Path, shapes: Mapping[str, Sequence[int | str | None]]) -> int | str:
    """What the first axis of every input is: "batch", or the one length that all have.

    Args:
        path: For the message.
        shapes: Of the inputs.

    Raises:
        ConversionError: The first axes differ.
    """
    firsts = {shape[0] if isinstance(shape[0], int) else "batch" for shape in shapes.values()}
    if len(firsts) != 1:
        found = {name: list(shape) for name, shape in shapes.items()}
        raise ConversionError(
            f"{path}: expected the batch as the first axis of every input, the shapes are "
            f"{found}; export the model with one dynamic first axis for all of them"
        )
    return firsts.pop()
