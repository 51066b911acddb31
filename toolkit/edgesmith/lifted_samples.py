"""Samples of a model whose string layers are lifted: through the steps, and through Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.drawn import drawn_samples, drawn_texts
from edgesmith_runtime.assets import read_asset
from edgesmith_runtime.errors import InputError, ParityError
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.numeric import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith.reference import Lifted, Reference
    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.transforms import Batch

__all__ = ["Whole", "drawn_raw", "raw_batches", "through"]

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What the samples become.

    Args:
        tensors: Of the reference, ``(n, ...)``, made by the steps.
        outputs: The whole model's on the raw inputs, ``(n, ...)``, by Keras alone.
    """

    tensors: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[Any]]


def through(reference: Reference, lifted: Lifted, raw: Mapping[str, Batch]) -> Whole:
    """Bring raw inputs through the lifted steps, and through the whole model in Keras.

    Args:
        reference: Of the rest of the model.
        lifted: Its lifted layers.
        raw: A batch of each raw input.

    Raises:
        InputError: A raw input is not what the model takes.
        ParityError: The steps give another tensor than Keras' layer, to the bit; the message
            names the layer.
    """
    values = Transform(lifted.steps, tuple(raw), lifted.assets)(raw)
    given = {name: np.asarray(values[name]) for name in lifted.checked.values()}
    n_samples = len(next(iter(given.values())))
    # Keras pads to the longest text of a batch, so the two must see the same one.
    is_free = any(
        isinstance(axis, str) for spec in lifted.tensors for axis in spec.sample_shape
    )
    size = n_samples if is_free else BATCH_SIZE
    parts: list[Sequence[NDArray[Any]]] = []
    for start in range(0, n_samples, size):
        part = {name: batch[start : start + size] for name, batch in given.items()}
        outputs, tensors = lifted.run(part)
        for name, expected in tensors.items():
            got = np.asarray(values[name])[start : start + size]
            _compare(lifted.layers[name], got, expected, start)
        parts.append(outputs)
    names = [spec.name for spec in reference.signature.outputs]
    return Whole(
        tensors={
            spec.name: np.asarray(values[spec.name]) for spec in reference.signature.inputs
        },
        outputs={
            name: np.concatenate([part[index] for part in parts])
            for index, name in enumerate(names)
        },
    )


def _compare(layer: str, got: NDArray[Any], expected: NDArray[Any], start: int) -> None:
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise ParityError(
            f"layer '{layer}': its lifted steps give {got.dtype} of shape {got.shape}, Keras gives "
            f"{expected.dtype} of shape {expected.shape}; report the layer's settings"
        )
    differing = np.argwhere(got != expected)
    if len(differing):
        place = tuple(int(index) for index in differing[0])
        raise ParityError(
            f"layer '{layer}': its lifted steps give {got[place]} for sample {start + place[0]} at "
            f"{place[1:]}, Keras gives {expected[place]}; report the layer's settings and the text"
        )


def raw_batches(
    lifted: Lifted, given: NDArray[Any] | Mapping[str, NDArray[Any]]
) -> dict[str, Batch]:
    """Samples as a bundle takes them: numbers in the dtype and shape of the model's input.

    Args:
        lifted: Says what the model takes.
        given: An array, or one of each raw input by name; ``(n,)`` is taken for ``(n, 1)``.

    Raises:
        InputError: Another name, numbers that the model's dtype cannot hold, or of another shape.
    """
    names = [spec.name for spec in lifted.inputs]
    by_name = given if isinstance(given, Mapping) else {names[0]: given}
    if set(by_name) != set(names):
        raise InputError(f"samples: expected the inputs {names}, got {sorted(by_name)}")
    raw: dict[str, Batch] = {}
    for spec in lifted.inputs:
        batch = by_name[spec.name]
        if spec.dtype != "string":
            shape = tuple(axis if isinstance(axis, int) else -1 for axis in spec.sample_shape)
            if batch.ndim == 1 and all(axis == 1 for axis in shape):
                batch = batch.reshape(-1, *shape)
            batch = Tensor(spec.dtype, shape)(batch)
        raw[spec.name] = batch
    return raw


def drawn_raw(lifted: Lifted, seed: int) -> dict[str, Batch]:
    """Raw inputs to compare on where the user gives none: of the vocabularies, and odd ones."""
    rng = np.random.default_rng(seed)
    numbers = [spec for spec in lifted.inputs if spec.dtype != "string"]
    raw: dict[str, Batch] = dict(drawn_samples(cast("Any", numbers), seed))
    for spec in lifted.inputs:
        if spec.name not in raw:
            lookups = _lookups(lifted, spec.name)
            is_closed = any(step.params["n_unknown"] == 0 for step in lookups)
            words = [word for step in lookups for word in _words(lifted, step)]
            raw[spec.name] = drawn_texts(
                spec.sample_shape, tuple(words), is_closed=is_closed and bool(words), rng=rng
            )
    return {spec.name: raw[spec.name] for spec in lifted.inputs}


def _lookups(lifted: Lifted, name: str) -> list[Step]:
    """The steps that look up what comes of a raw input."""
    made = {name}
    found: list[Step] = []
    for step in lifted.steps:
        if made & set(step.inputs):
            made.update(step.outputs)
            found += [step] if step.op == "lookup" else []
    return found


def _words(lifted: Lifted, step: Step) -> list[str]:
    if step.asset is None:
        return list(step.params["vocabulary"])
    return cast("list[str]", read_asset(lifted.assets[step.asset], step.asset))
