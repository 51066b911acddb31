# pyright: basic
"""The configuration of a Keras 2 model as Keras 3 writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.legacy.nodes import Wiring
from edgesmith.reference.legacy.settings import of_custom, of_keras
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import keras

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["modernized"]

Config = dict[str, Any]

_NESTED = ("layer", "backward_layer", "forward_layer", "cell")
_FLOATS = ("float16", "bfloat16", "float32", "float64")


def modernized(config: Config, custom: Collection[str]) -> Config:
    """A serialized layer or model as Keras 3's loader takes it.

    Args:
        config: ``class_name``, ``config`` and, in a functional model, ``name`` and
            ``inbound_nodes``.
        custom: Names of classes that are offered beside those of Keras.

    Raises:
        ConversionError: A layer is set to what Keras 3 cannot do.
    """
    class_name, settings = config["class_name"], config["config"]
    if class_name == "Sequential":
        return _sequential(config, custom)
    if isinstance(settings, dict) and "input_layers" in settings:
        return _functional(config, custom)
    if not isinstance(settings, dict):
        raise ConversionError(f"{class_name}: expected settings by name, got {settings!r}")
    return _layer(config, custom)


def _sequential(config: Config, custom: Collection[str]) -> Config:
    """Keras 1 and the first Keras 2 kept a list of layers; the input is made a layer of its own."""
    old = config["config"]
    old = {"name": "sequential", "layers": old} if isinstance(old, list) else old
    layers = [modernized(layer, custom) for layer in old["layers"]]
    first = old["layers"][0] if layers else None
    shape = _input_shape(first) if first else None
    if shape is None and first and "layers" not in (first["config"] or {}):
        shape = old.get("build_input_shape")
    if first and first["class_name"] != "InputLayer" and shape:
        layers.insert(0, _input_layer(first, shape))
    settings = {"name": old.get("name") or "sequential", "layers": layers}
    return {**config, "module": "keras", "registered_name": None, "config": settings}


def _input_shape(layer: Config) -> Any:
    settings = layer["config"]
    return settings.get("batch_input_shape") if isinstance(settings, dict) else None


def _input_layer(first: Config, shape: list[int | None]) -> Config:
    tokens = first["class_name"] == "Embedding"
    dtype = first["config"].get("dtype")
    kind = dtype if isinstance(dtype, str) and dtype not in _FLOATS else "float32"
    settings = {"batch_shape": shape, "dtype": "int32" if tokens else kind}
    settings["name"] = f"{first['config'].get('name', 'first')}_input"
    return _entry("InputLayer", settings, ())


def _functional(config: Config, custom: Collection[str]) -> Config:
    class_name, old = config["class_name"], config["config"]
    wiring = Wiring.of(old)
    layers = [
        {
            **modernized(layer, custom),
            "name": layer["name"],
            "inbound_nodes": wiring.nodes(layer),
        }
        for layer in old["layers"]
    ]
    settings = {
        **{key: value for key, value in old.items() if key not in ("layers", "name")},
        "name": old.get("name") or "model",
        "layers": layers,
        "input_layers": wiring.ends(old["input_layers"]),
        "output_layers": wiring.ends(old["output_layers"]),
    }
    if class_name in custom:
        return {**config, "config": settings, "module": None, "registered_name": class_name}
    place = {"module": "keras.src.models.functional", "class_name": "Functional"}
    return {**config, **place, "registered_name": None, "config": settings}


def _layer(config: Config, custom: Collection[str]) -> Config:
    settings = dict(config["config"])
    for key in _NESTED:
        if isinstance(settings.get(key), dict):
            settings[key] = modernized(settings[key], custom)
    if isinstance(settings.get("cells"), list):
        settings["cells"] = [modernized(cell, custom) for cell in settings["cells"]]
    if config["class_name"] in custom:
        return {**config, **_entry(config["class_name"], of_custom(settings), custom)}
    class_name, settings = of_keras(config["class_name"], settings)
    return {**config, **_entry(class_name, settings, custom)}


def _entry(class_name: str, settings: Config, custom: Collection[str]) -> Config:
    known = class_name not in custom and hasattr(keras.layers, class_name)
    return {
        "module": "keras.layers" if known else None,
        "class_name": class_name,
        "registered_name": None if known else class_name,
        "config": settings,
    }
