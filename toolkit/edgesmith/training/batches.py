"""The samples in the order that training sees them: shuffled, augmented, read ahead."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from edgesmith.core import Split

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from edgesmith.core import Prepared

__all__ = ["Batch", "Batches", "read_ahead"]

T = TypeVar("T")

THREAD_NAME = "edgesmith-read-ahead"
IN_MEMORY_BYTES = 64 << 20
EVALUATION_BATCH = 256  # larger ones are no faster on a CPU and take more memory


@dataclass(frozen=True, slots=True)
class Batch:
    """Some samples: the model's input tensors by name, targets, and weights in the mean loss.

    Of mixed samples targets and weights are twice as many: those of the first of each pair, then
    those of the second.
    """

    tensors: Mapping[str, NDArray[Any]]
    targets: NDArray[Any]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))


class Batches:
    """The batches of one split.

    An epoch's batches differ in size by one at most, so no small rest weighs more than the others
    and no batch norm sees a single sample. Order and augmentation come from the seed, the epoch
    and the batch alone: an epoch is the same whether the training was interrupted before it or
    not. Small tensors that augmentation does not change are read once.

    Args:
        prepared: The data set.
        split: Which split; only the training split is augmented.
        weights: Of its samples in the mean loss, ``(n,)``.
        batch_size: At most so many samples a batch.
        mixup: Of the Beta distribution that shuffled samples are mixed by; 0: they are not.
    """

    def __init__(
        self,
        prepared: Prepared,
        split: Split,
        *,
        weights: NDArray[np.float32],
        batch_size: int,
        mixup: float = 0.0,
    ) -> None:
        self._prepared = prepared
        self._split = split
        self._weights = weights
        self._mixup = mixup
        self._targets = prepared.splits[split].targets
        self._n_batches = -(-len(self._targets) // batch_size)
        self._is_augmented = split is Split.TRAIN and prepared.augment is not None
        self._held = None if self._is_augmented else _held(prepared, split)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self._n_batches

    @property
    def n_samples(self) -> int:
        """Samples in an epoch."""
        return len(self._targets)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """One epoch, every sample once."""
        order = np.random.default_rng([seed, epoch]).permutation(len(self._targets))
        parts = enumerate(np.array_split(order, self._n_batches))
        return self._ready(
            self._batch(positions, np.random.default_rng([seed, epoch, index]))
            for index, positions in parts
        )

    def in_order(self) -> Iterator[Batch]:
        """Every sample once, as stored, without augmentation."""
        parts = np.array_split(np.arange(len(self._targets)), self._n_batches)
        return self._ready(self._batch(positions, None) for positions in parts)

    def _ready(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        return batches if self._held is not None else read_ahead(batches)

    def _batch(self, positions: NDArray[np.intp], rng: np.random.Generator | None) -> Batch:
        batch = Batch(
            self._tensors(positions, rng), self._targets[positions], self._weights[positions]
        )
        return batch if rng is None or not self._mixup else _mixed(batch, self._mixup, rng)

    def _tensors(
        self, positions: NDArray[np.intp], rng: np.random.Generator | None
    ) -> Mapping[str, NDArray[Any]]:
        if self._held is not None:
            return {name: tensor[positions] for name, tensor in self._held.items()}
        if self._is_augmented and rng is not None:
            return self._prepared.augmented(positions, rng)
        return self._prepared.tensors(self._split, positions)


def _mixed(batch: Batch, alpha: float, rng: np.random.Generator) -> Batch:
    """Each sample mixed with another of the batch: H. Zhang et al. 2018, arXiv:1710.09412.

    The loss is the mean of both targets' by their shares, which for a crossentropy is the loss of
    the mixed target and for a squared error has its gradient.
    """
    share = rng.beta(alpha, alpha, len(batch)).astype(np.float32)
    second = rng.permutation(len(batch))
    tensors = {
        name: _between(tensor[second], tensor, share) for name, tensor in batch.tensors.items()
    }
    return Batch(
        tensors,
        np.concatenate([batch.targets, batch.targets[second]]),
        # Twice the shares: the mean goes over two targets a sample.
        np.concatenate([2 * share * batch.weights, 2 * (1 - share) * batch.weights[second]]),
    )


def _between(
    first: NDArray[Any], second: NDArray[Any], share: NDArray[np.float32]
) -> NDArray[Any]:
    return first + (second - first) * share.reshape(-1, *[1] * (first.ndim - 1))


def _held(prepared: Prepared, split: Split) -> dict[str, NDArray[Any]] | None:
    """All tensors of a split where they are small, else None."""
    n_samples = len(prepared.splits[split])
    one = prepared.tensors(split, slice(0, 1))
    if sum(tensor.nbytes for tensor in one.values()) * n_samples > IN_MEMORY_BYTES:
        return None
    return prepared.tensors(split, slice(None))


def read_ahead(items: Iterable[T], *, depth: int = 4) -> Generator[T]:
    """The items, made by one background thread while the caller works on those before.

    An error in the thread is raised to the caller in the item's place; leaving early ends the
    thread.

    Args:
        items: What to pass through, in order.
        depth: Items made ahead.
    """
    iterator = iter(items)
    end = object()
    thread = ThreadPoolExecutor(1, thread_name_prefix=THREAD_NAME)
    try:
        waiting = deque(thread.submit(next, iterator, end) for _ in range(depth))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, iterator, end))
            yield cast("T", item)
    finally:
        thread.shutdown(cancel_futures=True)
