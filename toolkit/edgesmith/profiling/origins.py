# pyright: basic
"""Where an operation that onnxruntime made is from in the file: the names that it lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

__all__ = ["Origins"]

_BLOCKED = "_nchwc"  # what the layout in blocks appends to the name of a value or a node
_MAX_STEPS = 4  # of a chain that is merged into one operation


class Origins:
    """Finds the nodes of a file that an operation of its optimised graph is made of.

    Args:
        model: As the file has it.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._constants = {one.name for one in model.graph.initializer}
        self._by_name = {node.name: node for node in model.graph.node}
        self._by_output = {
            name: node for node in model.graph.node for name in node.output if name
        }
        self._by_constant: dict[str, list[Any]] = {}
        for node in model.graph.node:
            for name in self._weights(node):
                self._by_constant.setdefault(name, []).append(node)

    def nameless(self, node: Any) -> tuple[str, ...]:
        """The names of the node with the weights that it is made of, if none has a scope.

        A converter gives a node that it made of several a name of its own, ``Conv__63``. Empty
        where a scope is there, or nothing with weights.

        Args:
            node: Of the optimised graph.
        """
        for start in self._starts(node):
            first = self._back(start, node)[0]
            weights = self._weights(first)
            if not weights or first.op_type not in node.op_type or not first.name:
                continue
            names = (first.name, *(name for name in first.output if name), *weights)
            return () if any("/" in name for name in names) else names
        return ()

    def names(self, node: Any) -> list[str]:
        """Weights of the nodes that it is made of, then the names of these.

        Args:
            node: Of the optimised graph.
        """
        found = [one for start in self._starts(node) for one in self._back(start, node)]
        weights = [name for one in found for name in self._weights(one)]
        return list(dict.fromkeys([*weights, *(one.name for one in found)]))

    def _starts(self, node: Any) -> list[Any]:
        plain = node.name.removesuffix(_BLOCKED)
        named = [self._by_name.get(plain), self._by_output.get(plain)]
        made = [self._by_output.get(name) for name in node.output]
        # A constant that several nodes share tells of none.
        taken = [
            one[0] for name in node.input if len(one := self._by_constant.get(name, [])) == 1
        ]
        return [one for one in (*taken, *named, *made) if one is not None]

    def _back(self, start: Any, node: Any) -> list[Any]:
        """From the last of what was merged to the one that does the same as the operation."""
        chain: list[Any] = []
        current = start
        for _ in range(_MAX_STEPS):
            if current is None:
                break
            chain.append(current)
            if current.op_type in node.op_type:
                return chain[::-1]
            given = [name for name in current.input if name in self._by_output]
            current = self._by_output[given[0]] if given else None
        return [start]

    def _weights(self, node: Any) -> list[str]:
        return [name for name in node.input if name in self._constants]
