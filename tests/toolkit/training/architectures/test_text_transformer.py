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


def _transformer(**options: object) -> keras.Model:
    return architectures["text_transformer"](
        INPUTS, CLASSES, Task.CLASSIFICATION, n_tokens=10, **{"width": 4, **options}
    )


def test_a_head_is_scaled_dot_product_attention() -> None:
    import keras

    model = _transformer(heads=1)
    tokens = np.array([[7, 2, 4, 1, 0, 0]], np.int32)
    names = (
        "attention_norm",
        "head_1_query",
        "head_1_key",
        "head_1_value",
        "head_1_value_mean",
    )
    outputs = [model.get_layer(f"block_1_{name}").output for name in names]

    _, query, key, value, attended = (
        values[0].numpy() for values in keras.Model(model.inputs[0], outputs)(tokens)
    )

    scores = np.exp(query @ key[:4].T / np.sqrt(4))
    expected = scores / scores.sum(axis=1, keepdims=True) @ value[:4]
    np.testing.assert_allclose(attended, expected, rtol=1e-4, atol=1e-6)


def test_the_order_of_tokens_matters() -> None:
    model = _transformer()
    first, second = np.array([[1, 2, 3, 0, 0, 0]]), np.array([[3, 1, 2, 0, 0, 0]])

    assert np.abs(model(first).numpy() - model(second).numpy()).max() > 1e-5


def test_blocks_and_heads_are_as_many_as_asked() -> None:
    model = _transformer(heads=2, blocks=3)

    names = {layer.name for layer in model.layers}
    assert "block_3_head_2_query" in names
    assert not any(name.startswith(("block_4", "block_1_head_3")) for name in names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": 0}, "training.options.blocks: expected a whole number from 1, got 0"),
        ({"heads": 3}, "training.options.width: expected a multiple of the 3 heads, got 4"),
        (
            {"dropout": 1},
            "training.options.dropout: expected a number from 0, below 1, got 1",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _transformer(**options)

    assert str(caught.value) == message
