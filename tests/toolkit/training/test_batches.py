from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edgesmith.core import Prepared, Split
from edgesmith.training import batches
from edgesmith.training.batches import Batch, Batches, read_ahead

Prepare = Callable[..., Prepared]


def _numbered(prepare: Prepare, n_samples: int, *, augment: object = None) -> Prepared:
    numbers = np.arange(n_samples, dtype=np.float32)[:, None]
    return prepare((numbers, numbers), augment=augment)


def _batches(prepared: Prepared, batch_size: int) -> Batches:
    weights = np.ones(len(prepared.splits[Split.TRAIN]), np.float32)
    return Batches(prepared, Split.TRAIN, weights=weights, batch_size=batch_size)


def _seen(epoch: Iterator[Batch]) -> list[float]:
    return [float(value) for batch in epoch for value in batch.tensors["x"][:, 0]]


def _noise(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return values + rng.normal(size=values.shape).astype(np.float32)


def test_an_epoch_has_every_sample_once(prepare: Prepare) -> None:
    made = _batches(_numbered(prepare, 23), 5)

    seen = _seen(made.shuffled(0, 0))

    assert sorted(seen) == list(range(23))
    assert seen != sorted(seen)


def test_batches_differ_in_size_by_one_at_most(prepare: Prepare) -> None:
    made = _batches(_numbered(prepare, 33), 8)

    assert [len(batch) for batch in made.shuffled(0, 0)] == [7, 7, 7, 6, 6]
    assert len(made) == 5


def test_targets_go_with_their_tensors(prepare: Prepare) -> None:
    made = _batches(_numbered(prepare, 10), 4)

    for batch in made.shuffled(0, 0):
        np.testing.assert_array_equal(batch.targets, batch.tensors["x"])


def test_mixed_samples_lie_between_two_and_have_the_targets_of_both_by_their_shares(
    prepare: Prepare,
) -> None:
    prepared = _numbered(prepare, 24)
    weights = np.arange(1, 25, dtype=np.float32)
    made = Batches(prepared, Split.TRAIN, weights=weights, batch_size=8, mixup=0.5)

    for batch in made.shuffled(0, 0):
        n = len(batch)
        assert n == 8
        first, second = np.split(batch.targets[:, 0], 2)
        # A sample is its target, and its weight one more.
        shares = batch.weights[:n] / 2 / (first + 1), batch.weights[n:] / 2 / (second + 1)
        np.testing.assert_allclose(shares[0] + shares[1], 1, rtol=1e-5)
        mixed = shares[0] * first + shares[1] * second
        np.testing.assert_allclose(batch.tensors["x"][:, 0], mixed, rtol=1e-4, atol=1e-4)
        assert sorted(first) == sorted(second)
        assert np.ptp(shares[0]) > 0.1


def test_samples_in_order_are_never_mixed(prepare: Prepare) -> None:
    weights = np.ones(10, np.float32)
    made = Batches(
        _numbered(prepare, 10), Split.TRAIN, weights=weights, batch_size=4, mixup=1.0
    )

    assert _seen(made.in_order()) == list(range(10))


@pytest.mark.parametrize("augment", [None, _noise])
def test_an_epoch_depends_on_seed_and_number_alone(prepare: Prepare, augment: object) -> None:
    made = _batches(_numbered(prepare, 20, augment=augment), 4)

    first = _seen(made.shuffled(1, 3))
    _seen(made.shuffled(1, 0))

    assert _seen(made.shuffled(1, 3)) == first
    assert _seen(made.shuffled(1, 4)) != first
    assert _seen(made.shuffled(2, 3)) != first


def test_augmentation_acts_on_shuffled_epochs_alone(prepare: Prepare) -> None:
    made = _batches(_numbered(prepare, 12, augment=_noise), 4)

    assert not set(_seen(made.shuffled(0, 0))) & set(range(12))
    assert _seen(made.in_order()) == list(range(12))


def test_tensors_too_large_to_hold_are_read_batch_by_batch(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = _numbered(prepare, 20)
    expected = _seen(_batches(prepared, 4).shuffled(1, 2))
    monkeypatch.setattr(batches, "IN_MEMORY_BYTES", 8)

    made = _batches(prepared, 4)
    np.save(
        prepared.splits[Split.TRAIN].store.directory / "x.npy", np.full((20, 1), 7, np.float32)
    )

    assert len(expected) == 20
    assert set(_seen(made.shuffled(1, 2))) == {7.0}


def test_reading_ahead_keeps_the_order() -> None:
    assert list(read_ahead(range(50), depth=3)) == list(range(50))


def test_reading_ahead_runs_in_one_other_thread() -> None:
    names = set(read_ahead(threading.current_thread().name for _ in range(9)))

    assert names == {"edgesmith-read-ahead_0"}


def test_an_error_while_reading_ahead_reaches_the_reader() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    items = read_ahead(failing())

    assert next(items) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(items)


def test_leaving_early_ends_the_thread() -> None:
    items = read_ahead(iter(range(1000)), depth=1)
    next(items)

    items.close()

    assert "edgesmith-read-ahead_0" not in {thread.name for thread in threading.enumerate()}
