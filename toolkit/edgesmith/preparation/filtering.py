"""Noise filters of the configuration as steps of the transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.errors import ConfigError, TransformError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from edgesmith.config import NoiseFilter

__all__ = ["filter_steps"]


def filter_steps(
    filters: tuple[NoiseFilter, ...],
    *,
    source: str,
    n_axes: int,
    default_axes: tuple[int, ...],
) -> tuple[Step, ...]:
    """The filters one after the other; each result has a name of its own.

    Args:
        filters: ``cleaning.filters``.
        source: Name of the value to filter.
        n_axes: How many axes a sample of it has.
        default_axes: Sample axes where a filter names none.

    Raises:
        ConfigError: A filter lacks a number, or has one that it cannot take; names its key.
    """
    steps: list[Step] = []
    for index, noise_filter in enumerate(filters):
        key = f"cleaning.filters.{index}"
        axes = default_axes if noise_filter.axes is None else noise_filter.axes
        if max(axes, default=0) >= n_axes:
            raise ConfigError(
                f"{key}.axes: expected axes of a sample, of which there are {n_axes} from 0, got "
                f"{list(axes)}"
            )
        for params in _params(noise_filter, axes, key):
            result = f"filtered_{len(steps)}"
            step = Step(op=noise_filter.op, inputs=(source,), outputs=(result,), params=params)
            try:
                make_op(step, key)
            except TransformError as error:
                raise ConfigError(str(error)) from error
            steps.append(step)
            source = result
    return tuple(steps)


def _params(
    noise_filter: NoiseFilter, axes: tuple[int, ...], key: str
) -> list[dict[str, object]]:
    """The params of the one step, or of one step an axis, that a filter is."""

    def need(name: str, value: object) -> object:
        if value is None:
            raise ConfigError(f"{key}.{name}: missing; {noise_filter.op} needs it")
        return value

    # Only where it is set: bundles before it had no such param.
    causal: dict[str, object] = {"causal": True} if noise_filter.causal else {}
    match noise_filter.op:
        case "moving_average" | "median_filter":
            size = need("size", noise_filter.size)
            return [{"size": size, "axes": list(axes), **causal}]
        case "gaussian_filter":
            if causal:
                raise ConfigError(f"{key}.causal: gaussian_filter has no causal form")
            return [{"sigma": need("sigma", noise_filter.sigma), "axes": list(axes)}]
        case "savitzky_golay":
            window = need("size", noise_filter.size)
            order = need("order", noise_filter.order)
            return [{"window": window, "order": order, "axis": axis, **causal} for axis in axes]
        case "butterworth":
            params = {
                "kind": need("passes", noise_filter.passes),
                "order": need("order", noise_filter.order),
                "cutoff": need("cutoff", noise_filter.cutoff),
                "rate": noise_filter.rate,
                **causal,
            }
            return [{**params, "axis": axis} for axis in axes]
