"""Embeddings beside numbers: the vectors are those of the codes, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    import keras

INPUTS = (TensorSpec("features", "float32", ("batch", 4)),)
CLASSES = Output(name="scores", shape=(2,), labels=("a", "b"))
TABLE = np.array([[0.5, -1.0, 2, 0], [1.5, 3.0, 0, 4]], np.float32)


def _tabular(**options: Any) -> keras.Model:
    return architectures["tabular"](INPUTS, CLASSES, Task.CLASSIFICATION, **options)


def _by_hand(model: keras.Model, table: np.ndarray) -> np.ndarray:
    weights = {weight.path: np.asarray(weight) for weight in model.weights}
    codes = np.rint(table[:, 2:]).astype(int)
    first = weights["category_1_embedding/embeddings"][codes[:, 0]]
    second = weights["category_2_embedding/embeddings"][codes[:, 1]]
    joined = np.concatenate([table[:, :2], first, second], axis=1)
    scores = joined @ weights["scores/kernel"] + weights["scores/bias"]
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def test_codes_are_looked_up_and_numbers_pass() -> None:
    model = _tabular(categories=(3, 5), widths=())

    np.testing.assert_allclose(np.asarray(model(TABLE)), _by_hand(model, TABLE), rtol=1e-5)


def test_a_code_that_is_a_little_off_finds_its_own_vector() -> None:
    model = _tabular(categories=(3, 5), widths=())
    shaken = TABLE.copy()
    shaken[:, 2:] += [[-0.2, 0.3], [0.4, -0.4]]

    np.testing.assert_array_equal(np.asarray(model(shaken)), np.asarray(model(TABLE)))


def test_the_width_of_a_vector_grows_with_the_categories() -> None:
    model = _tabular(categories=(3, 500), max_width=10, widths=())

    shapes = [tuple(weight.shape) for weight in model.weights][:2]
    assert shapes == [(3, 2), (500, 10)]


@pytest.mark.parametrize("categories", [(), (7, 7, 7, 7)])
def test_it_takes_tables_of_numbers_or_of_codes_alone(categories: tuple[int, ...]) -> None:
    model = _tabular(categories=categories, dropout=0.1, activation="gelu")

    assert np.asarray(model(np.abs(TABLE))).shape == (2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"categories": (2,) * 5},
            "training.options.categories: expected at most one for each of 4 columns, got 5",
        ),
        ({"max_width": 0}, "training.options.max_width: expected a whole number from 1, got 0"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _tabular(**options)

    assert str(caught.value) == message


def test_an_image_is_no_table() -> None:
    image = (TensorSpec("pixels", "float32", ("batch", 4, 4, 1)),)

    with pytest.raises(
        ConfigError,
        match=r"^training.architecture: tabular takes one float32 tensor of columns, got 'pixels'",
    ):
        architectures["tabular"](image, CLASSES, Task.CLASSIFICATION)
