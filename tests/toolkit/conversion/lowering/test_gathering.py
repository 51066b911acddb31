from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx
import pytest

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers


@pytest.mark.slow
def test_an_embedding_is_one_gather(
    error_of: Callable[..., float], artifact_of: Callable[..., Artifact]
) -> None:
    tokens = keras.Input((None,), dtype="int32")
    model = keras.Model(tokens, layers.Embedding(7, 3)(tokens))

    artifact = artifact_of(trace(model), Format.ONNX)

    graph = onnx.load_model_from_string(bytes(artifact.content)).graph
    assert [node.op_type for node in graph.node] == ["Gather"]
    assert error_of(model, Format.ONNX, np.array([[0, 6, -1], [-7, 3, 2]], np.int32)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_an_index_below_zero_counts_from_the_end(
    error_of: Callable[..., float], axis: int
) -> None:
    rows, places = keras.Input((4, 3), name="rows"), keras.Input((2,), dtype="int32", name="at")
    model = keras.Model([rows, places], keras.ops.take(rows, places[0], axis=axis))
    samples = {
        "rows": np.random.default_rng(0).random((2, 4, 3), np.float32),
        "at": np.array([[-1, 1], [-3, 0]], np.int32),
    }

    assert error_of(model, Format.ONNX, samples) == 0
