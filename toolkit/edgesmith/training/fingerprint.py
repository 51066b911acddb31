"""The fingerprint of a training: equal only where the result would be, to the bit."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    digest = hashlib.sha256()
    _add_json(digest, [config.model_dump_json(), seed, list(versions)])
    _add_json(digest, [repr(step) for step in prepared.transform.steps])
    for array in initial:
        _add_array(digest, array)
    for split in (Split.TRAIN, Split.VALIDATION):
        if split in prepared.splits:
            part = prepared.splits[split]
            _add_json(digest, part.store.directory.name)
            _add_array(digest, part.targets)
            for tensor in prepared.tensors(split, _spread(len(part))).values():
                _add_array(digest, tensor)
    seen = prepared.augmented(_spread(len(prepared.splits[Split.TRAIN])), np.random.default_rng(0))
    for tensor in seen.values():
        _add_array(digest, tensor)
    return digest.hexdigest()


def _spread(n_samples: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, n_samples - 1, SAMPLED_ROWS).astype(np.intp))


def _add_json(digest: hashlib._Hash, value: object) -> None:
    digest.update(json.dumps(value).encode())


def _add_array(digest: hashlib._Hash, array: NDArray[Any]) -> None:
    _add_json(digest, [str(array.dtype), list(array.shape)])
    digest.update(np.ascontiguousarray(array).tobytes())
