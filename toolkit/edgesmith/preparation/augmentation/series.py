"""Random changes of series: moved and bent in time, and made larger or smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from edgesmith.config import AugmentationConfig

__all__ = ["OF_SERIES", "augment_series"]

OF_SERIES = ("shift", "scale", "time_warp")
N_KNOTS = 5  # speeds drawn over a series; T. Um et al. take 4 within it


def augment_series(
    config: AugmentationConfig, batch: NDArray[Any], rng: Generator
) -> NDArray[Any]:
    """A new batch, every series changed by itself.

    T. Um et al., Data augmentation of wearable sensor data, 2017, arXiv:1706.00527; jitter is
    the noise that every kind of data can have.

    Args:
        config: The ``[augmentation]`` section.
        batch: float32 ``(batch, time, channels)``.
        rng: Draws the changes.
    """
    if config.shift or config.time_warp:
        batch = _read_at(batch, _places(config, len(batch), batch.shape[1], rng))
    if config.scale:
        shape = (len(batch), 1, batch.shape[2])
        factor = rng.uniform(1 - config.scale, 1 + config.scale, shape)
        batch = batch * factor.astype(np.float32)
    return batch


def _places(
    config: AugmentationConfig, n_series: int, length: int, rng: Generator
) -> NDArray[np.float64]:
    """Where each point comes from, ``(batch, time)``, within the series.

    Time runs at speeds that change in lines between knots, so that both ends stay; then all is
    moved earlier or later, and the edge held.
    """
    knots = rng.uniform(1 - config.time_warp, 1 + config.time_warp, (n_series, N_KNOTS))
    along = np.linspace(0, N_KNOTS - 1, max(length - 1, 1))
    before = np.minimum(along.astype(np.intp), N_KNOTS - 2)
    share = along - before
    speeds = knots[:, before] * (1 - share) + knots[:, before + 1] * share
    places = np.zeros((n_series, length))
    np.cumsum(speeds[:, : length - 1], axis=1, out=places[:, 1:])
    places *= (length - 1) / np.maximum(places[:, -1:], np.finfo(float).tiny)
    places -= rng.uniform(-config.shift, config.shift, (n_series, 1)) * length
    return np.clip(places, 0, length - 1)


def _read_at(batch: NDArray[Any], places: NDArray[np.float64]) -> NDArray[Any]:
    """On straight lines between the points."""
    before = places.astype(np.intp)
    after = np.minimum(before + 1, batch.shape[1] - 1)
    share = (places - before).astype(np.float32)[..., None]
    first = np.take_along_axis(batch, before[..., None], axis=1)
    return first + (np.take_along_axis(batch, after[..., None], axis=1) - first) * share
