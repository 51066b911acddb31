from __future__ import annotations

from typing import Any

import keras
import pytest

from edgesmith.config import TrainingConfig
from edgesmith.training.optimizers import learning_rate, make_optimizer

UPDATES_PER_EPOCH = 4


def _config(**keys: object) -> TrainingConfig:
    given = {"architecture": "linear", "learning_rate": 0.1, "epochs": 10, **keys}
    return TrainingConfig.model_validate(given)


def _number(tensor: Any) -> float:
    return float(tensor)


@pytest.mark.parametrize(
    ("keys", "update", "expected"),
    [
        ({}, 0, 0.1),
        ({}, 39, 0.1),
        ({"schedule": "cosine"}, 0, 0.1),
        ({"schedule": "cosine"}, 10, 0.1 * 0.8535533905932737),
        ({"schedule": "cosine"}, 20, 0.05),
        ({"schedule": "cosine"}, 40, 0.0),
        ({"schedule": "step", "decay": 0.1, "decay_epochs": 3}, 11, 0.1),
        ({"schedule": "step", "decay": 0.1, "decay_epochs": 3}, 12, 0.01),
        ({"schedule": "step", "decay": 0.1, "decay_epochs": 3}, 24, 0.001),
        ({"schedule": "exponential", "decay": 0.25, "decay_epochs": 2}, 4, 0.05),
        ({"schedule": "exponential", "decay": 0.25, "decay_epochs": 2}, 8, 0.025),
        ({"warmup_epochs": 1}, 0, 0.02),
        ({"warmup_epochs": 1}, 3, 0.08),
        ({"warmup_epochs": 1}, 4, 0.1),
        ({"warmup_epochs": 2, "schedule": "cosine"}, 24, 0.05),
    ],
)
def test_the_learning_rate_follows_the_schedule(
    keys: dict[str, object], update: int, expected: float
) -> None:
    rate = learning_rate(_config(**keys), update, UPDATES_PER_EPOCH)

    assert rate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("update", [0, 7, 8, 25])
def test_schedules_agree_with_those_of_keras(update: int) -> None:
    decay_steps = 2 * UPDATES_PER_EPOCH
    staircase = keras.optimizers.schedules.ExponentialDecay(
        0.1, decay_steps, 0.3, staircase=True
    )
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 10 * UPDATES_PER_EPOCH)
    step_config = _config(schedule="step", decay=0.3, decay_epochs=2)
    cosine_config = _config(schedule="cosine")

    step_rate = learning_rate(step_config, update, UPDATES_PER_EPOCH)
    cosine_rate = learning_rate(cosine_config, update, UPDATES_PER_EPOCH)

    assert step_rate == pytest.approx(_number(staircase(update)), rel=1e-5)
    assert cosine_rate == pytest.approx(_number(cosine(update)), rel=1e-5)


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"optimizer": "sgd", "momentum": 0.5}, keras.optimizers.SGD),
        ({"optimizer": "adam"}, keras.optimizers.Adam),
        ({"optimizer": "adamw", "weight_decay": 0.1}, keras.optimizers.AdamW),
    ],
)
def test_the_named_optimizer_is_made(keys: dict[str, object], kind: type) -> None:
    optimizer = make_optimizer(_config(**keys))

    assert type(optimizer) is kind


def test_weight_decay_acts_on_kernels_and_spares_biases() -> None:
    kernel = keras.Variable([2.0], name="kernel")
    bias = keras.Variable([2.0], name="bias")
    optimizer = make_optimizer(_config(optimizer="adamw", weight_decay=0.5))
    optimizer.build([kernel, bias])

    optimizer.apply([keras.ops.zeros(1), keras.ops.zeros(1)], [kernel, bias])

    assert kernel.value.numpy() == pytest.approx(2.0 - 2.0 * 0.5 * 0.1)
    assert bias.value.numpy() == pytest.approx(2.0)
