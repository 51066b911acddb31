"""The case of a whole model, called after the function that builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conversion_cases.case import Case, randomized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import keras
    import numpy as np
    from numpy.typing import NDArray

    from conversion_cases.feeding import Feed

__all__ = ["model_case"]


def model_case(
    build: Callable[[], keras.Model],
    covers: tuple[str, ...],
    inputs: Mapping[str, Feed],
    *,
    lengths: tuple[int, ...] = (),
    batch_sizes: tuple[int, ...] = (1, 4),
    policy: str = "float32",
) -> Case:
    """The case ``models/<name of build>``; see ``Case`` for the rest.

    Args:
        build: The model as users write it; weights that start all alike are redrawn after it.
        covers: What of Keras it stands for.
        inputs: By the names that the model has for them.
        lengths: Those of the free axes.
        batch_sizes: Another choice only where the model's own batch is fixed.
        policy: The global dtype policy under which it is built.
    """

    def samples(n: int, length: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        return {name: feed.array(n, length, rng) for name, feed in inputs.items()}

    return Case(
        name=f"models/{build.__name__}",
        covers=covers,
        build=lambda: randomized(build()),
        samples=samples,
        lengths=lengths,
        batch_sizes=batch_sizes,
        policy=policy,
    )
