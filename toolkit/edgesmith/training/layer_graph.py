# pyright: basic
"""A functional model as the list of its calls, with the models inside it opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import keras
from keras.src.models.functional import Functional  # in no public module

from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Call", "LayerGraph", "layer_graph", "place"]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One use of a layer, or of a Keras operation without weights.

    Args:
        operation: The layer.
        arguments: Keras' own record of what it is called with.
        numbers: The number of a value, by the id of the KerasTensor that stands for it there.
        inputs: The numbers of the values that it takes.
        outputs: The numbers of those that it gives.
    """

    operation: Any
    arguments: Any
    numbers: Mapping[int, int]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def filled(self, values: Mapping[int, Any]) -> tuple[Any, dict[str, Any]]:
        """Positional and keyword arguments, with values by number."""
        given = {key: values[number] for key, number in self.numbers.items()}
        return self.arguments.fill_in(given)


@dataclass(frozen=True, slots=True)
class LayerGraph:
    """All calls of a model, each after those whose values it takes.

    Args:
        inputs: The numbers of the model's inputs.
        outputs: The numbers of its outputs.
        calls: What lies between.
        tensors: Shape and dtype of each value, by number.
        input_names: Of the inputs, in the same order.
        entries: The values that go into a model inside this one, whose input has their shape.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: tuple[Call, ...]
    tensors: tuple[keras.KerasTensor, ...]
    input_names: tuple[str, ...]
    entries: frozenset[int]

    def takers(self, number: int) -> list[Call]:
        """The calls that take a value."""
        return [call for call in self.calls if number in call.inputs]

    def sole_taker(self, number: int) -> Call | None:
        """The one call that takes a value, if it goes nowhere else."""
        takers = self.takers(number)
        return takers[0] if len(takers) == 1 and number not in self.outputs else None


def layer_graph(model: keras.Model) -> LayerGraph:
    """The calls of a functional or sequential model.

    Raises:
        ConfigError: The model is called by code of its own.
    """
    if not _is_open(model):
        raise ConfigError(
            f"fine-tuning: the model '{model.name}' is a {type(model).__name__}, which runs code "
            "of its own where its layers cannot be seen; build it as keras.Model(inputs, outputs)"
        )
    opener = _Opener()
    inputs = [opener.number(tensor) for tensor in model.inputs]
    outputs = opener.open(model, inputs)
    return LayerGraph(
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        calls=tuple(opener.calls),
        tensors=tuple(opener.tensors),
        input_names=tuple(tensor.name for tensor in model.inputs),
        entries=frozenset(opener.entries),
    )


def place(operation: Any) -> str:
    """A layer in messages."""
    return f"'{operation.name}' ({type(operation).__name__})"


class _Opener:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.tensors: list[keras.KerasTensor] = []
        self.entries: list[int] = []

    def number(self, tensor: keras.KerasTensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def open(self, model: keras.Model, inputs: Sequence[int]) -> list[int]:
        """Add the calls of a model for the values that it takes; gives those that it gives."""
        numbers = dict(zip(map(id, model.inputs), inputs, strict=True))
        for node in _nodes(model):
            taken = [numbers[id(tensor)] for tensor in node.input_tensors]
            if _is_open(node.operation):
                self.entries += taken
                given = self.open(node.operation, taken)
            else:
                given = [self.number(tensor) for tensor in node.outputs]
                used = {id(tensor): numbers[id(tensor)] for tensor in node.input_tensors}
                self.calls.append(
                    Call(node.operation, node.arguments, used, tuple(taken), tuple(given))
                )
            numbers.update(zip(map(id, node.outputs), given, strict=True))
        return [numbers[id(tensor)] for tensor in model.outputs]


def _is_open(operation: Any) -> TypeGuard[keras.Model]:
    """Whether it is a model that does nothing but call its layers in a known order."""
    if isinstance(operation, keras.Sequential):
        return type(operation).call is keras.Sequential.call and operation.built
    return isinstance(operation, Functional) and type(operation).call is Functional.call


def _nodes(model: Any) -> Iterator[Any]:
    function = getattr(model, "_functional", model)  # what a sequential model is inside
    for _, nodes in sorted(function._nodes_by_depth.items(), reverse=True):  # noqa: SLF001
        yield from (node for node in nodes if not node.is_input)
