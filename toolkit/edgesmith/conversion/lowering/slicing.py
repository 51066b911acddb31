# pyright: basic
"""Slices that add axes, ``x[:, None]``, as a slice and axes of size one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the parts between the brackets of a slice.

    Args:
        place: Among the parts.
        kept: It is no new axis.
        from_start, to_end, dots, taken: ``:n``, ``n:``, ``...``, and a number.
    """

    place: int
    kept: bool
    from_start: bool
    to_end: bool
    dots: bool
    taken: bool


def _strided_slice(
    input: Any,
    begin: Any,
    end: Any,
    strides: Any,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    name: str | None = None,
) -> Any:
    given: Any = tf.convert_to_tensor(input)
    bounds = [tf.convert_to_tensor(bound) for bound in (begin, end, strides)]
    n_parts = bounds[0].shape[0]
    new_axis_mask &= ~ellipsis_mask
    if not new_axis_mask or given.shape.rank is None or n_parts is None:
        return NotImplemented
    parts = [
        _Part(
            place,
            *(
                bool(mask >> place & 1)
                for mask in (
                    ~new_axis_mask,
                    begin_mask,
                    end_mask,
                    ellipsis_mask,
                    shrink_axis_mask,
                )
            ),
        )
        for place in range(n_parts)
    ]
    with tf.name_scope(name or "strided_slice"):
        sliced = _sliced(given, bounds, [part for part in parts if part.kept])
        for axis in _new_axes(parts, given.shape.rank):
            sliced = tf.expand_dims(sliced, axis)
        return sliced


def _sliced(given: Any, bounds: list[Any], parts: list[_Part]) -> Any:
    strides = tf.get_static_value(bounds[2])
    if strides is not None and all(
        part.dots or (part.from_start and part.to_end and strides[part.place] == 1)
        for part in parts
    ):
        return given
    places = [part.place for part in parts]
    return tf.strided_slice(
        given,
        *(tf.gather(bound, places) for bound in bounds),
        begin_mask=_mask([part.from_start for part in parts]),
        end_mask=_mask([part.to_end for part in parts]),
        ellipsis_mask=_mask([part.dots for part in parts]),
        shrink_axis_mask=_mask([part.taken and not part.dots for part in parts]),
    )


def _mask(bits: list[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def _new_axes(parts: list[_Part], rank: int) -> list[int]:
    """Where the new axes are in the result, ascending."""
    n_named = sum(part.kept and not part.dots for part in parts)
    axes: list[int] = []
    axis = 0
    for part in parts:
        if not part.kept:
            axes.append(axis)
        if part.dots:
            axis += rank - n_named
        elif not part.kept or not part.taken:
            axis += 1
    return axes


LOWERINGS = (
    Lowering(
        replaces="tensorflow.python.ops.gen_array_ops:strided_slice",
        targets=(Format.TFLITE,),
        what="slices that add axes",
        why="Refused where two axes are free.",
        by=_strided_slice,
    ),
)
