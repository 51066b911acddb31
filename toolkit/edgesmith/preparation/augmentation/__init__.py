"""Random changes of training samples, at the marked point of the transform; by kind of data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.preparation.augmentation.images import OF_IMAGES, augment_images
from edgesmith.preparation.augmentation.series import OF_SERIES, augment_series
from edgesmith.preparation.augmentation.sound import OF_SPECTRUM, OF_WAVEFORM, augment_sound
from edgesmith.preparation.augmentation.texts import augment_texts
from edgesmith.preparation.kind_names import one_of_kind
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from edgesmith.config import AugmentationConfig

__all__ = ["check_augmentation", "make_augment", "needs_spread"]

# Each key with the kinds of data that can bear it; one that is not here, all can.
KINDS_OF = {
    **dict.fromkeys(OF_IMAGES, (Kind.IMAGE,)),
    **dict.fromkeys((*OF_WAVEFORM, *OF_SPECTRUM), (Kind.AUDIO,)),
    **dict.fromkeys(OF_SERIES, (Kind.SERIES,)),
    "shift": (Kind.IMAGE, Kind.AUDIO, Kind.SERIES),
    "word_dropout": (Kind.TEXT,),
    "noise": tuple(kind for kind in Kind if kind is not Kind.TEXT),
}
BY_SPREAD = ("brightness", "noise")


def check_augmentation(config: AugmentationConfig, kind: Kind) -> None:
    """Refuse what another kind of data bears alone.

    Raises:
        ConfigError: Names the key.
    """
    for key, kinds in KINDS_OF.items():
        if getattr(config, key) and kind not in kinds:
            raise ConfigError(
                f"augmentation.{key}: for {' and '.join(kinds)} only, the source is "
                f"{one_of_kind(kind)}"
            )


def needs_spread(config: AugmentationConfig) -> bool:
    """Whether something is a share of the value range."""
    return any(getattr(config, key) for key in BY_SPREAD)


def make_augment(
    config: AugmentationConfig,
    kind: Kind,
    spread: NDArray[np.float32],
    *,
    unknown_token: int | None = None,
) -> Callable[[NDArray[Any], Generator], NDArray[Any]] | None:
    """The augmentation of one batch, or None where all is off.

    Every sample is changed by itself. Values may leave the range of the data.

    Args:
        config: The ``[augmentation]`` section.
        kind: Of the data.
        spread: From the lowest to the highest value, ``(place,)`` or ``(1,)``; brightness and
            noise are shares of it.
        unknown_token: Of a sequence of tokens the index that a dropped word becomes.

    Returns:
        A function of a batch at the marked point and a generator; it gives a new batch of the
        same shape.
    """
    if not any(getattr(config, key) for key in KINDS_OF):
        return None

    def augment(batch: NDArray[Any], rng: Generator) -> NDArray[Any]:
        if kind is Kind.IMAGE:
            batch = augment_images(config, batch, spread, rng)
        elif kind is Kind.AUDIO:
            batch = augment_sound(config, batch, rng)
        elif kind is Kind.SERIES and batch.ndim == 3:
            batch = augment_series(config, batch, rng)
        elif kind is Kind.TEXT:
            batch = augment_texts(config, batch, rng, unknown=unknown_token)
        if config.noise:
            noise = rng.standard_normal(batch.shape, dtype=np.float32)
            noise *= np.float32(config.noise) * spread
            batch = batch + noise
        return batch

    return augment
