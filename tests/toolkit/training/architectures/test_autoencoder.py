from __future__ import annotations

import keras
import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

SCORE = Output(name="score", shape=(1,))


def _model(*shape: int, **options: object) -> keras.Model:
    inputs = (TensorSpec("x", "float32", ("batch", *(shape or (10,)))),)
    return architectures["autoencoder"](inputs, SCORE, Task.ANOMALY, **options)


@pytest.mark.parametrize("shape", [(10,), (5, 2)])
def test_the_score_is_the_mean_squared_error_of_the_reconstruction(
    shape: tuple[int, ...],
) -> None:
    model = _model(*shape)
    rebuilding = keras.Model(model.input, model.get_layer("rebuilt").output)
    samples = np.random.default_rng(0).normal(size=(7, *shape)).astype(np.float32)

    scores = model(samples).numpy()

    errors = samples.reshape(7, 10) - rebuilding(samples).numpy()
    assert (scores.shape, scores.dtype) == ((7, 1), np.float32)
    np.testing.assert_allclose(scores[:, 0], (errors**2).mean(axis=1), rtol=1e-5)


def test_the_decoder_mirrors_the_encoder() -> None:
    model = _model(widths=(7, 5), bottleneck=3, batch_norm=True, activation="tanh")

    units = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert units == [7, 5, 3, 5, 7, 10]
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("BatchNormalization") == kinds.count("Activation") == 4


def test_without_widths_it_is_linear() -> None:
    model = _model(widths=(), bottleneck=2)

    assert model.count_params() == (10 + 1) * 2 + (2 + 1) * 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (8, 0)}, "training.options.widths: expected a whole number from 1, got 0"),
        (
            {"bottleneck": 0},
            "training.options.bottleneck: expected a whole number from 1, got 0",
        ),
        (
            {"batch_norm": 1.5},
            "training.options.batch_norm: expected one of True, False, got 1.5",
        ),
        (
            {"activation": "swing"},
            "training.options.activation: expected one of relu, tanh, elu, selu, gelu, silu, "
            "got 'swing'",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _model(**options)

    assert str(caught.value) == message
