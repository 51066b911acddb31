# pyright: basic
"""What a model's configuration asks for: classes that must be there, code that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start

with quiet_start():
    import keras

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["layers_with_code", "missing_classes"]

_MODELS = ("Functional", "Model", "Sequential")
_IN_KERAS = (
    keras,
    keras.layers,
    keras.initializers,
    keras.regularizers,
    keras.constraints,
    keras.dtype_policies,
    keras.losses,
    keras.metrics,
    keras.optimizers,
    keras.optimizers.schedules,
    keras.random,
)


def missing_classes(config: object, objects: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of classes and functions that neither Keras nor the objects have.

    Args:
        config: The parsed JSON of a model.
        objects: What is offered by name.
    """
    wanted = [_custom_name(entry, objects) for entry in _entries(config)]
    return tuple(dict.fromkeys(name for name in wanted if name))


def layers_with_code(config: object) -> tuple[str, ...]:
    """Names of the layers that hold Python bytecode, which loading would run."""
    return tuple(
        str(entry["config"].get("name", entry["class_name"]))
        for entry in _entries(config)
        if entry["class_name"] == "Lambda" and isinstance(entry["config"], dict)
        if _is_code(entry["config"].get("function"))
        or _is_code(entry["config"].get("output_shape"))
    )


def _is_code(function: object) -> bool:
    """Of Keras 3 a dict; of Keras 1 and 2 a list of bytecode, defaults and closure."""
    if isinstance(function, dict):
        return function.get("class_name") == "__lambda__"
    return isinstance(function, list) and bool(function) and isinstance(function[0], str)


def _entries(config: object) -> Iterator[dict[str, Any]]:
    """Every serialized object in it, at any depth."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str) and "config" in config:
            yield config
        for value in config.values():
            yield from _entries(value)
    elif isinstance(config, list):
        for value in config:
            yield from _entries(value)


def _custom_name(entry: Mapping[str, Any], objects: Mapping[str, Any]) -> str | None:
    class_name, config = entry["class_name"], entry["config"]
    name = config if class_name == "function" else class_name
    if not isinstance(name, str) or name.startswith("__") or name in objects:
        return None
    module = str(entry.get("module") or "")
    if module.partition(".")[0] == "keras" or _registered(name, entry.get("registered_name")):
        return None
    if module == "builtins" and class_name == "function":
        places = (keras.activations, keras.ops, keras.losses, keras.metrics)
        return None if any(hasattr(place, name) for place in places) else name
    if not module and _of_keras(name):
        return None
    return name


def _registered(*names: str | None) -> bool:
    return any(name and keras.saving.get_registered_object(name) for name in names)


def _of_keras(name: str) -> bool:
    return name in _MODELS or any(hasattr(place, name) for place in _IN_KERAS)
