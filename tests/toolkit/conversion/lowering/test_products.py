from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from keras import layers, ops

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

_WEIGHT = np.random.default_rng(1).normal(0, 1, (4, 2, 3)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_einstein_sums_answer_as_keras_at_any_length(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 8, 4)).astype("float32")

    model = model_of(
        {"x": ((None, 4), "float32")},
        lambda x: ops.einsum("bij,bkj->bik", x, x),
        lambda x: ops.einsum("bij,bij->bi", x, x),
        lambda x: ops.einsum("bi,bj->bij", x[:, 0], x[:, 1]),
        lambda x: ops.einsum("...ij,...kj->...ki", x, x),
        lambda x: ops.einsum("bij,jkl->bkil", x, _WEIGHT),
        lambda x: ops.einsum("bj,bkj->bk", x[:, 0], x),
        lambda x: ops.einsum("kj,bij->bik", _WEIGHT[:, 0].T, x),
        lambda x: ops.einsum(
            "bijk,jkl->bil", ops.einsum("bij,jkl->bilk", x, _WEIGHT), _WEIGHT[:3]
        ),
        lambda x: ops.einsum("bij,bjk,bkl->bil", x, ops.transpose(x, (0, 2, 1)), x),
        lambda x: tf.einsum("bij->bji", x),
    )

    assert error_of(model, fmt, x, x[:, :5]) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize(
    "make", [layers.Dense, lambda n: layers.EinsumDense("abc,cd->abd", (None, n))]
)
def test_layers_that_keras_quantized_answer_as_keras(
    error_of: Callable[..., float], fmt: Format, make: Callable[[int], keras.Layer]
) -> None:
    x, layer = keras.Input((7, 4)), make(5)
    layer(x)
    layer.quantize("int8")
    samples = np.random.default_rng(0).normal(0, 1, (3, 7, 4)).astype("float32")

    assert error_of(keras.Model(x, layer(x)), fmt, samples) < 1e-6


@pytest.mark.slow
def test_attention_heads_take_no_node_that_computes_shapes(
    artifact_of: Callable[..., Artifact],
) -> None:
    x = keras.Input((None, 8))
    reference = trace(keras.Model(x, layers.MultiHeadAttention(2, 4)(x, x)))

    content = bytes(artifact_of(reference, Format.ONNX).content)

    used = {node.op_type for node in onnx.load_model_from_string(content).graph.node}
    assert used == {"MatMul", "Reshape", "Transpose", "Mul", "Softmax"}
