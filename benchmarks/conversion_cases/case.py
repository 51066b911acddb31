"""One model to convert: how it is built and what it is fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras
    from numpy.typing import NDArray

__all__ = ["Case", "Samples", "randomized"]

Samples = Callable[[int, int, np.random.Generator], "dict[str, NDArray[Any]]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model with inputs that suit it; building it twice gives the same model.

    Args:
        name: ``group/...``: ``layers/Conv2D/groups_strided``, ``models/siamese``.
        covers: Names from ``keras.layers``, ``keras.activations`` or ``keras.applications`` that
            it exercises.
        build: The model. Keras' global seed is 0 when it is called; see ``randomized``.
        samples: ``samples(n, length, rng)``: n samples by input name. ``length`` is that of the
            free axes, 0 where there are none.
        lengths: Lengths of the free axes to run at; empty where no axis but the batch is free.
        batch_sizes: How many samples at once to run; another choice than the usual only where
            the model's own batch is fixed.
        policy: The global dtype policy under which it is built. Built under float32, with the
            same weights, it is what answers are compared with.
    """

    name: str
    covers: tuple[str, ...]
    build: Callable[[], keras.Model]
    samples: Samples
    lengths: tuple[int, ...] = ()
    batch_sizes: tuple[int, ...] = (1, 4)
    policy: str = "float32"

    def feeds(self) -> Iterator[dict[str, NDArray[Any]]]:
        """What the model is run on: every batch size at every length; the same every time."""
        rng = np.random.default_rng(0)
        for length in self.lengths or (0,):
            for n in self.batch_sizes:
                yield self.samples(n, length, rng)


def randomized(model: keras.Model) -> keras.Model:
    """The model, with weights that start all alike redrawn, so that a mistake in one shows.

    These are biases, scales and moving statistics: those at 0 come from a normal distribution
    (deviation 0.3), others are multiplied by a factor from 0.5 to 1.5.
    """
    rng = np.random.default_rng(1)
    for weight in model.weights:
        values = np.asarray(weight.value).astype("float32")
        if not str(weight.dtype).startswith(("float", "bfloat")) or np.ptp(values) > 0:
            continue
        if np.any(values):
            weight.assign(values * rng.uniform(0.5, 1.5, values.shape))
        else:
            weight.assign(rng.normal(0, 0.3, values.shape))
    return model
