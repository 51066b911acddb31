from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis as distance
from sklearn.covariance import LedoitWolf

from edgesmith.reference import trace
from edgesmith.training.architectures import architectures
from edgesmith.training.architectures.mahalanobis import fit_mahalanobis
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact

SCORE = Output(name="score", shape=(1,))


def _model(*shape: int, **options: object) -> keras.Model:
    inputs = (TensorSpec("x", "float32", ("batch", *shape)),)
    return architectures["mahalanobis"](inputs, SCORE, Task.ANOMALY, **options)


def _samples(n_samples: int = 300) -> NDArray[np.float32]:
    """Five features that go together, of very different scales."""
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(n_samples, 5)) @ rng.normal(size=(5, 5))
    return (mixed * [1, 10, 100, 0.1, 1] + [0, 5, 100, 1, 0]).astype(np.float32)


def test_the_score_is_scipys_mahalanobis_distance() -> None:
    samples = _samples()
    model = _model(5, shrinkage=0.0)

    fit_mahalanobis(model, {"x": samples}, {"shrinkage": 0.0})

    inverse = np.linalg.inv(np.cov(samples.astype(np.float64), rowvar=False, bias=True))
    mean = samples.astype(np.float64).mean(axis=0)
    expected = [distance(sample, mean, inverse) for sample in samples]
    scores = model(samples).numpy()
    assert (scores.shape, scores.dtype) == ((300, 1), np.float32)
    np.testing.assert_allclose(scores[:, 0], expected, rtol=1e-4)


def test_few_samples_are_shrunk_as_ledoit_and_wolf_say() -> None:
    samples = _samples(12)
    model = _model(5)

    fit_mahalanobis(model, {"x": samples}, {})

    standard = (samples - samples.mean(axis=0)) / samples.std(axis=0)
    reference: Any = LedoitWolf().fit(standard)
    expected = np.sqrt(reference.mahalanobis(standard))
    np.testing.assert_allclose(model(samples).numpy()[:, 0], expected, rtol=1e-4)


def test_scales_of_the_features_do_not_matter() -> None:
    samples = _samples()
    scores = []
    for factor in (1.0, np.array([3.0, 0.01, 50.0, 7.0, 1.0])):
        model = _model(5)
        scaled = (samples * factor).astype(np.float32)
        fit_mahalanobis(model, {"x": scaled}, {})
        scores.append(model(scaled).numpy())

    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3)


def test_a_feature_that_never_changed_counts_in_its_own_unit() -> None:
    samples = np.concatenate([_samples(), np.full((300, 1), 2.0, np.float32)], axis=1)
    model = _model(6, shrinkage=0.0)

    fit_mahalanobis(model, {"x": samples}, {"shrinkage": 0.0})

    strange = np.array([[*samples[:, :5].mean(axis=0), 5.0]], np.float32)
    assert model(strange).numpy().item() == pytest.approx(3.0, rel=1e-3)


def test_the_mean_itself_has_a_score_of_0_and_tensors_are_flattened() -> None:
    samples = np.random.default_rng(1).normal(size=(50, 2, 3)).astype(np.float32)
    samples -= samples.mean(axis=0)
    model = _model(2, 3)

    fit_mahalanobis(model, {"x": samples}, {})

    assert model(np.zeros((1, 2, 3), np.float32)).numpy().item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)
def test_what_lies_far_off_never_looks_normal(
    fmt: Format, artifact_of: Callable[..., Artifact]
) -> None:
    samples = _samples()
    model = _model(5)
    fit_mahalanobis(model, {"x": samples}, {})
    farthest = float(model(samples).numpy().max())

    artifact = artifact_of(trace(model), fmt)
    far = np.concatenate(
        [
            np.full((1, 5), sign * 10.0**power, np.float32)
            for power in range(6, 31)
            for sign in (1, -1)
        ]
    )
    scores = open_runner(artifact, n_threads=1).run({"x": far})["score"]

    assert np.isfinite(scores).all()
    assert scores.min() > 100 * farthest
    assert (np.diff(scores[::2, 0]) >= 0).all()


def test_a_saved_model_needs_no_class_of_ours(tmp_path: Path) -> None:
    samples = _samples()
    model = _model(5)
    fit_mahalanobis(model, {"x": samples}, {})

    model.save(tmp_path / "model.keras")
    loaded: Any = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)

    np.testing.assert_array_equal(loaded(samples).numpy(), model(samples).numpy())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"shrinkage": 1.0},
            "training.options.shrinkage: expected a number from 0, below 1, got 1.0",
        ),
        (
            {"shrinkage": "some"},
            "training.options.shrinkage: expected a number from 0, below 1, got 'some'",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _model(5, **options)

    assert str(caught.value) == message


def test_more_features_than_a_matrix_bears_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"takes at most 4096 features, got 5000; take fewer"):
        _model(50, 100)


def test_features_that_depend_on_each_other_need_shrinkage() -> None:
    column = np.arange(20, dtype=np.float32)[:, None]
    model = _model(2, shrinkage=0.0)

    with pytest.raises(
        ConfigError, match=r"training.options.shrinkage: the features depend on"
    ):
        fit_mahalanobis(model, {"x": np.hstack([column, column])}, {"shrinkage": 0.0})


def test_one_sample_has_no_spread() -> None:
    with pytest.raises(ConfigError, match=r"mahalanobis needs two training samples or more"):
        fit_mahalanobis(_model(5), {"x": _samples(1)}, {})
