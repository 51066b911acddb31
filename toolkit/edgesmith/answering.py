"""Which output of a model file answers, where it has several."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from edgesmith.foreign import ForeignModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.exporting import Sampled

__all__ = ["answering"]


def answering(
    sampled: Sampled,
    *,
    given: NDArray[Any] | None,
    class_names: Sequence[str] | None,
) -> Sampled:
    """The same with the output that answers as the first; a Keras model's outputs have an order.

    Exporters of classifiers give the label and the probabilities. Where class names are given,
    the first output of numbers that is as wide as they are many answers, of two names also one
    of width 1. Without names and with whole-number answers it is the first output of numbers
    with several in a row, if the first output is a label. Else the first output answers.

    Args:
        sampled: A model with its samples.
        given: True answers, ``(n,)`` or ``(n, k)``, or None.
        class_names: In the order of the output, or None.
    """
    reference = sampled.reference
    if not isinstance(reference, ForeignModel) or len(reference.signature.outputs) == 1:
        return sampled
    outputs = reference.run({name: array[:1] for name, array in sampled.tensors.items()})
    if class_names is not None:
        chosen = _of_width(outputs, len(class_names))
    elif given is not None and given.dtype.kind in "iu" and given.ndim == 1:
        chosen = _beside_a_label(outputs)
    else:
        chosen = None
    if chosen is None:
        return sampled
    return dataclasses.replace(sampled, reference=reference.answered_by(chosen))


def _of_width(outputs: Mapping[str, NDArray[Any]], n_classes: int) -> str | None:
    widths = {name: _width(array) for name, array in outputs.items() if _is_real(array)}
    wanted = [n_classes, 1] if n_classes == 2 else [n_classes]
    return next(
        (name for width in wanted for name, found in widths.items() if found == width), None
    )


def _beside_a_label(outputs: Mapping[str, NDArray[Any]]) -> str | None:
    if _is_real(next(iter(outputs.values()))):
        return None
    return next(
        (name for name, array in outputs.items() if _is_real(array) and _width(array) > 1), None
    )


def _is_real(array: NDArray[Any]) -> bool:
    """Numbers with fractions, or quantized ones; labels are int64 (or int32)."""
    return array.dtype.kind == "f" or array.dtype.itemsize == 1


def _width(array: NDArray[Any]) -> int:
    return array.shape[-1] if array.ndim == 2 else 1 if array.ndim == 1 else 0
