from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import pytest

from edgesmith.training.deployed_steps import input_ranges, steps
from edgesmith.training.layer_graph import layer_graph
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

layers = keras.layers
NONE: frozenset[str] = frozenset()


def _rounded(model: keras.Model, float_layers: frozenset[str] = NONE) -> list[str]:
    """The layers after which, or inside which, values are rounded."""
    graph = layer_graph(model)
    found = ["input" for _ in input_ranges(graph, float_layers)]
    for step in steps(graph, float_layers):
        name = step.call.operation.name
        found += [f"between {name}"] if step.between else []
        found += [f"before {name}"] if step.before else []
        found += [name for _ in step.after]
    return found


def _functional(build: Callable[[Any], Any]) -> keras.Model:
    x = keras.Input((8, 8, 3), name="x")
    return keras.Model(x, build(x))


def test_values_are_rounded_after_the_relu_of_a_folded_convolution() -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(2, name="dense"),
        ]
    )

    assert _rounded(model) == ["input", "relu", "dense"]


def test_a_normalization_belongs_to_the_convolution_before_it() -> None:
    model = _functional(
        lambda x: layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(x))
    )

    (step,) = steps(layer_graph(model), NONE)

    assert step.norm is model.get_layer("norm")
    assert _rounded(model) == ["input", "conv"]


@pytest.mark.parametrize(
    "conv",
    [
        lambda: layers.Conv2D(4, 3, activation="relu", name="conv"),
        lambda: layers.Conv2D(3, 3, padding="same", name="conv", use_bias=False),
    ],
    ids=["activated", "used beside it"],
)
def test_a_normalization_that_cannot_be_folded_stands_alone(conv: Callable[[], Any]) -> None:
    def build(x: Any) -> Any:
        y = conv()(x)
        normal = layers.BatchNormalization(name="norm")(y)
        return normal if y.shape[-1] == 4 else [normal, y]

    planned = steps(layer_graph(_functional(build)), NONE)

    assert [step.call.operation.name for step in planned] == ["conv", "norm"]


def test_sums_are_rounded_after_their_relu() -> None:
    def build(x: Any) -> Any:
        y = layers.Conv2D(3, 1, name="conv")(x)
        y = layers.ReLU(name="relu")(layers.Add(name="sum")([x, y]))
        return layers.Conv2D(1, 1, name="last")(y)

    assert _rounded(_functional(build)) == ["input", "conv", "relu", "last"]


def test_other_activations_are_rounded_on_both_sides() -> None:
    def build(x: Any) -> Any:
        y = layers.Conv2D(3, 1, activation="silu", name="conv")(x)
        return layers.SeparableConv2D(1, 1, name="last")(y)

    assert _rounded(_functional(build)) == [
        "input",
        "before conv",
        "conv",
        "between last",
        "last",
    ]


def test_probabilities_stay_float_and_what_goes_into_them_does_not() -> None:
    def build(x: Any) -> Any:
        return layers.Dense(2, activation="softmax", name="last")(x)

    assert _rounded(_functional(build)) == ["input", "before last"]


def test_float_layers_keep_their_weights_and_what_passes_between_them() -> None:
    def build(x: Any) -> Any:
        for name in ("one", "two", "three"):
            x = layers.Conv2D(3, 1, name=name)(x)
        return x

    model, kept = _functional(build), frozenset({"one", "two"})

    planned = steps(layer_graph(model), kept)

    assert [step.rounds_weights for step in planned] == [False, False, True]
    assert _rounded(model, kept) == ["two", "three"]


def test_whole_numbers_are_not_rounded() -> None:
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(9, 3, name="embedding"),
            layers.Dense(1, name="dense"),
        ]
    )

    assert _rounded(model) == ["embedding", "dense"]


def test_a_float_layer_that_is_none_is_refused() -> None:
    model = _functional(lambda x: layers.Conv2D(1, 1, name="last")(layers.ReLU(name="relu")(x)))

    with pytest.raises(ConfigError) as caught:
        steps(layer_graph(model), frozenset({"lost"}))

    assert str(caught.value) == (
        "quantization-aware: float_layers: the model has no layer 'lost'; its layers with "
        "kernels: last"
    )


def test_a_kernel_inside_a_layer_is_refused_unless_it_stays_float() -> None:
    def build(x: Any) -> Any:
        y = layers.TimeDistributed(layers.Dense(3, name="inside"), name="timed")(x)
        return layers.Conv2D(1, 1, name="last")(y)

    graph = layer_graph(_functional(build))

    with pytest.raises(ConfigError) as caught:
        steps(graph, NONE)

    assert len(steps(graph, frozenset({"timed"}))) == 2
    assert str(caught.value) == (
        "quantization-aware: 'inside' (Dense) is inside the layer 'timed' (TimeDistributed), where "
        "it cannot be rounded; build that part as keras.Model(inputs, outputs), or name 'timed' in "
        "float_layers"
    )


def test_a_model_without_a_layer_to_round_is_refused() -> None:
    graph = layer_graph(_functional(lambda x: layers.Conv2D(1, 1, name="last")(x)))

    with pytest.raises(ConfigError) as caught:
        steps(graph, frozenset({"last"}))

    assert str(caught.value) == (
        "quantization-aware: no layer is left to round; the model needs a convolution or a dense "
        "layer that float_layers does not name"
    )
