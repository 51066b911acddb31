# pyright: basic
"""A second model of the same layers: whole, or with fewer channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Cut", "copied"]


@dataclass(slots=True)
class Cut:
    """What a layer keeps.

    Args:
        width: Its filters or units; None where its configuration names none, or all stay.
        kept: By weight name and axis, the positions that stay.
    """

    width: int | None = None
    kept: dict[str, dict[int, NDArray[np.intp]]] = field(default_factory=dict)


def copied(model: keras.Model, cuts: Mapping[int, Cut] | None = None) -> keras.Model:
    """A model of the same layers and names with the same weights, or what is kept of them.

    Args:
        model: Functional or sequential; it is not changed.
        cuts: By the id of a layer; the others stay whole.

    Raises:
        ConfigError: A layer does not come back from its configuration.
    """
    given = cuts or {}
    pairs: list[tuple[Any, Any]] = []

    def clone(layer: Any) -> Any:
        copy = _again(layer, given.get(id(layer)))
        pairs.append((layer, copy))
        return copy

    copy = keras.models.clone_model(model, clone_function=clone, recursive=True)
    for old, new in pairs:
        if isinstance(old, keras.Layer):
            _hand_over(old, new, given.get(id(old), Cut()).kept)
    return copy


def _again(layer: Any, cut: Cut | None) -> Any:
    if type(layer) is keras.layers.Lambda:
        # From its configuration it would be refused, as it might have come out of a file.
        return keras.layers.Lambda(
            layer.function,
            layer._output_shape,  # noqa: SLF001 - it has no public name
            mask=layer.mask,
            arguments=layer.arguments,
            name=layer.name,
            dtype=layer.dtype_policy,
        )
    try:
        config = layer.get_config()
        if cut is not None:
            # The weights are handed over, and an initializer may be an array of the whole shape.
            config |= {key: "zeros" for key in config if key.endswith("_initializer")}
            if cut.width is not None:
                config["units" if "units" in config else "filters"] = cut.width
        return type(layer).from_config(config)
    except Exception as error:  # a user's layer can raise anything
        raise ConfigError(
            f"fine-tuning: the layer '{layer.name}' ({type(layer).__name__}) cannot be made again "
            f"from its get_config(): {type(error).__name__}: {error}"
        ) from error


def _hand_over(old: Any, new: Any, kept: dict[str, dict[int, NDArray[np.intp]]]) -> None:
    if len(old.variables) != len(new.variables):
        raise ConfigError(
            f"fine-tuning: the layer '{old.name}' ({type(old).__name__}) has {len(old.variables)} "
            f"weights, and {len(new.variables)} when made again from its get_config()"
        )
    for source, target in zip(old.variables, new.variables, strict=True):
        values = np.asarray(source.value)
        for axis, positions in kept.get(source.name, {}).items():
            values = np.take(values, positions, axis)
        target.assign(values)
    if hasattr(new, "finalize_state"):
        new.finalize_state()  # a Normalization computes with what it derives from its weights
