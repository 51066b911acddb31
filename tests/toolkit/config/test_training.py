from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from edgesmith.config import TrainingConfig
from edgesmith.config.reading import parse_config
from edgesmith_runtime.errors import ConfigError


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


BACKBONE = """
name = "any"
task = "classification"
source = { kind = "sklearn", dataset = "digits" }
[training]
architecture = "backbone"
options = { net = "MobileNet", weights = "PATH" }
"""


def _weights(path: str) -> TrainingConfig:
    text = BACKBONE.replace("PATH", path)
    return parse_config(text, where="a.toml", folder=Path("/models")).training


def test_weights_of_a_backbone_start_at_the_folder_of_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEIGHTS", "/elsewhere")

    assert _weights("net.weights.h5").options["weights"] == "/models/net.weights.h5"
    assert _weights("${WEIGHTS}/net.weights.h5").options["weights"] == (
        "/elsewhere/net.weights.h5"
    )
    assert _weights("").options["weights"] == ""


def test_a_bundle_holds_the_name_of_the_weights_and_no_folder() -> None:
    told = _weights("net.weights.h5").model_dump(mode="json", exclude_unset=True)

    assert told["options"] == {"net": "MobileNet", "weights": "net.weights.h5"}


def test_weights_whose_folder_is_not_known_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        _weights("${NOT_SET_ANYWHERE}/net.h5")

    assert str(caught.value) == (
        "a.toml: training.options: weights: '${NOT_SET_ANYWHERE}/net.h5' needs the environment "
        "variable NOT_SET_ANYWHERE, which is not set; set it: export NOT_SET_ANYWHERE=..."
    )


def test_an_option_of_another_architecture_is_no_path() -> None:
    config = _config(architecture="mine:net", options={"weights": "imagenet"})

    assert config.options == {"weights": "imagenet"}
