from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesmith.config import TrainingConfig
from edgesmith.core import Prepared, Split
from edgesmith.training import Fitted, fit
from edgesmith.training.batches import Batches
from edgesmith_runtime.errors import EdgesmithError

Prepare = Callable[..., Prepared]
CHILD = Path(__file__).parent / "training_child.py"


def _line(n_samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_samples, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.3
    return x, (y + rng.normal(size=y.shape) * 0.1).astype(np.float32)


def _blobs(n_samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n_samples)
    centres = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2]])
    return (centres[classes] + rng.normal(size=(n_samples, 3))).astype(np.float32), classes


def _config(**keys: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"architecture": "linear", **keys})


def _weights(fitted: Fitted) -> list[np.ndarray]:
    return [variable.value.numpy() for variable in fitted.model.variables]


@pytest.fixture
def train(tmp_path: Path, progress: Any) -> Callable[..., Fitted]:
    def run(prepared: Prepared, config: TrainingConfig, *, seed: int = 0) -> Fitted:
        directory = tmp_path / "checkpoints"
        return fit(prepared, config, seed=seed, directory=directory, progress=progress)

    return run


def test_sgd_on_squared_error_takes_the_gradient_steps_of_the_textbook(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    x, y = _line(20)
    config = _config(optimizer="sgd", learning_rate=0.1, batch_size=20, epochs=1)
    start = _weights(
        train(prepare((x, y)), _config(optimizer="sgd", learning_rate=1e-30, epochs=1))
    )

    fitted = train(prepare((x, y)), config)

    error = x @ start[0] + start[1] - y
    np.testing.assert_allclose(
        _weights(fitted)[0], start[0] - 0.1 * 2 * x.T @ error / 20, rtol=1e-5
    )
    np.testing.assert_allclose(
        _weights(fitted)[1], start[1] - 0.1 * 2 * error.mean(0), rtol=1e-5
    )
    assert fitted.curve.train_loss == pytest.approx([float(np.mean(error**2))], rel=1e-5)


def test_mixed_samples_teach_the_gradient_of_their_mixed_targets(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    prepared = prepare(_line(20))
    sgd = {"optimizer": "sgd", "batch_size": 20, "epochs": 1, "mixup": 0.5}
    start = _weights(train(prepared, _config(learning_rate=1e-30, **sgd)))

    fitted = train(prepared, _config(learning_rate=0.1, **sgd))

    ones = np.ones(20, np.float32)
    made = Batches(prepared, Split.TRAIN, weights=ones, batch_size=20, mixup=0.5)
    (batch,) = made.shuffled(0, 0)
    x, shares = batch.tensors["x"], batch.weights[:, None] / 2
    targets = (shares * batch.targets).reshape(2, 20, 1).sum(axis=0)
    error = x @ start[0] + start[1] - targets
    np.testing.assert_allclose(
        _weights(fitted)[0], start[0] - 0.1 * 2 * x.T @ error / 20, rtol=1e-4
    )


def test_linear_regression_reaches_least_squares(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    x, y = _line(200)
    config = _config(optimizer="sgd", learning_rate=0.05, schedule="cosine", epochs=60)

    fitted = train(prepare((x, y)), config)

    solution, *_ = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)
    np.testing.assert_allclose(_weights(fitted)[0], solution[:3], atol=5e-3)
    np.testing.assert_allclose(_weights(fitted)[1], solution[3], atol=5e-3)


def test_the_curve_has_a_number_an_epoch(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    config = _config(epochs=4, learning_rate=0.1, schedule="step", decay=0.1, decay_epochs=2)

    curve = train(prepare(_blobs(60), _blobs(30, seed=1)), config).curve

    assert len(curve.train_loss) == len(curve.validation_loss) == 4
    assert curve.learning_rate == pytest.approx((0.1, 0.1, 0.01, 0.01))
    assert curve.train_loss[-1] < curve.train_loss[0]
    assert (curve.best_epoch, curve.stop_reason) == (4, "all 4 epochs done")


def test_early_stopping_restores_the_best_weights(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    x, y = _blobs(40)
    validation_x, validation_y = _blobs(200, seed=1)
    config = _config(
        architecture="mlp",
        options={"widths": (64,)},
        learning_rate=0.05,
        epochs=100,
        patience=5,
    )

    fitted = train(prepare((x, y), (validation_x, validation_y)), config)

    curve = fitted.curve
    assert curve.stop_reason == "validation loss did not improve for 5 epochs"
    assert curve.best_epoch == len(curve.validation_loss) - 5
    assert curve.validation_loss[curve.best_epoch - 1] == min(curve.validation_loss)
    scores = fitted.model(validation_x).numpy()
    loss = -np.log(scores[np.arange(200), validation_y]).mean()
    assert loss == pytest.approx(min(curve.validation_loss), rel=1e-4)


def test_balanced_classes_pull_the_scores_to_the_rare_one(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    x = np.zeros((100, 1), np.float32)
    y = (np.arange(100) < 10).astype(np.int64)
    config = _config(
        optimizer="sgd", learning_rate=0.5, epochs=60, batch_size=100, class_weights="balanced"
    )

    scores = train(prepare((x, y)), config).model(x[:1]).numpy()

    np.testing.assert_allclose(scores, [[0.5, 0.5]], atol=1e-2)


def test_a_penalty_of_the_model_counts(
    prepare: Prepare,
    train: Callable[..., Fitted],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "ridge_net.py").write_text(
        "import keras\n"
        "def ridge(inputs, output, task):\n"
        "    x = keras.Input((1,), name='x')\n"
        "    dense = keras.layers.Dense(1, use_bias=False, kernel_regularizer=keras.regularizers.L2(1.0))\n"
        "    return keras.Model(x, dense(x))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    x = np.array([[1.0], [-1.0]], np.float32)
    config = _config(
        architecture="ridge_net:ridge", optimizer="sgd", learning_rate=0.1, epochs=80
    )

    weights = _weights(train(prepare((x, 3 * x)), config))

    np.testing.assert_allclose(weights[0], [[1.5]], atol=1e-3)


def test_the_same_seed_gives_the_same_bits_and_another_others(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    prepared = prepare(_blobs(60), _blobs(30, seed=1))
    config = _config(
        architecture="mlp",
        options={"dropout": 0.3, "batch_norm": True},
        epochs=3,
        batch_size=16,
    )

    first, second, third = (train(prepared, config, seed=seed) for seed in (1, 1, 2))

    for one, other in zip(_weights(first), _weights(second), strict=True):
        np.testing.assert_array_equal(one, other)
    assert first.curve == second.curve
    assert first.curve != third.curve


def test_progress_counts_updates_and_tells_of_ten_epochs(
    prepare: Prepare, train: Callable[..., Fitted], progress: Any
) -> None:
    train(prepare(_blobs(60), _blobs(30, seed=1)), _config(epochs=20, batch_size=20))

    assert progress.n_updates == 20 * 3
    assert [line.split(":")[0] for line in progress.said] == [
        f"epoch {epoch}/20" for epoch in range(2, 21, 2)
    ]
    assert ", validation " in progress.said[0]


def test_a_loss_that_is_no_number_ends_training_with_advice(
    prepare: Prepare, train: Callable[..., Fitted]
) -> None:
    x, y = _line(8)
    config = _config(optimizer="sgd", learning_rate=1e30, epochs=9, batch_size=4)

    with pytest.raises(EdgesmithError) as caught:
        train(prepare((x, y)), config)

    message = str(caught.value)
    assert message.startswith("training: the loss became ")
    assert "in epoch 1, update 2" in message
    assert message.endswith(
        "lower training.learning_rate, which is 1e+30, or set training.warmup_epochs"
    )


def _child(directory: Path, kill_after: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHILD), str(directory), str(kill_after)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_result_of_an_unbroken_one(tmp_path: Path) -> None:
    unbroken, killed = tmp_path / "unbroken", tmp_path / "killed"
    unbroken.mkdir()
    killed.mkdir()

    assert _child(unbroken, 0).returncode == 0
    assert _child(killed, 17).returncode == -signal.SIGKILL
    newest = max((killed / "checkpoints").glob("*.checkpoint"))
    newest.write_bytes(newest.read_bytes()[:-9])
    last = _child(killed, 0)

    assert last.returncode == 0, last.stderr
    assert "damaged, its digest does not match; skipped" in last.stdout
    assert "training goes on after epoch 3" in last.stdout
    assert list((killed / "checkpoints").iterdir()) == []
    with np.load(unbroken / "weights.npz") as expected, np.load(killed / "weights.npz") as got:
        assert got.files == expected.files
        for name in expected.files:
            np.testing.assert_array_equal(got[name], expected[name])
