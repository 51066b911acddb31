from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from edgesmith.config import ConversionConfig, TrainingConfig
from edgesmith.conversion import convert_here
from edgesmith.core import Prepared
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith.training import Pruning, QuantizationAware, fine_tune, fit
from edgesmith.training.pruning import pruned
from edgesmith_runtime.errors import ConfigError, EdgesmithError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

Prepare = Callable[..., Prepared]
layers = keras.layers
TUNINGS = [QuantizationAware(epochs=2), Pruning(epochs=2)]


class Silent:
    def track(self, items: Any, label: str, *, total: int) -> Any:
        return iter(items)

    def say(self, message: str) -> None:
        pass


@dataclass(frozen=True)
class Digits:
    """A separable net that reads the digits of scikit-learn, and what it learned from."""

    model: keras.Model
    prepared: Prepared
    config: TrainingConfig
    train: np.ndarray
    test: np.ndarray
    answers: np.ndarray

    def accuracy(self, scores: Any) -> float:
        return float(np.mean(np.argmax(scores, axis=1) == self.answers))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory, prepare_in: Prepare) -> Digits:
    bunch: Any = load_digits()
    images = (bunch.images / 16)[..., None].astype(np.float32)
    targets = bunch.target.astype(np.int64)
    order = np.random.default_rng(0).permutation(len(images))
    images, targets = images[order], targets[order]
    directory = tmp_path_factory.mktemp("digits")
    prepared = prepare_in(
        directory / "store", (images[:1200], targets[:1200]), (images[1200:], targets[1200:])
    )
    config = _config(
        architecture="cnn",
        options={"width": 16, "stages": 1, "kind": "separable"},
        epochs=12,
        learning_rate=1e-2,
    )
    fitted = fit(prepared, config, seed=0, directory=directory / "checks", progress=Silent())
    model = fitted.model
    return Digits(model, prepared, config, images[:512], images[1200:], targets[1200:])


@pytest.fixture
def unbalanced(digits: Digits) -> keras.Model:
    """The same function by channels of scales from 1/32 to 32, which later weights even out."""
    copy = keras.models.clone_model(digits.model)
    copy.set_weights(digits.model.get_weights())
    norm = copy.get_layer("stage_1_block_1_depth_norm")
    scales = 2.0 ** np.random.default_rng(1).uniform(-5, 5, norm.gamma.shape)
    norm.gamma.assign(norm.gamma.numpy() * scales)
    norm.beta.assign(norm.beta.numpy() * scales)
    kernel = copy.get_layer("stage_1_block_1_point").kernel
    kernel.assign(kernel.numpy() / scales[:, None])
    return copy


def _config(**keys: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"architecture": "linear", **keys})


def _blobs(n_samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n_samples)
    centres = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2]])
    return (centres[classes] + rng.normal(size=(n_samples, 3))).astype(np.float32), classes


