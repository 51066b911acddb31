from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    import keras

INPUTS = (TensorSpec("tokens", "int32", ("batch", 6)),)
CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))


def _cnn(**options: object) -> keras.Model:
    return architectures["text_cnn"](
        INPUTS, CLASSES, Task.CLASSIFICATION, n_tokens=10, **options
    )


def test_the_strongest_answer_of_each_filter_stays() -> None:
    model = _cnn(width=4, kernels=(2,), filters=3, dropout=0.0)
    tokens = np.array([[7, 2, 4, 1, 0, 0]], np.int32)
    vectors = model.get_layer("embedding").get_weights()[0][tokens[0]]
    kernel, offset = model.get_layer("convolution_2").get_weights()
    weights, bias = model.get_layer("scores").get_weights()

    answers = [
        np.maximum(np.einsum("kw,kwf->f", vectors[at : at + 2], kernel) + offset, 0)
        for at in range(5)
    ]
    logits = np.max(answers, axis=0) @ weights + bias
    np.testing.assert_allclose(
        model(tokens).numpy()[0], np.exp(logits) / np.exp(logits).sum(), rtol=1e-4
    )


def test_each_kernel_has_its_filters() -> None:
    model = _cnn(width=4, kernels=(2, 3), filters=5)

    kernels = 5 * (2 * 4 + 1) + 5 * (3 * 4 + 1)
    assert model.count_params() == 10 * 4 + kernels + (10 + 1) * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "training.options.width: expected a whole number from 1, got 0"),
        ({"filters": 0}, "training.options.filters: expected a whole number from 1, got 0"),
        (
            {"kernels": (3, 7)},
            "training.options.kernels: expected widths that differ, up to the length 6, got [3, 7]",
        ),
        (
            {"kernels": (3, 3)},
            "training.options.kernels: expected widths that differ, up to the length 6, got [3, 3]",
        ),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _cnn(**options)

    assert str(caught.value) == message
