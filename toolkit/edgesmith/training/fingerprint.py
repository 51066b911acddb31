"""The fingerprint of a training: equal only where the result would be, to the bit."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edgesmith.config.training import TrainingConfig
    from edgesmith.core import Prepared

__all__ = ["fingerprint"]

SAMPLED_ROWS = 256


def fingerprint(
    prepared: Prepared,
    config: TrainingConfig,
    *,
    seed: int,
    initial: Sequence[NDArray[Any]],
    versions: Sequence[str],
) -> str:
    """A sha256 over the configuration, the seed, the initial weights, the data and versions.

    Of the data: every target, the transform, the name of the cache, which is its hash, and
    evenly spaced samples; those of the training split also augmented with a fixed generator, so
    that another augmentation is another training too.

    Args:
        prepared: The data set.
        config: Of the training.
        seed: Of every random choice.
        initial: The model's variables before the first update.
        versions: Of the libraries that compute.
    """
    digest = hashlib.sha256(_text([config.model_dump_json(), seed, list(versions)]))
    for part in (*map(_array, initial), *_data(prepared)):
        digest.update(part)
    return digest.hexdigest()


def _data(prepared: Prepared) -> Iterator[bytes]:
    yield _text([repr(step) for step in prepared.transform.steps])
    for split in (Split.TRAIN, Split.VALIDATION):
        if split in prepared.splits:
            part = prepared.splits[split]
            yield _text(part.store.directory.name)
            yield _array(part.targets)
            yield from map(_array, prepared.tensors(split, _spread(len(part))).values())
    rows = _spread(len(prepared.splits[Split.TRAIN]))
    yield from map(_array, prepared.augmented(rows, np.random.default_rng(0)).values())


def _spread(n_samples: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, n_samples - 1, SAMPLED_ROWS).astype(np.intp))


def _text(value: object) -> bytes:
    return json.dumps(value).encode()


def _array(array: NDArray[Any]) -> bytes:
    head = _text([str(array.dtype), list(array.shape)])
    return head + np.ascontiguousarray(array).tobytes()
