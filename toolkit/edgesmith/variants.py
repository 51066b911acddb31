"""The same samples in other shapes: what an artifact must also get right."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesmith.foreign import AnyReference
    from edgesmith_runtime.spec import Signature

__all__ = ["Variant", "variants"]

_N_LONG = 2  # samples of another length: the first layers of an image network take much memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Inputs of another shape, with what the original answers to them.

    Args:
        what: How they differ, for messages.
        tensors: ``(n, ...)`` by input.
        outputs: The original's, ``(n, ...)`` by output.
    """

    what: str
    tensors: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[Any]]


def variants(
    reference: AnyReference, tensors: Mapping[str, NDArray[Any]]
) -> tuple[tuple[Variant, ...], str | None]:
    """The samples at another batch size and, where axes are free, at another length.

    Free axes are doubled, all together: what a network halves stays whole. Where the original
    refuses that, e.g. for a table of positions, they are halved.

    Args:
        reference: The original.
        tensors: Some samples, ``(n, ...)`` by input, ``n`` from 1.

    Returns:
        The variants, and a sentence where no other length could be tried.
    """
    n_samples = len(next(iter(tensors.values())))
    n_other = 1 if n_samples > 1 else 2
    batch = {
        name: np.resize(array, (n_other, *array.shape[1:])) for name, array in tensors.items()
    }
    found = [Variant(what=f"batch of {n_other}", tensors=batch, outputs=reference.run(batch))]
    if not any(_free_axes(reference.signature, name) for name in tensors):
        return tuple(found), None
    few = {name: array[:_N_LONG] for name, array in tensors.items()}
    for what, resized in (("double length", _doubled), ("half length", _halved)):
        other = _other_length(reference.signature, few, resized)
        try:
            outputs = reference.run(other)
        except ConversionError:
            continue
        found.append(Variant(what=what, tensors=other, outputs=outputs))
        return tuple(found), None
    return tuple(found), (
        "the model takes neither double nor half the length of the samples along its free axes: "
        "parity holds for the lengths of the samples alone"
    )


def _free_axes(signature: Signature, name: str) -> list[int]:
    """The axes of an input that can have any length, without the batch."""
    spec = next(spec for spec in signature.inputs if spec.name == name)
    return [axis for axis, length in enumerate(spec.shape) if axis and isinstance(length, str)]


def _other_length(
    signature: Signature,
    tensors: Mapping[str, NDArray[Any]],
    resized: Callable[[NDArray[Any], int], NDArray[Any]],
) -> dict[str, NDArray[Any]]:
    others: dict[str, NDArray[Any]] = {}
    for name, array in tensors.items():
        others[name] = functools.reduce(resized, _free_axes(signature, name), array)
    return others


def _doubled(array: NDArray[Any], axis: int) -> NDArray[Any]:
    return np.concatenate([array, array], axis)


def _halved(array: NDArray[Any], axis: int) -> NDArray[Any]:
    return array.take(range((array.shape[axis] + 1) // 2), axis)
