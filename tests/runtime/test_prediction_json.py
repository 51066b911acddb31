"""Predictions as JSON that any reader takes."""

from __future__ import annotations

import json

import numpy as np

from edgesmith_runtime.decoding import Prediction
from edgesmith_runtime.prediction_json import prediction_json


def test_null_stands_wherever_json_has_no_number() -> None:
    prediction = Prediction(
        outputs={"y": np.array([[1.0, np.nan]], np.float32)},
        label="a",
        score=float("nan"),
        scores={"a": float("inf"), "b": 0.5},
        value=-float("inf"),
    )

    told = prediction_json(prediction)

    assert json.loads(json.dumps(told, allow_nan=False)) == {
        "label": "a",
        "score": None,
        "scores": {"a": None, "b": 0.5},
        "value": None,
        "outputs": {"y": [[1.0, None]]},
    }


def test_a_value_of_several_numbers_is_a_list() -> None:
    prediction = Prediction(outputs={}, value=np.array([1.5, np.nan]), unit="m")

    assert prediction_json(prediction) == {"value": [1.5, None], "unit": "m", "outputs": {}}
