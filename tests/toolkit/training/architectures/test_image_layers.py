"""Image nets arrive in both formats as Keras has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.reference import trace
from edgesmith.training.architectures import architectures
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

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
    artifact_of: Callable[..., Artifact], name: str, options: dict[str, Any], fmt: Format
) -> None:
    inputs = (TensorSpec("image", "float32", ("batch", 32, 32, 3)),)
    model = architectures[name](inputs, CLASSES, Task.CLASSIFICATION, **options)
    reference = trace(model)
    images = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype(np.float32)

    artifact = artifact_of(reference, fmt, labels={"scores": ("a", "b", "c")})

    answers = open_runner(artifact, n_threads=1).run({"image": images})["scores"]
    np.testing.assert_allclose(answers, reference.run({"image": images})["scores"], atol=1e-5)
