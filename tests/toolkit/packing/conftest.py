"""Candidates and an interface around the small image model, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.core import Candidate
from edgesmith.packing.bundle import Interface
from edgesmith.packing.golden import golden_samples
from edgesmith.recipe import Recipe
from edgesmith_runtime.golden import GoldenSamples, Tolerance
from edgesmith_runtime.manifest import (
    Decode,
    DecodeOp,
    Kind,
    Output,
    Parity,
    RawInput,
    Score,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact


@pytest.fixture(scope="session")
def candidates(
    reference: Reference, artifact_of: Callable[..., Artifact]
) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            recipe=Recipe(name=f"float32_{fmt}", format=fmt),
            artifact=artifact_of(reference, fmt),
            score=Score(metric="accuracy", value=0.9, low=0.8, high=0.95, n_samples=40),
            parity=Parity(max_abs_error=1e-7, mean_abs_error=1e-8, agreement=1.0, n_samples=40),
        )
        for fmt in Format
    )


@pytest.fixture(scope="session")
def interface() -> Interface:
    return Interface(
        name="digits",
        task=Task.CLASSIFICATION,
        raw_inputs=(RawInput("pixels", Kind.TENSOR, "an array (8, 8, 1)"),),
        transform=(
            Step(
                op="tensor",
                inputs=("pixels",),
                outputs=("image",),
                params={"dtype": "float32", "shape": [8, 8, 1]},
            ),
        ),
        outputs=(
            Output(
                name="digit",
                shape=(3,),
                labels=("zero", "one", "two"),
                decode=Decode(op=DecodeOp.ARGMAX),
            ),
        ),
    )


@pytest.fixture(scope="session")
def golden(
    reference: Reference, interface: Interface, images: NDArray[np.float32]
) -> GoldenSamples:
    tolerances = {"digit": Tolerance(1e-4, 0.0)}

    def original(tensors: Any) -> Any:
        return reference.run(tensors)

    return golden_samples(
        interface.raw_inputs,
        {"pixels": images[:3].astype(np.float64)},
        Transform(interface.transform, ("pixels",)),
        original=original,
        inputs=["image"],
        artifacts={"model.onnx": tolerances, "model.tflite": tolerances},
    )
