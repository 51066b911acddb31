from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    import keras

INPUTS = (TensorSpec("tokens", "int32", ("batch", 6)),)
CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))


def _bag(**options: object) -> keras.Model:
    return architectures["embedding_bag"](
        INPUTS, CLASSES, Task.CLASSIFICATION, n_tokens=10, **options
    )


def test_without_hidden_layers_it_is_the_softmax_of_the_mean_embedding() -> None:
    model = _bag(width=5)
    table = model.get_layer("embedding").get_weights()[0]
    kernel, offset = model.get_layer("scores").get_weights()

    scores = model(np.array([[7, 2, 2, 0, 0, 0]], np.int32)).numpy()

    logits = (table[7] + 2 * table[2]) / 3 @ kernel + offset
    np.testing.assert_allclose(scores[0], np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)


def test_the_order_of_tokens_does_not_matter() -> None:
    model = _bag(widths=(4,))
    first, second = np.array([[1, 2, 3, 0, 0, 0]]), np.array([[3, 1, 2, 0, 0, 0]])

    np.testing.assert_allclose(model(first).numpy(), model(second).numpy(), atol=1e-6)


def test_hidden_layers_and_dropout_follow_the_mean() -> None:
    model = _bag(width=5, widths=(7, 4), dropout=0.25)

    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[-6:] == ["Dropout", "Dense", "Dropout", "Dense", "Dropout", "Dense"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "training.options.width: expected a whole number from 1, got 0"),
        ({"widths": (0,)}, "training.options.widths: expected a whole number from 1, got 0"),
        (
            {"dropout": 1},
            "training.options.dropout: expected a number from 0, below 1, got 1",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _bag(**options)

    assert str(caught.value) == message
