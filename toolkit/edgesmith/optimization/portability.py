"""Whether an int8 ONNX artifact answers the same on a CPU without VNNI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.evidence import Portability, SaturatingLayer
from edgesmith.optimization.emulation import Change, Emulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.spec import TensorSpec

    Tensors = Mapping[str, NDArray[Any]]

__all__ = ["portability"]


def portability(
    artifact: Artifact,
    batches: Iterable[Mapping[str, NDArray[Any]]],
    *,
    layer_of: Callable[[str], str],
    recipe: str,
    decide: Callable[[Mapping[str, NDArray[Any]]], NDArray[Any] | None] | None = None,
) -> Portability:
    """Emulate an artifact with and without saturation on the same samples.

    Without VNNI, onnxruntime multiplies uint8 activations by int8 weights with vpmaddubsw, which
    holds the sum of each pair of products to 16 bits (microsoft/onnxruntime#5849, #6004, #14642).
    What a layer's sums change by is counted on exact activations; the error of the outputs is that
    of the whole model, each layer working on what the saturated ones before it gave. The verdict
    does not depend on the host. Dense layers and convolutions are looked at; DynamicQuantizeLSTM,
    which saturates too, is not.

    Args:
        artifact: An int8 ONNX file.
        batches: The model's input tensors, the samples along the first axis.
        layer_of: From the name of a node to the path of its Keras layer.
        recipe: Of the artifact.
        decide: The decisions of the outputs, ``(n,)``; None, or to give None, for a task without.

    Raises:
        BackendError: onnxruntime refuses the artifact.
    """
    emulation = Emulation(artifact)
    n_samples, worst_error = 0, 0.0
    n_changed: int | None = None if decide is None else 0
    changes: list[Change] = []
    for batch in batches:
        n_samples += len(next(iter(batch.values())))
        exact = emulation.run(batch, saturated=False)
        changes.extend(exact.changes)
        saturated = exact
        if any(change.n_changed for change in exact.changes):
            saturated = emulation.run(batch, saturated=True)
            error = _error(artifact.signature.outputs, exact.outputs, saturated.outputs)
            worst_error = max(worst_error, error)
        if decide is not None and n_changed is not None:
            apart = _decided_apart(decide, exact.outputs, saturated.outputs)
            n_changed = None if apart is None else n_changed + apart
    return Portability(
        recipe=recipe,
        n_samples=n_samples,
        layers=_layers(changes, layer_of),
        worst_error=worst_error,
        n_changed=n_changed,
    )


def _error(specs: Iterable[TensorSpec], exact: Tensors, saturated: Tensors) -> float:
    """The largest change of an output, in real numbers."""
    worst = 0.0
    for spec in specs:
        array = exact[spec.name]
        if not np.issubdtype(array.dtype, np.number):
            continue
        change = np.abs(saturated[spec.name].astype(np.float64) - array)
        worst = max(worst, float(np.nanmax(change, initial=0.0)) * (spec.scale or 1.0))
    return worst


def _decided_apart(
    decide: Callable[[Tensors], NDArray[Any] | None], exact: Tensors, saturated: Tensors
) -> int | None:
    expected, found = decide(exact), decide(saturated)
    if expected is None or found is None:
        return None
    return int(np.count_nonzero(expected != found))


def _layers(
    changes: Iterable[Change], layer_of: Callable[[str], str]
) -> tuple[SaturatingLayer, ...]:
    """The layers that saturate, worst first; a layer may have several nodes."""
    by_layer: dict[str, list[Change]] = {}
    for change in changes:
        by_layer.setdefault(layer_of(change.node), []).append(change)
    layers = [
        SaturatingLayer(
            layer=layer,
            share=sum(one.n_changed for one in of_it) / sum(one.n_sums for one in of_it),
            worst_error=max(one.worst_error for one in of_it),
        )
        for layer, of_it in by_layer.items()
        if any(one.n_changed for one in of_it)
    ]
    return tuple(sorted(layers, key=lambda one: (-one.worst_error, -one.share, one.layer)))
