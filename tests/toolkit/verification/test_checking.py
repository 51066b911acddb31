from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.verification.checking import Truth, verify
from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith.reference import Reference
    from edgesmith.verification.checking import Verified
    from edgesmith_runtime.bundle import Artifact

DIGIT = Output(
    name="digit", shape=(3,), labels=("0", "1", "2"), decode=Decode(op=DecodeOp.ARGMAX)
)
both_formats = pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)


@pytest.fixture(scope="module")
def original(reference: Reference, images: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return reference.run({"image": images})


@pytest.fixture(scope="module")
def own_artifacts(
    reference: Reference, artifact_of: Callable[..., Artifact]
) -> dict[Format, Artifact]:
    return {fmt: artifact_of(reference, fmt) for fmt in Format}


def _batches(images: NDArray[np.float32]) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, len(images), 3):
        yield {"image": images[start : start + 3]}


def _verify(
    artifact: Artifact,
    original: dict[str, NDArray[Any]],
    images: NDArray[np.float32],
    *,
    task: Task = Task.CLASSIFICATION,
    truth: Truth | None = None,
) -> Verified:
    return verify(artifact, original, _batches(images), task=task, output=DIGIT, truth=truth)


@both_formats
def test_an_artifact_of_the_model_passes(
    own_artifacts: dict[Format, Artifact],
    original: dict[str, NDArray[Any]],
    images: NDArray[np.float32],
    fmt: Format,
) -> None:
    verified = _verify(own_artifacts[fmt], original, images)

    assert verified.score is None
    assert verified.parity.n_samples == 7
    assert verified.parity.agreement == 1.0
    assert 0.0 <= verified.parity.mean_abs_error <= verified.parity.max_abs_error < 1e-6
    np.testing.assert_allclose(verified.outputs["digit"], original["digit"], atol=1e-6)
    np.testing.assert_array_equal(verified.answers, original["digit"].argmax(axis=1))


@both_formats
def test_an_artifact_of_another_model_is_refused(
    other_artifacts: dict[Format, Artifact],
    original: dict[str, NDArray[Any]],
    images: NDArray[np.float32],
    fmt: Format,
) -> None:
    with pytest.raises(
        ParityError,
        match=rf"^model\.{fmt}: output 'digit' differs from the original by 0\.\d+, more than the "
        r"tolerance .* \(sample [012], position \[[012]\]: expected ",
    ):
        _verify(other_artifacts[fmt], original, images)


def test_the_score_is_that_of_the_artifacts_answers(
    own_artifacts: dict[Format, Artifact],
    original: dict[str, NDArray[Any]],
    images: NDArray[np.float32],
) -> None:
    targets = original["digit"].argmax(axis=1)
    targets[:2] = (targets[:2] + 1) % 3
    truth = Truth(metric="accuracy", targets=targets, rng=np.random.default_rng(0))

    verified = _verify(own_artifacts[Format.ONNX], original, images, truth=truth)

    assert verified.score is not None
    assert verified.score.value == 5 / 7
    assert (verified.score.metric, verified.score.n_samples) == ("accuracy", 7)


def test_tensors_without_a_meaning_have_no_decisions(
    own_artifacts: dict[Format, Artifact],
    original: dict[str, NDArray[Any]],
    images: NDArray[np.float32],
) -> None:
    verified = _verify(own_artifacts[Format.ONNX], original, images, task=Task.TENSOR)

    assert verified.parity.agreement is None
    assert verified.answers is None


def test_samples_that_are_missing_are_not_passed_over(
    own_artifacts: dict[Format, Artifact],
    original: dict[str, NDArray[Any]],
    images: NDArray[np.float32],
) -> None:
    with pytest.raises(ParityError, match="5 samples were run, the original has 7 outputs"):
        _verify(own_artifacts[Format.ONNX], original, images[:5])
