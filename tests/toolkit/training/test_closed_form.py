"""Anomaly detections through ``fit``: one in closed form, one through the loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sklearn.metrics

from edgesmith.config import TrainingConfig
from edgesmith.core import Prepared
from edgesmith.training import Fitted, fit
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Decode, DecodeOp, Output, Task

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Prepare = Callable[..., Prepared]


def _normal(n_samples: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Eight features that two causes move together."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(n_samples, 2))
    weights = np.random.default_rng(99).normal(size=(2, 8))
    samples = causes @ weights + 0.1 * rng.normal(size=(n_samples, 8))
    return samples.astype(np.float32), np.zeros(n_samples, np.int64)


def _strange(n_samples: int) -> NDArray[np.float32]:
    """As large as normal ones, and moved each on its own."""
    return np.random.default_rng(7).normal(size=(n_samples, 8)).astype(np.float32)


@pytest.fixture
def detect(prepare: Prepare) -> Callable[..., Prepared]:
    def make(*given: Any, **options: Any) -> Prepared:
        return dataclasses.replace(
            prepare(*given, **options),
            task=Task.ANOMALY,
            output=Output(name="score", shape=(1,), decode=Decode(op=DecodeOp.THRESHOLD)),
        )

    return make


@pytest.fixture
def train(tmp_path: Path, progress: Any) -> Callable[..., Fitted]:
    def run(prepared: Prepared, **keys: object) -> Fitted:
        config = TrainingConfig.model_validate(keys)
        return fit(prepared, config, seed=0, directory=tmp_path / "work", progress=progress)

    return run


@pytest.mark.parametrize(
    "keys",
    [
        {"architecture": "mahalanobis"},
        {
            "architecture": "autoencoder",
            "options": {"widths": (), "bottleneck": 2},
            "learning_rate": 0.02,
            "epochs": 30,
        },
    ],
    ids=["mahalanobis", "autoencoder"],
)
def test_what_does_not_go_together_as_in_training_is_strange(
    detect: Callable[..., Prepared], train: Callable[..., Fitted], keys: dict[str, object]
) -> None:
    fitted = train(detect(_normal(200), _normal(50, seed=1)), **keys)

    samples = np.concatenate([_normal(50, seed=2)[0], _strange(50)])
    scores = fitted.model(samples).numpy()[:, 0]
    assert sklearn.metrics.roc_auc_score(np.repeat([0, 1], 50), scores) > 0.97
    assert (scores >= 0).all()


def test_a_closed_form_has_a_curve_of_one_point(
    detect: Callable[..., Prepared], train: Callable[..., Fitted]
) -> None:
    train_x, validation_x = _normal(200), _normal(600, seed=1)

    fitted = train(detect(train_x, validation_x), architecture="mahalanobis")

    scores = [fitted.model(x).numpy().mean() for x in (train_x[0], validation_x[0])]
    curve = fitted.curve
    assert curve.train_loss == pytest.approx(scores[:1], rel=1e-5)
    assert curve.validation_loss == pytest.approx(scores[1:], rel=1e-5)
    assert (curve.best_epoch, curve.learning_rate) == (1, ())
    assert (
        curve.stop_reason == "fitted in closed form: the weights follow from the data at once"
    )


def test_options_reach_the_closed_form(
    detect: Callable[..., Prepared], train: Callable[..., Fitted]
) -> None:
    near_one = train(
        detect(_normal(200)), architecture="mahalanobis", options={"shrinkage": 1 - 1e-9}
    )

    samples = _normal(200)[0]
    standard = (samples - samples.mean(axis=0)) / samples.std(axis=0)
    lengths = np.linalg.norm(standard, axis=1)  # what is left without correlations
    np.testing.assert_allclose(near_one.model(samples).numpy()[:, 0], lengths, rtol=1e-4)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"epochs": 5},
            "training.epochs: 'mahalanobis' is fitted in closed form, without a loop; "
            "remove the key",
        ),
        (
            {"loss": "huber", "optimizer": "sgd"},
            "training.loss: 'mahalanobis' is fitted in closed form, without a loop; remove the key",
        ),
    ],
)
def test_a_key_of_the_loop_would_do_nothing(
    detect: Callable[..., Prepared],
    train: Callable[..., Fitted],
    keys: dict[str, object],
    message: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        train(detect(_normal(20)), architecture="mahalanobis", **keys)

    assert str(caught.value) == message


def test_augmentation_would_do_nothing(
    detect: Callable[..., Prepared], train: Callable[..., Fitted]
) -> None:
    prepared = detect(_normal(20), augment=lambda values, rng: values)

    with pytest.raises(ConfigError, match=r"^augmentation: 'mahalanobis' is fitted in closed"):
        train(prepared, architecture="mahalanobis")
