# pyright: basic
"""Which Keras layer made a node of a graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.patching import Patch

with quiet_start():
    import keras
    import tensorflow as tf
    from keras.src.backend.common.name_scope import current_path

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Scopes", "current_layer"]

_ENTER = "keras.src.backend.tensorflow.core:name_scope.__enter__"


@dataclass(frozen=True, slots=True)
class Scopes:
    """Name scopes of a graph as they are opened, with the path of the layer that opens each.

    Args:
        paths: Of layers, by name scope.
        kinds: Class names of the layers by path, in the order of their calls; without models.
    """

    paths: dict[str, str] = field(default_factory=dict[str, str])
    kinds: dict[str, str] = field(default_factory=dict[str, str])

    def patch(self) -> Patch:
        """Note every scope that Keras opens while this holds."""
        return Patch(_ENTER, self._noting)

    def _noting(self, enter: Callable[..., Any]) -> Callable[..., Any]:
        def noted(scope: Any) -> Any:
            entered = enter(scope)
            if not tf.executing_eagerly():
                self.paths.setdefault(tf.get_current_name_scope(), current_path())
            if isinstance(scope.caller, keras.Layer) and not isinstance(
                scope.caller, keras.Model
            ):
                self.kinds.setdefault(current_path(), type(scope.caller).__name__)
            return entered

        return noted


def current_layer() -> str:
    """The path of the Keras layer that is being called; "" outside every layer."""
    return current_path()
