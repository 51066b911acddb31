from __future__ import annotations

import pytest

from edgesmith.config import TrainingConfig
from edgesmith.training.stopping import History, stop_reason


def _config(**keys: object) -> TrainingConfig:
    return TrainingConfig.model_validate({"architecture": "linear", **keys})


def _history(
    *losses: float, validation: tuple[float, ...] = (), min_delta: float = 0
) -> History:
    history = History()
    for index, loss in enumerate(losses):
        history = history.after(
            train_loss=loss,
            validation_loss=validation[index] if validation else None,
            rate=0.1,
            min_delta=min_delta,
        )
    return history


def test_the_best_epoch_is_the_one_of_the_lowest_validation_loss() -> None:
    history = _history(5, 4, 3, 2, validation=(3, 1, 2, 1.5))

    assert history.best_epoch == 2


def test_without_a_validation_split_the_training_loss_decides() -> None:
    history = _history(5, 3, 4)

    assert history.best_epoch == 2


def test_an_improvement_below_min_delta_is_none() -> None:
    history = _history(5, 4.95, 4.8, min_delta=0.1)

    assert history.best_epoch == 3


@pytest.mark.parametrize(
    ("history", "keys", "reason"),
    [
        (
            _history(5, 4, 3, validation=(1, 2, 3)),
            {"patience": 2},
            "validation loss did not improve for 2 epochs",
        ),
        (_history(5, 6), {"patience": 1}, "training loss did not improve for 1 epoch"),
        (_history(5, 4.9995), {"tolerance": 1e-3}, "training loss changed by less than 0.001"),
        (_history(5, 4, 3), {"epochs": 3}, "all 3 epochs done"),
        (_history(5), {"epochs": 1}, "the 1 epoch done"),
        (_history(5, 6, 7), {"epochs": 4}, None),
        (_history(5, 6), {"patience": 2}, None),
        (History(), {"patience": 1, "tolerance": 1.0}, None),
    ],
)
def test_training_stops_for_a_reason_in_words(
    history: History, keys: dict[str, object], reason: str | None
) -> None:
    assert stop_reason(history, _config(**keys)) == reason
