from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.config import ConversionConfig
from edgesmith.divergence import diverging_layer
from edgesmith.evaluation import Evaluation, evaluate
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith.silence import Silent
from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path

layers = keras.layers


class Slipping(keras.layers.Layer):
    """Another value each time it is traced, as a layer that converts wrongly has."""

    n_traces = 0

    def call(self, x: Any) -> Any:
        self.n_traces += 1
        return x + float(self.n_traces)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape


def _model() -> keras.Model:
    x = keras.Input((3,), name="x")
    y = Slipping(name="slips")(layers.Dense(4, name="before")(x))
    return keras.Model(x, layers.Dense(2, name="after")(y))


@pytest.mark.slow
def test_the_first_layer_that_differs_is_named(tmp_path: Path) -> None:
    reference = trace(_model())

    layer = diverging_layer(
        reference,
        Recipe(name="float32_onnx", format=Format.ONNX),
        {"x": np.ones((2, 3), np.float32)},
        config=ConversionConfig(),
        directory=tmp_path,
    )

    assert layer == "slips"


@pytest.mark.slow
def test_a_model_that_converts_rightly_has_none(tmp_path: Path) -> None:
    x = keras.Input((3,), name="x")

    layer = diverging_layer(
        trace(keras.Model(x, layers.Dense(2)(x))),
        Recipe(name="float32_onnx", format=Format.ONNX),
        {"x": np.ones((2, 3), np.float32)},
        config=ConversionConfig(),
        directory=tmp_path,
    )

    assert layer is None


@pytest.mark.slow
def test_the_error_of_an_evaluation_names_it(tmp_path: Path) -> None:
    reference = trace(_model())
    evaluation = Evaluation(
        task=Task.TENSOR,
        outputs=(Output(name="after", shape=(2,)),),
        batches=lambda: iter([{"x": np.ones((2, 3), np.float32)}]),
        targets=None,
        metric="",
        seed=0,
    )

    with pytest.raises(
        ParityError,
        match=r"^model\.onnx: output 'after' differs .* \(sample \d, position \[\d\]: expected .*"
        r"; the first layer that differs is 'slips'; the artifact must not ship: leave onnx out",
    ):
        evaluate(
            reference,
            evaluation,
            ConversionConfig(formats=(Format.ONNX,)),
            directory=tmp_path,
            progress=Silent(),
        )
