from __future__ import annotations

import pytest
from pydantic import ValidationError

from edgesmith.config import TrainingConfig


def _config(**keys: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"architecture": "linear", **keys})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"momentum": 0.9}, "momentum is for sgd, and the optimizer is adam"),
        (
            {"weight_decay": 0.1, "optimizer": "sgd"},
            "weight_decay is for adamw, and the optimizer is sgd",
        ),
        (
            {"label_smoothing": 0.1, "loss": "huber"},
            "label_smoothing is for crossentropy, and the loss is huber",
        ),
        (
            {"warmup_epochs": 3, "epochs": 3},
            "warmup_epochs must be below epochs, and 3 is not below 3",
        ),
    ],
)
def test_a_key_that_would_do_nothing_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _config(**keys)

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize(
    "keys",
    [
        {"momentum": 0.9, "optimizer": "sgd"},
        {"weight_decay": 0.1, "optimizer": "adamw"},
        {"label_smoothing": 0.1, "loss": "crossentropy"},
        {"warmup_epochs": 2.5, "epochs": 3},
    ],
)
def test_a_key_beside_what_it_belongs_to_is_taken(keys: dict[str, object]) -> None:
    config = _config(**keys)

    assert config.model_dump(include=set(keys)) == keys
