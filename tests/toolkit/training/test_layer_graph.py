from __future__ import annotations

from typing import Any

import keras
import pytest

from edgesmith.training.layer_graph import LayerGraph, layer_graph
from edgesmith_runtime.errors import ConfigError

layers = keras.layers


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="mine")
        self.dense = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


def _names(graph: LayerGraph) -> list[str]:
    return [call.operation.name for call in graph.calls]


def test_a_sequential_model_is_its_layers_in_order() -> None:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="first"), layers.Dense(2, name="second")]
    )

    graph = layer_graph(model)

    assert _names(graph) == ["first", "second"]
    assert graph.calls[1].inputs == graph.calls[0].outputs
    assert graph.calls[1].outputs == graph.outputs


def test_models_inside_are_opened_at_each_use() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="inner")])
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(1, name="last")(inner(inner(x))))

    graph = layer_graph(model)

    assert _names(graph) == ["inner", "inner", "last"]
    assert graph.calls[1].inputs == graph.calls[0].outputs
    assert graph.entries == {graph.inputs[0], graph.calls[0].outputs[0]}


def test_a_value_that_goes_to_two_layers_has_no_sole_taker() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, layers.Add(name="sum")([layers.ReLU()(x), x]))

    graph = layer_graph(model)

    assert graph.sole_taker(graph.inputs[0]) is None
    assert len(graph.takers(graph.inputs[0])) == 2


def test_an_output_of_the_model_has_no_sole_taker() -> None:
    x = keras.Input((4,))
    hidden = layers.ReLU()(x)

    graph = layer_graph(keras.Model(x, [hidden, layers.Dense(1)(hidden)]))

    assert graph.sole_taker(graph.outputs[0]) is None


def test_a_model_with_code_of_its_own_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        layer_graph(Subclassed())

    assert str(caught.value) == (
        "fine-tuning: the model 'mine' is a Subclassed, which runs code of its own where its "
        "layers cannot be seen; build it as keras.Model(inputs, outputs)"
    )
