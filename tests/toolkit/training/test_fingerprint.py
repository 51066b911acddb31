from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgesmith.config import TrainingConfig
from edgesmith.core import Prepared, Split
from edgesmith.training.fingerprint import fingerprint

Prepare = Callable[..., Prepared]
INITIAL = (np.zeros((2, 1), np.float32), np.zeros(1, np.float32))


def _arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 2)).astype(np.float32), rng.normal(size=(30, 1)).astype(
        np.float32
    )


def _print(prepared: Prepared, **changed: object) -> str:
    given = {"seed": 1, "initial": INITIAL, "versions": ("2.21", "3.15"), **changed}
    config = TrainingConfig.model_validate(
        {"architecture": "linear", "epochs": given.pop("epochs", 5)}
    )
    return fingerprint(prepared, config, **given)


def _brighter(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return values + rng.uniform(0, 1, (len(values), 1)).astype(np.float32)


def test_the_same_training_has_the_same_fingerprint(prepare: Prepare) -> None:
    prepared = prepare(_arrays())

    assert _print(prepared) == _print(prepared)


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2},
        {"epochs": 6},
        {"versions": ("2.21", "3.16")},
        {"initial": (np.ones((2, 1), np.float32), np.zeros(1, np.float32))},
        {"initial": (np.zeros((1, 2), np.float32), np.zeros(1, np.float32))},
    ],
)
def test_whatever_decides_the_result_changes_it(
    prepare: Prepare, changed: dict[str, object]
) -> None:
    prepared = prepare(_arrays())

    assert _print(prepared, **changed) != _print(prepared)


def test_another_augmentation_is_another_training(prepare: Prepare) -> None:
    plain = prepare(_arrays(), augment=lambda values, rng: values)
    brighter = prepare(_arrays(), augment=_brighter)

    assert _print(brighter) != _print(plain)


def test_a_changed_target_changes_it(prepare: Prepare) -> None:
    prepared = prepare(_arrays())
    before = _print(prepared)

    prepared.splits[Split.TRAIN].targets[3] += 1

    assert _print(prepared) != before


def test_a_changed_sample_changes_it(prepare: Prepare) -> None:
    prepared = prepare(_arrays())
    before = _print(prepared)
    path = prepared.splits[Split.TRAIN].store.directory / "x.npy"

    np.save(path, np.load(path) + 1)

    assert _print(prepared) != before
