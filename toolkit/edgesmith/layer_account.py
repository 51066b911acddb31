"""Where an int8 artifact loses precision, and which layers stayed float by whose wish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.evidence import LayerAccount, LayerEntry
from edgesmith.optimization import inner_values, only_layer, taps_of, weight_bytes_by_layer
from edgesmith_runtime.errors import EdgesmithError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith.core import Candidate, Progress
    from edgesmith.optimization import Node
    from edgesmith.trials import Trials
    from edgesmith_runtime.spec import Format

__all__ = ["layer_account", "quantizable_layers"]

_N_SAMPLES = 32  # what all layers give at once takes much memory
# These move numbers or cut them off, and round nothing by themselves.
_EXACT = frozenset(
    [
        *("Relu", "Clip", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Slice"),
        *("Split", "MaxPool", "Pad", "Identity", "RELU", "RELU6", "RESHAPE", "TRANSPOSE"),
        *("SLICE", "STRIDED_SLICE", "SPLIT", "MAX_POOL_2D", "PAD"),
    ]
)


def quantizable_layers(nodes: tuple[Node, ...]) -> list[str]:
    """Layers of which something rounds in int8, in the order of the graph."""
    return list(
        dict.fromkeys(
            node.layer for node in nodes if node.float_because is None and node.op not in _EXACT
        )
    )


def layer_account(
    trials: Trials, accounted: Mapping[Format, Candidate], progress: Progress
) -> LayerAccount:
    """Signal to noise of every layer, and what quantizing it alone does to the metric.

    Args:
        trials: Where the candidates are from.
        accounted: By format, a static candidate.
        progress: Layers looked at.
    """
    signals = {fmt: _signals(trials, one) for fmt, one in accounted.items()}
    effects = {fmt: _effects(trials, one, progress) for fmt, one in accounted.items()}
    reasons = {fmt: _reasons(trials, one) for fmt, one in accounted.items()}
    sizes: dict[str, int] = {}
    for fmt in accounted:
        for layer, size in weight_bytes_by_layer(trials.nodes(fmt)).items():
            sizes[layer] = max(size, sizes.get(layer, 0))
    entries = [
        LayerEntry(
            layer=layer,
            weight_bytes=size,
            snr_db={fmt: found[layer] for fmt, found in signals.items() if layer in found},
            effect={fmt: found[layer] for fmt, found in effects.items() if layer in found},
            float_because={
                fmt: found[layer] for fmt, found in reasons.items() if layer in found
            },
        )
        for layer, size in sizes.items()
    ]
    drops = [one.drop for one in accounted.values() if one.drop is not None]
    return LayerAccount(
        recipes={fmt: one.recipe.name for fmt, one in accounted.items()},
        metric=drops[0].metric if drops else "",
        entries=tuple(sorted(entries, key=_badness)),
    )


def _badness(entry: LayerEntry) -> tuple[float, float]:
    """Worst first: by the effect on the metric, then by noise."""
    return -max(entry.effect.values(), default=0.0), min(entry.snr_db.values(), default=1e9)


def _signals(trials: Trials, candidate: Candidate) -> dict[str, float]:
    samples = trials.ground.calibration
    if samples is None:
        return {}
    fmt = candidate.artifact.format
    nodes = trials.nodes(fmt)
    tensors = next(samples.batches(_N_SAMPLES))
    exact = taps_of(trials.ground.floats[fmt].artifact, nodes)(tensors)
    rounded = inner_values(candidate.artifact, nodes, tensors)
    makers = {node.output: node for node in nodes}
    found: dict[str, float] = {}
    for node in nodes:
        if node.output not in rounded:
            continue
        maker = node
        while maker.op in _EXACT and maker.inputs[0] in makers:
            maker = makers[maker.inputs[0]]
        # A ReLU that was merged into what is before it leaves one tensor of two.
        if maker is node or maker.output not in rounded:
            ratio = _snr_db(exact[node.output], rounded[node.output])
            found[maker.layer] = min(ratio, found.get(maker.layer, ratio))
    return found


def _snr_db(exact: NDArray[Any], rounded: NDArray[Any]) -> float:
    true = exact.astype(np.float64)
    signal = float(np.square(true).sum())
    noise = float(np.square(rounded.astype(np.float64) - true).sum())
    return 10 * float(np.log10(max(signal, 1e-30) / max(noise, signal * 1e-15, 1e-30)))


def _effects(trials: Trials, candidate: Candidate, progress: Progress) -> dict[str, float]:
    fmt = candidate.artifact.format
    nodes = trials.nodes(fmt)
    every = list(weight_bytes_by_layer(nodes))
    layers = quantizable_layers(nodes)
    found: dict[str, float] = {}
    for layer in progress.track(layers, f"Layers of {fmt}", total=len(layers)):
        try:
            recipe = candidate.recipe
            _, found[layer] = trials.alone(recipe, layer, only_layer(recipe, layer, every))
        except EdgesmithError:  # nothing of it has weights, and nothing before it is int8
            continue
    return found


def _reasons(trials: Trials, candidate: Candidate) -> dict[str, str]:
    nodes = trials.nodes(candidate.artifact.format)
    found: dict[str, str] = {}
    for node in nodes:
        if node.float_because is not None and node.op not in _EXACT:
            found.setdefault(node.layer, node.float_because)
    named = "_float_ends" in candidate.recipe.name
    wish = "a rule: first and last layer" if named else "the search"
    return found | dict.fromkeys(candidate.recipe.float_layers, wish)
