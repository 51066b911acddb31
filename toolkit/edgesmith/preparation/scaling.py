"""Normalization and clipping fitted on the training split: offsets, scales and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith.preparation.values import moments, sampled
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import CleaningConfig, NormalizationConfig
    from edgesmith.preparation.values import Values

__all__ = ["clip_step", "fit_offset_and_scale", "scale_step"]


def scale_step(
    values: Values, config: NormalizationConfig, *, source: str, result: str, seed: int
) -> Step | None:
    """The normalization as a step, or None where there is none.

    Args:
        values: Of the training split, ``(row, ..., place)``.
        config: The ``[normalization]`` section.
        source: Name of the value to scale.
        result: Name of the scaled one.
        seed: Of the sample that stands in for big data, robust only.
    """
    if config.method == "none":
        return None
    offset, scale = fit_offset_and_scale(values, config, seed=seed)
    params = {"offset": offset.tolist(), "scale": scale.tolist(), "dtype": "float32"}
    return Step(op="scale", inputs=(source,), outputs=(result,), params=params)


def fit_offset_and_scale(
    values: Values, config: NormalizationConfig, *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offset and scale of each place: ``(x - offset) / scale`` normalizes.

    A place that never changes keeps a scale of 1.

    Returns:
        Two float64 ``(place,)``, or ``(1,)`` with ``over = "all"``.

    Raises:
        ConfigError: The range of minmax is empty, or what is given is for other places.
    """
    match config.method:
        case "minmax":
            low, high = config.range
            if not low < high:
                raise ConfigError(
                    f"normalization.range: expected the lower bound first, got {[low, high]}"
                )
            found = moments(values, over=config.over)
            scale = _or_one((found.high - found.low) / (high - low))
            return found.low - low * scale, scale
        case "standard":
            found = moments(values, over=config.over)
            deviation = np.where(found.high > found.low, found.deviation, 0.0)
            return found.mean, _or_one(deviation)
        case "robust":
            numbers = sampled(values, over=config.over, rng=np.random.default_rng(seed))
            quarter, middle, three_quarters = np.quantile(numbers, [0.25, 0.5, 0.75], axis=0)
            return middle, _or_one(three_quarters - quarter)
        case "given":
            return _given("offset", config.offset, values), _given(
                "scale", config.scale, values
            )
        case "none":
            return np.zeros(1), np.ones(1)


def _given(key: str, numbers: tuple[float, ...], values: Values) -> NDArray[np.float64]:
    n_places = values.read(slice(0, 1)).shape[-1]
    if len(numbers) not in (1, n_places):
        raise ConfigError(
            f"normalization.{key}: expected one number or {n_places}, as many as channels or "
            f"columns, got {len(numbers)}"
        )
    return np.array(numbers)


def _or_one(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(scale > 0, scale, 1.0)


def clip_step(
    values: Values, config: CleaningConfig, *, source: str, result: str, seed: int
) -> Step | None:
    """Clipping of each place at quantiles or sigmas of the training split, or None.

    Raises:
        ConfigError: The quantiles are not two rising shares.
    """
    if config.clip is None:
        return None
    if config.clip.quantiles is not None:
        shares = config.clip.quantiles
        if not 0 <= shares[0] < shares[1] <= 1:
            raise ConfigError(
                f"cleaning.clip.quantiles: expected two rising shares from 0 to 1, "
                f"got {list(shares)}"
            )
        numbers = sampled(values, over="last_axis", rng=np.random.default_rng(seed))
        low, high = np.quantile(numbers, shares, axis=0)
    else:
        found = moments(values, over="last_axis")
        reach = found.deviation * (config.clip.sigmas or 0.0)
        low, high = found.mean - reach, found.mean + reach
    params = {"low": low.tolist(), "high": high.tolist()}
    return Step(op="clip", inputs=(source,), outputs=(result,), params=params)
