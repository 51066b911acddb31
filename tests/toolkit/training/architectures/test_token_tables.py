"""What all architectures for sequences of tokens have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith.training.architectures.token_tables import mean_of_tokens, presence
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from edgesmith_runtime.bundle import Artifact

NAMES = ("embedding_bag", "text_cnn", "text_transformer")
MASKED = ("embedding_bag", "text_transformer")
CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))
TOKENS = np.array([[4, 2, 9, 1, 0, 0, 0, 0], [5, 5, 5, 5, 5, 5, 5, 3], [0] * 8], np.int32)


def _model(name: str, length: int = 8, **options: object) -> keras.Model:
    import keras

    keras.utils.set_random_seed(3)
    inputs = (TensorSpec("tokens", "int32", ("batch", length)),)
    options = {"n_tokens": 10, "width": 4, **options}
    return architectures[name](inputs, CLASSES, Task.CLASSIFICATION, **options)


@pytest.mark.parametrize("name", NAMES)
def test_every_text_gives_probabilities_an_empty_one_too(name: str) -> None:
    scores = _model(name)(TOKENS).numpy()

    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", MASKED)
def test_padding_changes_nothing(name: str) -> None:
    short, long = _model(name, 4), _model(name, 8)
    long.set_weights(short.get_weights())

    expected = short(TOKENS[:1, :4]).numpy()

    # The convolution of places sees one place of padding after the last token.
    if name == "text_transformer":
        kernel, offset = short.get_layer("places").get_weights()
        kernel[2] = 0
        for model in (short, long):
            model.get_layer("places").set_weights([kernel, offset])
        expected = short(TOKENS[:1, :4]).numpy()
    np.testing.assert_allclose(long(TOKENS[:1]).numpy(), expected, atol=1e-6)


def test_the_mean_is_that_of_the_tokens_alone() -> None:
    import keras

    tokens: Any = keras.Input((8,), dtype="int32")
    features: Any = keras.Input((8, 2))
    model = keras.Model([tokens, features], mean_of_tokens(features, presence(tokens, 10)))
    values = np.random.default_rng(0).normal(size=(2, 8, 2)).astype(np.float32)

    means = model([TOKENS[:2], values]).numpy()

    np.testing.assert_allclose(
        means, [values[0, :4].mean(axis=0), values[1].mean(axis=0)], rtol=1e-5
    )


def test_which_places_hold_a_token_is_never_trained() -> None:
    model = _model("embedding_bag")

    assert [weights.path for weights in model.non_trainable_weights] == ["presence/embeddings"]


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_indices_is_needed(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _model(name, n_tokens=None)

    assert str(caught.value) == (
        f"training.options.n_tokens: '{name}' needs the number of indices, which only [text] gives "
        "by itself; set it"
    )


@pytest.mark.parametrize("name", NAMES)
def test_another_tensor_is_refused(name: str) -> None:
    inputs = (TensorSpec("features", "float32", ("batch", 8)),)

    with pytest.raises(ConfigError) as caught:
        architectures[name](inputs, CLASSES, Task.CLASSIFICATION, n_tokens=10)

    assert str(caught.value) == (
        f"training.architecture: {name} takes one int32 tensor (batch, length) of tokens, got "
        "'features' float32 (batch, 8); set features = \"sequence\" in [text], or take linear or mlp"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "fmt", [Format.ONNX, pytest.param(Format.TFLITE, marks=pytest.mark.tflite)]
)
@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_answers_as_keras(
    name: str, fmt: Format, artifact_of: Callable[..., Artifact]
) -> None:
    from edgesmith.reference import trace

    model = _model(name, **({"blocks": 2} if name == "text_transformer" else {}))
    artifact = artifact_of(trace(model), fmt)

    for batch in (TOKENS, TOKENS[:1]):
        scores = open_runner(artifact, n_threads=1).run({"tokens": batch})["scores"]
        np.testing.assert_allclose(scores, model(batch).numpy(), atol=1e-5)
