from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.training.checkpoint import Checkpoints, State
from edgesmith.training.stopping import History

if TYPE_CHECKING:
    from pathlib import Path


def _state(n_epochs: int, *, validation: tuple[float, ...] = ()) -> State:
    return State(
        history=History(
            train_loss=tuple(1 / (epoch + 3) for epoch in range(n_epochs)),
            validation_loss=validation,
            learning_rate=(0.1,) * n_epochs,
            best_epoch=n_epochs,
        ),
        weights=tuple(np.full(2, index, np.float32) for index in range(12)),
        best=(np.array([7], np.uint32),),
        optimizer=(np.array(n_epochs), np.eye(2, dtype=np.float32)),
    )


def _flip_last_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _assert_equal(found: State | None, expected: State) -> None:
    assert found is not None
    assert found.history == expected.history
    for name in ("weights", "best", "optimizer"):
        for got, wanted in zip(getattr(found, name), getattr(expected, name), strict=True):
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("validation", [(), (0.5, 0.25, 1 / 3)])
def test_what_is_saved_is_found(
    tmp_path: Path, progress: Any, validation: tuple[float]
) -> None:
    checkpoints, state = Checkpoints(tmp_path, "a" * 64), _state(3, validation=validation)

    checkpoints.save(state)

    _assert_equal(checkpoints.newest(progress), state)


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "a" * 64)

    for n_epochs in (1, 2, 9, 10):
        checkpoints.save(_state(n_epochs))

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{'a' * 16}-{n:06d}.checkpoint" for n in (9, 10)]


@pytest.mark.parametrize("damage", [_flip_last_bit, lambda path: path.write_bytes(b"")])
def test_a_damaged_one_is_skipped_with_a_word(
    tmp_path: Path, progress: Any, damage: Any
) -> None:
    checkpoints = Checkpoints(tmp_path, "a" * 64)
    checkpoints.save(_state(1))
    checkpoints.save(_state(2))

    damage(tmp_path / f"{'a' * 16}-000002.checkpoint")

    _assert_equal(checkpoints.newest(progress), _state(1))
    assert progress.said == [
        f"{'a' * 16}-000002.checkpoint: damaged, its digest does not match; skipped"
    ]


def test_the_checkpoint_of_another_training_is_never_read(
    tmp_path: Path, progress: Any
) -> None:
    Checkpoints(tmp_path, "a" * 64).save(_state(2))

    assert Checkpoints(tmp_path, "b" * 64).newest(progress) is None
    assert progress.said == []


def test_clearing_leaves_what_is_no_checkpoint(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "a" * 64).save(_state(2))
    checkpoints = Checkpoints(tmp_path, "b" * 64)
    checkpoints.save(_state(1))
    (tmp_path / "notes.txt").write_text("mine")

    checkpoints.clear()

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