def _net(*hidden: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    inner = hidden or (layers.Dense(8, activation="relu", name="hidden"), layers.Dropout(0.2))
    last = layers.Dense(3, activation="softmax", name="scores")
    return keras.Sequential([keras.Input((3,), name="x"), *inner, last], name="net")


def _uint8(values: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values on the grid of what was observed, and which of them are not cut off."""
    low, high = min(observed.min(), 0.0), max(observed.max(), 0.0)
    scale = (high - low) / 255
    lowest = np.round(low / scale) * scale
    highest = lowest + 255 * scale
    is_inside = (values >= lowest) & (values <= highest)
    return np.clip(np.round(values / scale) * scale, lowest, highest), is_inside


@pytest.mark.parametrize("per_channel", [True, False])
def test_a_net_that_int8_breaks_reads_again_after_quantization_awareness(
    digits: Digits,
    unbalanced: keras.Model,
    int8_answers: Callable[..., Any],
    *,
    per_channel: bool,
) -> None:
    def accuracy(model: keras.Model) -> float:
        scores = int8_answers(model, digits.train, digits.test, per_channel=per_channel)
        return digits.accuracy(scores)

    tuning = QuantizationAware(per_channel=per_channel)
    tuned = fine_tune(
        unbalanced, digits.prepared, digits.config, tuning, seed=1, progress=Silent()
    )

    assert digits.accuracy(unbalanced(digits.test)) > 0.8
    assert accuracy(unbalanced) < 0.5
    assert accuracy(tuned) > accuracy(unbalanced) + 0.25


def test_a_pruned_net_learns_to_read_again(digits: Digits) -> None:
    tuning = Pruning(sparsity=0.25, learning_rate_share=1.0)

    tuned = fine_tune(
        digits.model, digits.prepared, digits.config, tuning, seed=1, progress=Silent()
    )

    assert digits.accuracy(pruned(digits.model, 0.25)(digits.test)) < 0.5
    assert digits.accuracy(tuned(digits.test)) > 0.75


@pytest.mark.parametrize("tuning", TUNINGS)
def test_the_result_converts_like_any_model(
    prepare: Prepare, progress: Any, tuning: Any
) -> None:
    x, y = _blobs(60)
    tuned = fine_tune(_net(), prepare((x, y)), _config(), tuning, seed=1, progress=progress)

    reference = trace(tuned, samples=x)
    recipe = Recipe(name="float32_onnx", format=Format.ONNX)
    artifact = convert_here(reference, recipe, labels={}, config=ConversionConfig())
    (answers,) = open_runner(artifact).run({"x": x}).values()
    np.testing.assert_allclose(answers, tuned(x), atol=1e-5)


def test_one_update_is_a_gradient_step_of_rounded_numbers_at_a_share_of_the_rate(
    prepare: Prepare, progress: Any
) -> None:
    x, _ = _blobs(40)
    y = (x @ [[1.0], [-2.0], [0.5]] + 5).astype(np.float32)
    model = keras.Sequential([keras.Input((3,), name="x"), layers.Dense(1)])
    start, offset = np.array([[0.5], [0.013], [-0.2]], np.float32), np.zeros(1, np.float32)
    model.set_weights([start, offset])
    config = _config(optimizer="sgd", learning_rate=0.2, batch_size=40)
    tuning = QuantizationAware(epochs=1, learning_rate_share=0.5)

    tuned = fine_tune(model, prepare((x, y)), config, tuning, seed=0, progress=progress)

    weights = np.round(start / (0.5 / 127)) * 0.5 / 127
    inputs, _ = _uint8(x, x)
    outputs, is_inside = _uint8(inputs @ weights, x @ start)
    slope = 2 * (outputs - y) * is_inside / 40
    kernel, bias = tuned.get_weights()
    np.testing.assert_allclose(kernel, start - 0.1 * inputs.T @ slope, rtol=0.01, atol=1e-3)
    np.testing.assert_allclose(bias, offset - 0.1 * slope.sum(0), rtol=0.01)


@pytest.mark.parametrize("tuning", TUNINGS)
def test_the_given_model_is_not_changed(prepare: Prepare, progress: Any, tuning: Any) -> None:
    model = _net()
    before = [variable.numpy() for variable in model.variables]

    tuned = fine_tune(
        model,
        prepare(_blobs(60)),
        _config(learning_rate=0.1),
        tuning,
        seed=0,
        progress=progress,
    )

    for one, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, variable.numpy())
    assert not np.array_equal(tuned.get_weights()[-1], model.get_weights()[-1])


def test_quantization_awareness_keeps_the_layers_and_their_configuration(
    prepare: Prepare, progress: Any
) -> None:
    model = _net()

    tuned = fine_tune(
        model, prepare(_blobs(60)), _config(), TUNINGS[0], seed=0, progress=progress
    )

    assert type(tuned) is keras.Sequential
    assert tuned.get_config() == model.get_config()


@pytest.mark.parametrize("tuning", TUNINGS)
def test_the_same_seed_gives_the_same_bits_and_another_others(
    prepare: Prepare, progress: Any, tuning: Any
) -> None:
    model, prepared = _net(), prepare(_blobs(60), _blobs(30, seed=1))
    config = _config(batch_size=16)

    first, second, third = (
        fine_tune(model, prepared, config, tuning, seed=seed, progress=progress).get_weights()
        for seed in (1, 1, 2)
    )

    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first[0], third[0])


def test_the_weights_with_the_lowest_validation_loss_are_kept(
    prepare: Prepare, progress: Any
) -> None:
    x, y = _blobs(200, seed=1)
    config = _config(optimizer="sgd", learning_rate=3.0, batch_size=10)
    tuning = Pruning(epochs=6, learning_rate_share=1.0)

    tuned = fine_tune(
        _net(), prepare(_blobs(20), (x, y)), config, tuning, seed=0, progress=progress
    )

    losses = [float(re.split("validation ", line)[1]) for line in progress.said]
    loss = -np.log(tuned(x).numpy()[np.arange(200), y]).mean()
    assert len(losses) == 6
    assert losses[-1] != min(losses)
    assert loss == pytest.approx(min(losses), rel=1e-3)


@pytest.mark.parametrize("tuning", TUNINGS)
def test_progress_counts_updates_and_tells_of_each_epoch(
    prepare: Prepare, progress: Any, tuning: Any
) -> None:
    config = _config(epochs=30, batch_size=20, patience=1, tolerance=9, warmup_epochs=20)

    fine_tune(_net(), prepare(_blobs(60)), config, tuning, seed=0, progress=progress)

    assert progress.n_updates == 2 * 3
    assert [line.split(":")[0] for line in progress.said] == ["epoch 1/2", "epoch 2/2"]


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="own")
        self.dense = layers.Dense(3, activation="softmax")

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


class Forgetful(layers.Layer):
    """Knows its factor by nothing that Keras keeps."""

    factor = 1.0

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


def _forgetful() -> keras.Model:
    layer = Forgetful(name="forgetful")
    layer.factor = 3.0
    return _net(layer)


def _frozen() -> keras.Model:
    model = _net()
    model.trainable = False
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            Own,
            "fine-tuning: the model 'own' is a Own, which runs code of its own where its layers "
            "cannot be seen; build it as keras.Model(inputs, outputs)",
        ),
        (
            _forgetful,
            "fine-tuning: the model 'net' answers otherwise when it is copied: a layer keeps "
            "something that is neither in its get_config() nor among its weights",
        ),
        (
            _frozen,
            "fine-tuning: the model 'net' has no trainable weights; set trainable = True on the "
            "layers that shall learn",
        ),
    ],
)
def test_a_model_that_cannot_be_tuned_hears_why(
    prepare: Prepare, progress: Any, make: Any, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        fine_tune(make(), prepare(_blobs(9)), _config(), TUNINGS[0], seed=0, progress=progress)

    assert str(caught.value) == message


def test_a_loss_that_is_no_number_ends_it_with_advice(prepare: Prepare, progress: Any) -> None:
    x, _ = _blobs(8)
    model = keras.Sequential([keras.Input((3,), name="x"), layers.Dense(1)])
    config = _config(optimizer="sgd", learning_rate=1e30, batch_size=4)

    with pytest.raises(EdgesmithError) as caught:
        fine_tune(
            model,
            prepare((x, x[:, :1])),
            config,
            QuantizationAware(),
            seed=0,
            progress=progress,
        )

    message = str(caught.value)
    assert message.startswith("training: the loss became ")
    assert message.endswith("; lower learning_rate_share, which is 0.1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: QuantizationAware(epochs=0),
            "quantization-aware: epochs: expected 1 or more, got 0",
        ),
        (
            lambda: QuantizationAware(learning_rate_share=float("nan")),
            "quantization-aware: learning_rate_share: expected more than 0, got nan",
        ),
        (lambda: Pruning(epochs=-1), "pruning: epochs: expected 1 or more, got -1"),
        (
            lambda: Pruning(learning_rate_share=0),
            "pruning: learning_rate_share: expected more than 0, got 0",
        ),
        (
            lambda: Pruning(sparsity=1),
            "pruning: sparsity: expected more than 0 and less than 1, got 1",
        ),
    ],
)
def test_numbers_out_of_bounds_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()

    assert str(caught.value) == message
