"""How far an artifact is from its Keras model, converted in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.config import ConversionConfig
from edgesmith.conversion import convert_here
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith_runtime.runners import open_runner

if TYPE_CHECKING:
    from edgesmith_runtime.spec import Format

ErrorOf = Callable[..., float]


@pytest.fixture
def error_of() -> ErrorOf:
    """Converts a model and gives its largest error, in parts of the output's range."""
    return _error


def _error(
    model: Any,
    fmt: Format,
    *samples: Mapping[str, Any] | np.ndarray,
    opset: int = 18,
) -> float:
    """The largest error over all outputs, at batch 1 and at the batch of the samples.

    A whole-number or boolean output that differs anywhere counts as infinitely far. Several
    samples are run by one artifact, one after the other.
    """
    reference = trace(model, samples=samples[0])
    name = reference.signature.inputs[0].name
    tensors = [dict(one) if isinstance(one, Mapping) else {name: one} for one in samples]
    artifact = convert_here(
        reference,
        Recipe(name=f"float32_{fmt}", format=fmt),
        labels={},
        config=ConversionConfig(opset=opset),
    )
    runner = open_runner(artifact)
    errors = [
        _distance(expected, runner.run(batch)[name])
        for batch in (*tensors, *({k: v[:1] for k, v in one.items()} for one in tensors))
        for name, expected in reference.run(batch).items()
    ]
    return max(errors)


def _distance(expected: np.ndarray, given: np.ndarray) -> float:
    if expected.shape != given.shape or expected.dtype != given.dtype:
        return float("inf")
    if expected.dtype.kind in "iub":
        return 0.0 if np.array_equal(expected, given) else float("inf")
    if not np.array_equal(np.isfinite(expected), np.isfinite(given)):
        return float("inf")
    finite = np.isfinite(expected)
    scale = max(float(np.ptp(expected[finite])), 1e-6) if finite.any() else 1.0
    return float(np.max(np.abs(expected[finite] - given[finite]), initial=0.0)) / scale
