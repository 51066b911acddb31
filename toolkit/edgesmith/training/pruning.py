# pyright: basic
"""Whole channels taken out of a model, so that what is left is dense, smaller and faster.

Zeros among the weights would leave a file as large and onnxruntime as slow as before. The weakest
channels go (Li et al. 2017, arXiv:1608.08710), by the norm of the kernel as folded.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import layers

from edgesmith.training.copying import Cut, copied
from edgesmith.training.kernels import (
    DEPTHWISE,
    KERNEL_LAYERS,
    PLAIN,
    SEPARABLE,
    TRANSPOSED,
    channels_last,
    kernels,
)
from edgesmith.training.layer_graph import layer_graph, place
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras
    from numpy.typing import NDArray

    from edgesmith.training.layer_graph import Call, LayerGraph

__all__ = ["pruned"]

PRODUCERS = (*PLAIN, *TRANSPOSED, *SEPARABLE)
BY_CHANNEL = (
    layers.ActivityRegularization,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
    layers.Cropping1D,
    layers.Cropping2D,
    layers.Cropping3D,
    layers.Dropout,
    layers.ELU,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    layers.Identity,
    layers.LeakyReLU,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.ReLU,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
    layers.UpSampling1D,
    layers.UpSampling2D,
    layers.UpSampling3D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.ZeroPadding3D,
)
BY_ELEMENT = (
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
)


class _StuckError(Exception):
    """Why the channels of a layer have to stay; it ends in the message of a ConfigError."""


def pruned(model: keras.Model, sparsity: float) -> keras.Model:
    """A model without the weakest channels of each layer that can lose some.

    A layer can where its channels reach only kernels, on the way through nothing but layers that
    treat each by itself; depthwise convolutions and batch normalizations on the way lose theirs
    with it.

    Args:
        model: Functional or sequential; it is not changed.
        sparsity: Share of each layer's channels that go, rounded down.

    Raises:
        ConfigError: No layer can lose any; the message says why not, layer by layer.
    """
    graph = layer_graph(model)
    uses = Counter(id(call.operation) for call in graph.calls)
    cuts: dict[int, Cut] = {}
    reasons: list[str] = []
    for call in graph.calls:
        if not isinstance(call.operation, PRODUCERS):
            continue
        try:
            _cut(graph, call, uses, sparsity, cuts)
        except _StuckError as reason:
            reasons.append(f"{place(call.operation)} {reason}")
    if not cuts:
        why = "; ".join(reasons) or "there is no convolution and no dense layer"
        raise ConfigError(
            f"pruning: no layer of '{model.name}' can lose channels: {why}; "
            "leave pruning out for this model"
        )
    return copied(model, cuts)


def _cut(
    graph: LayerGraph,
    call: Call,
    uses: Counter[int],
    sparsity: float,
    cuts: dict[int, Cut],
) -> None:
    layer = call.operation
    followers = list(_followers(graph, call, uses))
    _check_producer(layer, uses)
    strengths = _strengths(graph, call)
    n_channels = len(strengths)
    n_left = max(1, n_channels - int(sparsity * n_channels))
    if n_left == n_channels:
        raise _StuckError(f"loses none of its {n_channels} channels at sparsity {sparsity:g}")
    kept = np.sort(np.argsort(-strengths, kind="stable")[:n_left])
    own = cuts.setdefault(id(layer), Cut())
    own.width = n_left
    _keep(own, _kernel_name(layer), -2 if isinstance(layer, TRANSPOSED) else -1, kept)
    _keep(own, "bias", -1, kept)
    for follower, n_places in followers:
        spread = (np.arange(n_places)[:, None] * n_channels + kept).ravel()
        _follow(cuts.setdefault(id(follower), Cut()), follower, spread)


def _check_producer(layer: Any, uses: Counter[int]) -> None:
    if uses[id(layer)] > 1:
        raise _StuckError("is used more than once")
    if getattr(layer, "groups", 1) != 1:
        raise _StuckError("has groups")
    if not channels_last(layer):
        raise _StuckError("has its channels first")
    if not _is_by_element(layer.activation):
        raise _StuckError("has an activation over all of its channels")


def _followers(graph: LayerGraph, call: Call, uses: Counter[int]) -> Iterator[tuple[Any, int]]:
    """The layers whose weights lose the same channels, and how often each stands in them."""
    ahead = [(call.outputs[0], 1)]
    while ahead:
        number, n_places = ahead.pop()
        if number in graph.outputs:
            raise _StuckError("gives what the model gives")
        if number in graph.entries:
            raise _StuckError("goes into a model inside this one")
        for taker in graph.takers(number):
            layer = taker.operation
            _check_follower(graph, taker, uses)
            if isinstance(layer, (*KERNEL_LAYERS, layers.BatchNormalization)):
                yield layer, n_places
            if not isinstance(layer, PRODUCERS):
                is_flat = isinstance(layer, layers.Flatten)
                n_flat = prod(graph.tensors[number].shape[1:-1]) if is_flat else 1
                ahead.append((taker.outputs[0], n_places * n_flat))


def _check_follower(graph: LayerGraph, call: Call, uses: Counter[int]) -> None:
    layer = call.operation
    if uses[id(layer)] > 1:
        raise _StuckError(f"feeds {place(layer)}, which is used more than once")
    if not _takes_fewer(graph, call):
        raise _StuckError(f"feeds {place(layer)}")


def _takes_fewer(graph: LayerGraph, call: Call) -> bool:
    """Whether it computes the rest of the channels as before when some are gone."""
    layer, shape = call.operation, graph.tensors[call.inputs[0]].shape
    if len(call.inputs) != 1 or not channels_last(layer):
        return False
    if isinstance(layer, layers.BatchNormalization):
        return layer.axis in (-1, len(shape) - 1)
    if isinstance(layer, DEPTHWISE):
        return layer.depth_multiplier == 1 and _is_by_element(layer.activation)
    if isinstance(layer, layers.Flatten):
        return None not in shape[1:]
    if isinstance(layer, PRODUCERS):
        return getattr(layer, "groups", 1) == 1
    is_activation = isinstance(layer, layers.Activation) and _is_by_element(layer.activation)
    return is_activation or isinstance(layer, BY_CHANNEL)


def _is_by_element(activation: Any) -> bool:
    return activation is None or getattr(activation, "__name__", "") in BY_ELEMENT


def _strengths(graph: LayerGraph, call: Call) -> NDArray[np.float64]:
    """The norm of the kernel of each channel, times the factor of its normalization."""
    kernel = kernels(call.operation)[-1]
    weights = _numbers(kernel.variable)
    own_axis = weights.ndim + kernel.own_scale[0]
    others = tuple(axis for axis in range(weights.ndim) if axis != own_axis)
    norms = np.sqrt(np.square(weights).sum(others))
    taker = graph.sole_taker(call.outputs[0])
    if taker is None or not isinstance(taker.operation, layers.BatchNormalization):
        return norms
    norm: Any = taker.operation
    factors = 1 / np.sqrt(_numbers(norm.moving_variance) + norm.epsilon)
    if norm.gamma is not None:
        factors = factors * np.abs(_numbers(norm.gamma))
    return norms * factors


def _numbers(variable: Any) -> NDArray[np.float64]:
    return np.asarray(variable.value, np.float64)


def _follow(cut: Cut, layer: Any, kept: NDArray[np.intp]) -> None:
    """The weights of a layer that belong to the channels that it takes."""
    if isinstance(layer, layers.BatchNormalization):
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            _keep(cut, name, -1, kept)
    elif isinstance(layer, DEPTHWISE):
        _keep(cut, "kernel", -2, kept)
        _keep(cut, "bias", -1, kept)
    elif isinstance(layer, SEPARABLE):
        _keep(cut, "depthwise_kernel", -2, kept)
        n_each = layer.depth_multiplier
        _keep(cut, "pointwise_kernel", -2, (kept[:, None] * n_each + np.arange(n_each)).ravel())
    else:
        _keep(cut, "kernel", -1 if isinstance(layer, TRANSPOSED) else -2, kept)


def _kernel_name(layer: Any) -> str:
    return "pointwise_kernel" if isinstance(layer, SEPARABLE) else "kernel"


def _keep(cut: Cut, name: str, axis: int, kept: NDArray[np.intp]) -> None:
    cut.kept.setdefault(name, {})[axis] = kept
