"""Image nets arrive in both formats as Keras has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.config.delivery import ConversionConfig
from edgesmith.conversion import convert
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith.training.architectures import architectures
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mobilenet", {"width": 4, "stages": 2, "dropout": 0.2}),
        ("backbone", {"net": "MobileNet", "alpha": 0.25}),
    ],
)
def test_an_artifact_answers_as_keras(
    tmp_path: Path, name: str, options: dict[str, Any], fmt: Format
) -> None:
    inputs = (TensorSpec("image", "float32", ("batch", 32, 32, 3)),)
    model = architectures[name](inputs, CLASSES, Task.CLASSIFICATION, **options)
    reference = trace(model)
    images = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype(np.float32)

    artifact = convert(
        reference,
        Recipe(name="any", format=fmt),
        labels={"scores": ("a", "b", "c")},
        config=ConversionConfig(),
        directory=tmp_path,
    )

    answers = open_runner(artifact, n_threads=1).run({"image": images})["scores"]
    np.testing.assert_allclose(answers, reference.run({"image": images})["scores"], atol=1e-5)
