"""What people's modules offer to a model file that needs more than Keras has."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from edgesmith.reference.faults import gist
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["custom_objects"]


def custom_objects(places: tuple[str, ...]) -> dict[str, Any]:
    """Classes and functions by the names that a model file has for them.

    Importing a module also registers what it decorates with
    ``keras.saving.register_keras_serializable``.

    Args:
        places: ``package.module``, which offers all its classes and functions, or
            ``package.module:Name``, which offers that one. Later ones win.

    Raises:
        ConversionError: A module cannot be imported, or has no such name.
    """
    offered: dict[str, Any] = {}
    for place in places:
        offered |= _offered_at(place)
    return offered


def _offered_at(place: str) -> dict[str, Any]:
    module_name, _, name = place.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever a user's module raises
        raise ConversionError(
            f"custom objects '{place}': the module '{module_name}' cannot be imported: "
            f"{gist(error)}; write it as in an import statement, and start where it is found"
        ) from error
    offered = _classes_and_functions(module)
    if not name:
        return offered
    if not hasattr(module, name):
        raise ConversionError(
            f"custom objects '{place}': the module '{module_name}' has no '{name}'; it has "
            f"{', '.join(sorted(offered)) or 'no class and no function'}"
        )
    return {name: getattr(module, name)}


def _classes_and_functions(module: ModuleType) -> dict[str, Any]:
    """Without those that come from Keras itself, which every file finds anyway."""
    return {
        name: value
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.partition(".")[0] != "keras"
    }
