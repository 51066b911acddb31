"""scikit-learn's bundled sets."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris

from edgesmith.config import SklearnSource, SplitConfig
from edgesmith.sources import load_dataset
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Task


def source(name: str, target: str | None = None) -> SklearnSource:
    return SklearnSource.model_validate({"kind": "sklearn", "dataset": name, "target": target})


def test_digits_are_images_of_bytes() -> None:
    dataset = load_dataset(
        source("digits"), split=SplitConfig.model_validate({}), task=Task.CLASSIFICATION
    )

    images = dataset.samples.read(np.array([5, 0]))["image"]

    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, cast("Any", load_digits()).images[[5, 0]])
    assert dataset.targets[:3].tolist() == ["0", "1", "2"]


def test_iris_is_a_table_with_names() -> None:
    dataset = load_dataset(
        source("iris"), split=SplitConfig.model_validate({}), task=Task.CLASSIFICATION
    )

    table = dataset.samples.read(np.array([100]))["row"]

    assert list(table) == cast("Any", load_iris()).feature_names
    assert [cells[0] for cells in table.values()] == cast("Any", load_iris()).data[100].tolist()
    assert dataset.targets[100] == "virginica"


def test_diabetes_has_numbers_as_targets() -> None:
    dataset = load_dataset(
        source("diabetes"), split=SplitConfig.model_validate({}), task=Task.REGRESSION
    )

    np.testing.assert_array_equal(dataset.targets, cast("Any", load_diabetes()).target)


def test_of_several_targets_one_is_chosen() -> None:
    dataset = load_dataset(
        source("linnerud", "Pulse"), split=SplitConfig.model_validate({}), task=Task.REGRESSION
    )

    assert dataset.targets[:2].tolist() == [50.0, 52.0]


def test_an_unknown_target_is_named_with_the_closest() -> None:
    with pytest.raises(
        ConfigError, match="Weight, Waist, Pulse, got 'Puls'; did you mean 'Pulse'"
    ):
        load_dataset(
            source("linnerud", "Puls"),
            split=SplitConfig.model_validate({}),
            task=Task.REGRESSION,
        )


def test_one_target_needs_no_choice() -> None:
    with pytest.raises(ConfigError, match=r"source\.target: iris has one target"):
        load_dataset(
            source("iris", "x"), split=SplitConfig.model_validate({}), task=Task.CLASSIFICATION
        )
