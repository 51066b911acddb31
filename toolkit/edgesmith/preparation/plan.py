"""What a kind of data needs before its tensors can be normalized, and the normalization after it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.preparation.scaling import clip_step, scale_step
from edgesmith.preparation.values import StoredValues, moments
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.store import Store
    from edgesmith_runtime.manifest import Step

__all__ = ["Plan", "has_tail", "marked", "tail_steps", "value_spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The transform before normalization: what the cache holds, and what follows it.

    Args:
        head: Steps whose values are cached; the last gives ``value``. Augmentation acts on it.
        value: Name of what is cached.
        rest: Steps from there to what is normalized, done anew for every batch: those that
            augmentation comes before.
        tensor: Name of the model's input, which is ``last`` where nothing is normalized.
        places: Names of the last axis for messages; empty where they have none.
        n_noisy: Of a table how many of the first places are numbers, which noise may change;
            None for all.
        filled: Missing cells that were filled, by column.
        assets: Content of the files that its steps name, by name.
        n_tokens: Where the tensor holds indices of tokens how many there are; else None.
        unknown_token: The index of a token that is not known; None where there is none.
        warnings: What fitting showed, for the account.
        cures: How a fault of a sample starts, and which key mends it.
    """

    head: tuple[Step, ...]
    value: str
    rest: tuple[Step, ...] = ()
    tensor: str
    places: tuple[str, ...] = ()
    n_noisy: int | None = None
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
    assets: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    n_tokens: int | None = None
    unknown_token: int | None = None
    warnings: tuple[str, ...] = ()
    cures: tuple[tuple[str, str], ...] = ()

    @property
    def last(self) -> str:
        """Name of what is normalized."""
        return self.rest[-1].outputs[0] if self.rest else self.value


def has_tail(config: Config) -> bool:
    """Whether clipping or scaling follows what an image or a tensor starts with."""
    return config.cleaning.clip is not None or config.normalization.method != "none"


def marked(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps with the point of augmentation after the last."""
    return (*steps[:-1], replace(steps[-1], augment_after=True))


def tail_steps(plan: Plan, store: Store, config: Config) -> tuple[Step, ...]:
    """Clipping and scaling, fitted on the cached values of the training split.

    Args:
        plan: What is cached.
        store: Of the training split.
        config: The whole configuration.
    """
    if plan.last == plan.tensor:
        return ()
    steps: list[Step] = []
    source = plan.last
    ends_here = config.normalization.method == "none"
    values = _stored(plan, store)
    clip = clip_step(
        values,
        config.cleaning,
        source=source,
        result=plan.tensor if ends_here else "clipped",
        seed=config.seed,
    )
    if clip is not None:
        steps.append(clip)
        source = clip.outputs[0]
        after = Transform((*plan.rest, clip), (plan.value,), plan.assets)
        values = StoredValues(store, plan.value, after, source)
    scale = scale_step(
        values, config.normalization, source=source, result=plan.tensor, seed=config.seed
    )
    if scale is not None:
        steps.append(scale)
    return tuple(steps)


def _stored(plan: Plan, store: Store) -> StoredValues:
    after = Transform(plan.rest, (plan.value,), plan.assets)
    return StoredValues(store, plan.value, after, plan.last)


def value_spread(plan: Plan, store: Store, *, over: str) -> NDArray[np.float32]:
    """From the lowest to the highest of the cached values, which augmentation takes shares of.

    Returns:
        ``(place,)``, 0 where noise shall not act; ``(1,)`` with ``over = "all"``.
    """
    cached = StoredValues(store, plan.value, Transform((), (plan.value,)), plan.value)
    found = moments(cached, over=over)
    spread = found.high - found.low
    if plan.n_noisy is not None:
        spread[plan.n_noisy :] = 0.0
    return spread.astype(np.float32)
