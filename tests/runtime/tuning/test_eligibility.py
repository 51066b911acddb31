"""No artifact stands in for the default one that an app could tell from it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.manifest import Manifest, Score, Selection
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec
from edgesmith_runtime.tuning.eligibility import objections

if TYPE_CHECKING:
    from collections.abc import Callable

    Rival = Callable[..., Manifest]


def score(value: float, low: float = 0.0, high: float = 1.0, metric: str = "accuracy") -> Score:
    return Score(metric=metric, value=value, low=low, high=high, n_samples=100)


@pytest.fixture
def rival(tiny_manifest: Manifest) -> Rival:
    """The tiny manifest with ``model.tflite``, which differs from ``model.onnx`` as given."""

    def make(*, default_score: Score | None = None, **changes: Any) -> Manifest:
        (entry,) = tiny_manifest.artifacts
        default = dataclasses.replace(entry, score=default_score)
        other = dataclasses.replace(entry, file="model.tflite", format=Format.TFLITE, **changes)
        return dataclasses.replace(tiny_manifest, artifacts=(other, default))

    return make


def test_the_default_comes_first_and_the_same_precision_competes(rival: Rival) -> None:
    found = objections(rival())

    assert list(found.items()) == [("model.onnx", None), ("model.tflite", None)]


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_after": None},
        {
            "signature": Signature(
                inputs=(TensorSpec("other", "float32", ("batch", 4)),),
                outputs=(TensorSpec("probabilities", "float32", ("batch", 3)),),
            )
        },
        {
            "signature": Signature(
                inputs=(TensorSpec("features", "float32", ("batch", 4)),),
                outputs=(TensorSpec("probabilities", "float32", ("batch", 4)),),
            )
        },
    ],
    ids=["start", "name", "shape"],
)
def test_other_tensors_keep_it_out(rival: Rival, changes: dict[str, Any]) -> None:
    found = objections(rival(**changes))

    assert found["model.tflite"] == "it takes or gives other tensors than model.onnx"


def test_quantized_tensors_are_the_same_numbers_to_an_app(rival: Rival) -> None:
    signature = Signature(
        inputs=(TensorSpec("features", "int8", (1, 4), scale=0.1, zero_point=0),),
        outputs=(TensorSpec("probabilities", "int8", (1, 3), scale=0.1, zero_point=0),),
    )

    assert objections(rival(signature=signature))["model.tflite"] is None


def test_a_lower_precision_without_scores_is_out(rival: Rival) -> None:
    found = objections(rival(precision=Precision.INT8, default_score=score(0.9)))

    assert found["model.tflite"] == (
        "it is int8, and the manifest has no scores that show it to be as good as model.onnx"
    )


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize(("value", "may"), [(0.88, True), (0.85, True), (0.84, False)])
def test_its_score_must_lie_in_the_interval_of_the_default(
    rival: Rival, precision: Precision, value: float, *, may: bool
) -> None:
    manifest = rival(
        precision=precision, score=score(value), default_score=score(0.9, 0.85, 0.95)
    )

    objection = objections(manifest)["model.tflite"]

    said = "its accuracy of 0.84 is outside of the interval of model.onnx, 0.85 to 0.95"
    assert objection == (None if may else said)


def test_scores_of_other_metrics_say_nothing(rival: Rival) -> None:
    manifest = rival(
        precision=Precision.INT8,
        score=score(0.9, metric="f1"),
        default_score=score(0.9, 0.8, 1.0),
    )

    assert "no scores" in (objections(manifest)["model.tflite"] or "")


def test_the_fastest_of_the_build_competes_by_its_judgement(rival: Rival) -> None:
    manifest = dataclasses.replace(
        rival(precision=Precision.INT8, score=score(0.8), default_score=score(0.9, 0.85, 0.95)),
        fastest=Selection(file="model.tflite", reason="measured"),
    )

    assert objections(manifest)["model.tflite"] is None
