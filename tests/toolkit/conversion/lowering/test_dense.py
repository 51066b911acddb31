from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx
import pytest

from edgesmith.conversion import lower
from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("shape", [(5, 3), (None, 3), (2, 5, 3)])
def test_a_dense_layer_on_many_axes_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, shape: tuple[int | None, ...]
) -> None:
    x = keras.Input(shape)
    model = keras.Model(x, layers.Dense(4, activation="relu")(x))
    samples = np.random.default_rng(0).standard_normal(
        (3, *(n or 6 for n in shape)), np.float32
    )

    assert error_of(model, fmt, samples) < 1e-6


def test_a_sequence_takes_one_product(artifact_of: Callable[..., Artifact]) -> None:
    x = keras.Input((None, 3))
    reference = trace(keras.Model(x, layers.Dense(4)(x)))

    content = bytes(artifact_of(reference, Format.ONNX).content)

    model = onnx.load_model_from_string(content)
    assert [node.op_type for node in model.graph.node] == ["MatMul", "Add"]


def test_a_dense_layer_on_rows_stays_as_it_is() -> None:
    x = keras.Input((3,))

    _, lowered = lower(trace(keras.Model(x, layers.Dense(4)(x))), Format.ONNX)

    assert lowered == ()
