# pyright: basic
"""What every layer gives while a model is traced, as outputs of the graph."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.patching import Patch

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["InnerOutputs", "inner_layer"]

_CALL = "keras.src.layers.layer:Layer.__call__"


class InnerOutputs:
    """Tensors with a batch axis that layers give, in the order in which their calls end.

    Those inside a loop or a branch have no value outside of it, and are left out.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, Any] = {}
        self._calls: Counter[str] = Counter()
        self._graph: Any = None

    def begin(self) -> None:
        """Forget all; the graph that is being built now is the one to note tensors of."""
        self.tensors.clear()
        self._calls.clear()
        self._graph = tf.compat.v1.get_default_graph()

    def patch(self) -> Patch:
        """Note the outputs of every layer that is called while this holds."""
        return Patch(_CALL, self._noting)

    def _noting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(layer: Any, *args: Any, **named: Any) -> Any:
            outputs = call(layer, *args, **named)
            self._note(layer, outputs)
            return outputs

        return noted

    def _note(self, layer: Any, outputs: Any) -> None:
        path = layer.path or layer.name
        self._calls[path] += 1
        for index, leaf in enumerate(keras.tree.flatten(outputs)):
            if tf.is_symbolic_tensor(leaf) and leaf.graph is self._graph and leaf.shape.rank:
                self.tensors[f"{path}@{self._calls[path]}.{index}"] = leaf


def inner_layer(name: str) -> str:
    """The path of the layer that an inner output is called after."""
    return name.rpartition("@")[0]
