from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    import keras

INPUTS = (TensorSpec("x", "float32", ("batch", 10)),)
CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))


def _mlp(**options: object) -> keras.Model:
    return architectures["mlp"](INPUTS, CLASSES, Task.CLASSIFICATION, **options)


def test_widths_set_the_hidden_layers() -> None:
    model = _mlp(widths=(7, 5))

    assert model.count_params() == (10 + 1) * 7 + (7 + 1) * 5 + (5 + 1) * 3


def test_without_widths_it_is_linear() -> None:
    model = _mlp(widths=())

    assert model.count_params() == (10 + 1) * 3


def test_dropout_and_batch_norm_follow_each_hidden_layer() -> None:
    model = _mlp(widths=(7, 5), dropout=0.25, batch_norm=True, activation="tanh")

    kinds = [type(layer).__name__ for layer in model.layers]
    hidden = ["Dense", "BatchNormalization", "Activation", "Dropout"]
    assert kinds == ["InputLayer", *hidden, *hidden, "Dense"]
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.25, 0.25]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (8, 0)}, "training.options.widths: expected a whole number from 1, got 0"),
        (
            {"widths": "wide"},
            "training.options.widths: expected whole numbers, e.g. [64, 32], got 'wide'",
        ),
        (
            {"dropout": 1.0},
            "training.options.dropout: expected a number from 0, below 1, got 1.0",
        ),
        (
            {"batch_norm": "yes"},
            "training.options.batch_norm: expected one of True, False, got 'yes'",
        ),
        (
            {"activation": "rely"},
            "training.options.activation: expected one of relu, tanh, sigmoid, elu, selu, gelu, "
            "silu, leaky_relu, got 'rely'",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _mlp(**options)

    assert str(caught.value) == message
