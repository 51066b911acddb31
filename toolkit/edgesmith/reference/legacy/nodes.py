"""How the layers of a functional model are joined: as Keras 1 and 2 wrote it, as Keras 3 does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Wiring"]

Config = dict[str, Any]

_MODELS = ("Functional", "Model", "Sequential")
_RECURRENT = (
    "Bidirectional",
    "ConvLSTM2D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "GRU",
    "LSTM",
    "RNN",
    "SimpleRNN",
)
_CONSTANT = "_CONSTANT_VALUE"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the references of one functional model mean.

    Args:
        firsts: By layer, the index that its first call has. It is 1 for most models in a model:
            up to Keras 2 they came with a node of their own.
        functional: Layers that are functional models themselves; Keras 3 counts the calls of
            these from 1 where they are outputs.
    """

    firsts: Mapping[str, int]
    functional: frozenset[str]

    @staticmethod
    def of(settings: Config) -> Wiring:
        """That of a functional model's settings."""
        layers = {layer["name"]: layer for layer in settings["layers"]}
        ends = [settings["input_layers"], settings["output_layers"]]
        nodes = [layer["inbound_nodes"] for layer in settings["layers"]]
        firsts: dict[str, int] = {}
        for name, index, _ in _references([ends, nodes], layers):
            if layers[name]["class_name"] in _MODELS or "layers" in layers[name]["config"]:
                firsts[name] = min(index, firsts.get(name, index))
        functional = frozenset(
            name
            for name, layer in layers.items()
            if "input_layers" in layer["config"] and isinstance(layer["config"], dict)
        )
        return Wiring(firsts, functional)

    def ends(self, old: Any) -> Any:
        """References to the tensors that a model takes or gives; one alone is not in a list."""
        if _is_reference(old):
            name, index, tensor = old
            shift = int(name in self.functional) - self.firsts.get(name, 0)
            return [name, index + shift, tensor]
        if _is_dict(old):
            return {key: self.ends(part) for key, part in old.items()}
        new = [self.ends(part) for part in old]
        return new[0] if len(new) == 1 else new

    def nodes(self, layer: Config) -> list[Config]:
        """Arguments of each call of a layer."""
        return [self._call(layer["class_name"], node) for node in layer["inbound_nodes"]]

    def _call(self, class_name: str, node: Any) -> Config:
        if _is_dict(node):  # a call with its arguments by name is as in Keras 3
            return node
        inputs = [node] if isinstance(node[0], str) else node
        arguments: Config = inputs[0][3] if len(inputs[0]) > 3 else {}
        named = {key: self._value(value) for key, value in arguments.items()}
        tensors = [
            self._value(part[2] if part[0] == _CONSTANT else part[:3]) for part in inputs
        ]
        if class_name in _RECURRENT and len(tensors) > 1:
            # Keras 2 put the states behind the sequence.
            return {"args": tensors[:1], "kwargs": {**named, "initial_state": tensors[1:]}}
        alone = len(tensors) == 1
        return {"args": tensors if alone else [tensors], "kwargs": named}

    def _value(self, old: Any) -> Any:
        """An argument with the tensors in it as Keras 3 writes them; their shape is not read."""
        if _is_reference(old):
            name, index, tensor = old
            history = [name, index - self.firsts.get(name, 0), tensor]
            settings = {"shape": [], "dtype": "float32", "keras_history": history}
            return {"class_name": "__keras_tensor__", "config": settings}
        if _is_list(old):
            return [self._value(part) for part in old]
        if _is_dict(old):
            return {key: self._value(part) for key, part in old.items()}
        return {"class_name": "__ellipsis__", "config": {}} if old is ... else old


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_dict(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_reference(value: Any) -> bool:
    return (
        _is_list(value)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(type(index) is int for index in value[1:])
        and value[0] != _CONSTANT
    )


def _references(value: Any, layers: Mapping[str, Any]) -> Iterator[list[Any]]:
    if _is_list(value):
        if len(value) in (3, 4) and _is_reference(value[:3]) and value[0] in layers:
            yield value[:3]
            value = value[3:]
        for part in value:
            yield from _references(part, layers)
    elif _is_dict(value):
        for part in value.values():
            yield from _references(part, layers)
