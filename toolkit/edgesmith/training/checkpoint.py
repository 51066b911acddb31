"""Checkpoints: where a killed training goes on, each whole, digested, and of one training only."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.training.stopping import History
from edgesmith_runtime.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.core import Progress

__all__ = ["Checkpoints", "State"]

KEPT = 2
SUFFIX = ".checkpoint"
DIGEST_CHARS = 64
LOSSES = ("train_loss", "validation_loss", "learning_rate")
VARIABLES = ("weights", "best", "optimizer")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that a training has after an epoch; nothing else decides how it goes on.

    Args:
        history: Losses so far.
        weights: The model's variables, states of its random layers included.
        best: The same at the best epoch; empty where the last weights count.
        optimizer: The optimizer's variables.
    """

    history: History
    weights: tuple[NDArray[Any], ...]
    best: tuple[NDArray[Any], ...]
    optimizer: tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoints of one training in a directory, which it shares with nothing else's.

    A file is the sha256 of the rest in hexadecimal, then an npz.

    Args:
        directory: Where they are; must exist.
        fingerprint: Of everything that decides the result: a checkpoint of another training is
            never read.
    """

    directory: Path
    fingerprint: str

    def save(self, state: State) -> None:
        """Write one, whole or not at all, and remove all but the newest two."""
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **dict(_arrays(state)))
        body = content.getvalue()
        with replacing(self._path(state.history.n_epochs)) as draft:
            draft.write_bytes(hashlib.sha256(body).hexdigest().encode() + body)
        for old in self._files()[KEPT:]:
            old.unlink()

    def newest(self, progress: Progress) -> State | None:
        """The newest whole one; a damaged one is skipped, and ``progress`` told."""
        for path in self._files():
            content = path.read_bytes()
            digest, body = content[:DIGEST_CHARS], content[DIGEST_CHARS:]
            if hashlib.sha256(body).hexdigest().encode() == digest:
                return _state(body)
            progress.say(f"{path.name}: damaged, its digest does not match; skipped")
        return None

    def clear(self) -> None:
        """Remove every checkpoint in the directory: the training that it belongs to is done."""
        for path in self.directory.glob(f"*{SUFFIX}"):
            path.unlink()

    def _path(self, n_epochs: int) -> Path:
        return self.directory / f"{self.fingerprint[:16]}-{n_epochs:06d}{SUFFIX}"

    def _files(self) -> list[Path]:
        """Those of this training, the newest first."""
        pattern = re.compile(rf"{self.fingerprint[:16]}-\d{{6,}}{re.escape(SUFFIX)}")
        files = [path for path in self.directory.iterdir() if pattern.fullmatch(path.name)]
        return sorted(files, key=lambda path: path.name, reverse=True)


def _arrays(state: State) -> Iterator[tuple[str, NDArray[Any]]]:
    history = state.history
    yield "best_epoch", np.array(history.best_epoch)
    for name in LOSSES:
        yield name, np.array(getattr(history, name), np.float64)
    for name in VARIABLES:
        for index, array in enumerate(cast("Sequence[NDArray[Any]]", getattr(state, name))):
            yield f"{name}.{index}", array


def _state(body: bytes) -> State:
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        variables = {
            name: tuple(
                arrays[f"{name}.{index}"]
                for index in range(sum(key.startswith(f"{name}.") for key in arrays.files))
            )
            for name in VARIABLES
        }
        losses = {name: tuple(arrays[name].tolist()) for name in LOSSES}
        history = History(best_epoch=int(arrays["best_epoch"]), **losses)
    return State(history=history, **variables)
