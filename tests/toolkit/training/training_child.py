"""Trains with dropout, batch norm and augmentation in a process that may kill itself on the way."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from conftest import prepared_of

from edgesmith.config import TrainingConfig
from edgesmith.training import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Killer:
    """A Progress that ends the process for good after some updates; 0: never."""

    def __init__(self, kill_after: int) -> None:
        self._kill_after = kill_after

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        for n_updates, item in enumerate(items, start=1):
            if n_updates == self._kill_after:
                os.kill(os.getpid(), signal.SIGKILL)
            yield item

    def say(self, message: str) -> None:
        print(message)  # noqa: T201


def noisy(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return values + rng.normal(0, 0.1, values.shape).astype(np.float32)


def main(directory: Path, kill_after: int) -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(50, 6)).astype(np.float32)
    store = directory / "store"
    arrays = (samples[:40], np.arange(40) % 3), (samples[40:], np.arange(10) % 3)
    shutil.rmtree(store, ignore_errors=True)
    prepared = prepared_of(store, *arrays, augment=noisy)
    config = TrainingConfig.model_validate(
        {
            "architecture": "mlp",
            "options": {"widths": (8, 8), "dropout": 0.2, "batch_norm": True},
            "epochs": 8,
            "batch_size": 10,
            "patience": 6,
            "schedule": "cosine",
            "warmup_epochs": 1,
        }
    )
    hours = itertools.count(step=3_600_000_000_000)
    fitted = fit(
        prepared,
        config,
        seed=4,
        directory=directory / "checkpoints",
        progress=Killer(kill_after),
        clock_ns=lambda: next(hours),
    )
    weights = {f"{i}": v.value.numpy() for i, v in enumerate(fitted.model.variables)}
    np.savez(directory / "weights.npz", **weights)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
