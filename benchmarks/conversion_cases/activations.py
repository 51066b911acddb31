"""Every function of ``keras.activations``, and the layers that are one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from conversion_cases.feeding import Feed, layer_case

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

__all__ = ["CASES"]


def _wide(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Far beyond where activations saturate, and close to zero."""
    return rng.normal(0, 1, shape) * rng.choice([0.05, 1.0, 8.0], shape)


VECTOR = Feed((32,), draw=_wide)
IMAGE = Feed((5, 4, 6), draw=_wide)
_NAMES = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
]
_SETTINGS: dict[str, Callable[..., Any]] = {
    "celu/alpha": partial(keras.activations.celu, alpha=0.4),
    "elu/alpha": partial(keras.activations.elu, alpha=0.4),
    "gelu/approximate": partial(keras.activations.gelu, approximate=True),
    "glu/axis_1": partial(keras.activations.glu, axis=1),
    "leaky_relu/steep": partial(keras.activations.leaky_relu, negative_slope=0.5),
    "log_softmax/axis_1": partial(keras.activations.log_softmax, axis=1),
    "relu/all_settings": partial(
        keras.activations.relu, negative_slope=0.1, max_value=3.0, threshold=0.5
    ),
    "softmax/axis_1": partial(keras.activations.softmax, axis=1),
    "squareplus/b": partial(keras.activations.squareplus, b=1.0),
    "threshold/settings": partial(
        keras.activations.threshold, threshold=0.3, default_value=-1.0
    ),
}

CASES = (
    *(
        layer_case(
            f"activations/{name}/plain",
            lambda x, name=name: layers.Activation(getattr(keras.activations, name))(x),
            VECTOR,
        )
        for name in _NAMES
    ),
    *(
        layer_case(
            f"activations/{name}",
            lambda x, apply=apply: layers.Activation(apply)(x),
            Feed((4, 5, 6), draw=_wide) if "axis" in name else VECTOR,
        )
        for name, apply in _SETTINGS.items()
    ),
    *(
        layer_case(
            f"activations/{name}/in_dense",
            lambda x, name=name: layers.Dense(6, activation=name)(x),
            VECTOR,
            covers=("Dense",),
        )
        for name in ("gelu", "mish", "silu", "hard_silu", "selu", "leaky_relu")
    ),
    *(
        layer_case(
            f"activations/{name}/after_conv",
            lambda x, name=name: layers.Conv2D(6, 3, activation=name)(x),
            IMAGE,
            covers=("Conv2D",),
        )
        for name in ("relu6", "silu", "gelu", "hard_silu")
    ),
    layer_case("layers/ReLU/plain", lambda x: layers.ReLU()(x), VECTOR),
    layer_case("layers/ReLU/all_settings", lambda x: layers.ReLU(6.0, 0.1, 0.2)(x), VECTOR),
    layer_case("layers/LeakyReLU/plain", lambda x: layers.LeakyReLU(0.1)(x), VECTOR),
    layer_case("layers/ELU/plain", lambda x: layers.ELU(0.7)(x), VECTOR),
    layer_case("layers/PReLU/vector", lambda x: layers.PReLU()(x), VECTOR),
    layer_case(
        "layers/PReLU/shared_axes", lambda x: layers.PReLU(shared_axes=[1, 2])(x), IMAGE
    ),
    layer_case(
        "layers/PReLU/free_size",
        lambda x: layers.PReLU(shared_axes=[1, 2])(x),
        Feed((None, None, 6), draw=_wide),
        lengths=(4, 6),
    ),
    layer_case("layers/Softmax/plain", lambda x: layers.Softmax()(x), VECTOR),
    layer_case("layers/Softmax/axis_1", lambda x: layers.Softmax(axis=1)(x), IMAGE),
    layer_case("layers/Softmax/several_axes", lambda x: layers.Softmax(axis=(1, 2))(x), IMAGE),
    layer_case(
        "layers/Softmax/masked",
        lambda x, y: layers.Softmax()(x, mask=y),
        VECTOR,
        Feed((32,), "bool", lambda rng, shape: rng.uniform(0, 1, shape) < 0.5),
    ),
    layer_case(
        "layers/Activation/function",
        lambda x: layers.Activation(keras.activations.softplus)(x),
        VECTOR,
    ),
)
