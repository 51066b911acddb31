"""An anomaly detection from raw data to a bundle: its threshold, its score, its decisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import edgesmith_runtime as er
from edgesmith.config.reading import parse_config
from edgesmith.packing import read_record
from edgesmith.pipeline import build
from edgesmith.reporting import summary
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.golden import read_golden

if TYPE_CHECKING:
    from edgesmith.pipeline import BuildResult

pytestmark = pytest.mark.slow

DIGITS = """
name = "not_zero"
task = "anomaly"
source = { kind = "sklearn", dataset = "digits" }
image = { mode = "grey", height = 8, width = 8 }
anomaly = { normal = ["0"], abnormal = ["6", "8"], quantile = 0.9 }
benchmark = { enabled = false }
training = { architecture = "mahalanobis" }
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return _build(tmp_path_factory.mktemp("built"))


def _build(out: Path, *overrides: str) -> BuildResult:
    config = parse_config(DIGITS, where="digits.toml", folder=Path(), overrides=overrides)
    return build(config, out)


def test_the_threshold_is_a_quantile_of_normal_validation_scores(built: BuildResult) -> None:
    model = er.load(built.bundle)
    digits: Any = load_digits()
    record = read_record(built.bundle.parent / "build").sets
    known = {
        array.tobytes() for name in record for array in np.load(record[name].tensors["pixels"])
    }
    zeros = digits.images[digits.target == 0].astype(np.uint8)
    # Training and test tensors are recorded: what is left of the zeros are the validation samples.
    left = [one for one in zeros if model.prepare(one)["pixels"][0].tobytes() not in known]
    scores = np.array([model.predict(one).score for one in left], np.float64)

    threshold = model.manifest.outputs[0].decode.threshold

    origin = model.manifest.provenance["threshold"]
    assert origin == {"quantile": 0.9, "split": "validation", "n_samples": len(left)}
    assert threshold == pytest.approx(np.quantile(scores, 0.9), rel=1e-5)
    assert built.summary.threshold == threshold


def test_a_quantile_of_fewer_scores_than_it_takes_is_told(
    built: BuildResult, tmp_path: Path
) -> None:
    result = _build(
        tmp_path,
        'anomaly={normal=["0"], abnormal=["6", "8"], quantile=0.99}',
        'conversion.formats=["onnx"]',
    )

    few, enough = result.summary, built.summary
    n_samples = few.provenance["threshold"]["n_samples"]
    assert 10 <= n_samples < 100
    assert few.account is not None
    assert few.account.warnings[-1] == (
        f"the threshold is the quantile 0.99 of {n_samples} normal validation scores, and it "
        "takes 100 for one of them to lie above: the share of false alarms is a guess; give more "
        "normal samples, a larger split.validation, or a smaller anomaly.quantile"
    )
    assert enough.account is not None
    assert not any("quantile" in warning for warning in enough.account.warnings)


def test_scores_are_distances_from_the_training_samples(built: BuildResult) -> None:
    sets = read_record(built.bundle.parent / "build").sets
    train, test = (
        np.load(sets[name].tensors["pixels"]).reshape(-1, 64).astype(np.float64)
        for name in ("calibration", "test")
    )
    deviation = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    standard, tested = ((one - train.mean(axis=0)) / deviation for one in (train, test))
    given = built.summary.predicted
    assert given is not None

    _, shrinkage = _ledoit_wolf(standard)
    correlations = standard.T @ standard / len(standard)
    np.fill_diagonal(correlations, 1)
    inverse = np.linalg.inv((1 - shrinkage) * correlations + shrinkage * np.eye(64))

    expected = np.sqrt(np.einsum("ni,ij,nj->n", tested, inverse, tested))
    np.testing.assert_allclose(given, expected, rtol=1e-3)


def _ledoit_wolf(standard: np.ndarray) -> tuple[np.ndarray, float]:
    found: Any = LedoitWolf(assume_centered=True).fit(standard)
    return found.covariance_, float(found.shrinkage_)


def test_the_score_is_the_auc_of_the_test_split(built: BuildResult) -> None:
    report = built.summary
    assert report.expected is not None
    assert report.predicted is not None
    assert report.original.score is not None

    area = roc_auc_score(report.expected, report.predicted)

    assert report.original.score.metric == "auc"
    scores = [report.original.score, *(one.score for one in report.candidates)]
    assert [one.value for one in scores if one] == pytest.approx([area] * 3, abs=1e-6)
    assert area > 0.99


@pytest.mark.parametrize("artifact", ["model.onnx", "model.tflite"])
def test_raw_samples_are_told_apart(built: BuildResult, artifact: str) -> None:
    model = er.load(built.bundle, artifact=artifact)
    digits: Any = load_digits()
    images = digits.images.astype(np.uint8)

    strange = model.predict_batch(list(images[digits.target == 6]))
    normal = model.predict_batch(list(images[digits.target == 0]))

    assert all(one.is_anomaly for one in strange)
    assert sum(bool(one.is_anomaly) for one in normal) < 0.15 * len(normal)
    assert model.selftest().started_from == "raw"


def test_agreement_is_of_the_decisions(built: BuildResult) -> None:
    found = summary(built.summary)

    assert [one["agreement"] for one in found["artifacts"]] == [1.0, 1.0]
    assert (found["metric"], found["threshold"]) == ("auc", built.summary.threshold)


def test_golden_samples_are_of_both_kinds(built: BuildResult) -> None:
    model = er.load(built.bundle)
    golden = read_golden(read_bundle(built.bundle))

    answers = model.predict_batch([np.asarray(one["image"]) for one in golden.raw])

    assert {one.is_anomaly for one in answers} == {False, True}


def test_normal_training_samples_alone_give_a_threshold_and_no_score(tmp_path: Path) -> None:
    labels = ", ".join(f'"{digit}"' for digit in range(10))

    result = _build(
        tmp_path,
        f"anomaly={{normal=[{labels}], quantile=0.5}}",
        "split.validation=0",
        'conversion.formats=["onnx"]',
    )

    report = result.summary
    assert report.original.score is None
    assert report.account is not None
    assert "no abnormal test sample: nothing can be scored" in report.account.warnings
    origin = report.provenance["threshold"]
    assert (origin["split"], origin["n_samples"]) == ("train", 1437)
    assert report.predicted is not None
    assert report.threshold == pytest.approx(np.median(report.predicted), rel=0.05)
