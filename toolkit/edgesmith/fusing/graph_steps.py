# pyright: basic
"""Steps that a graph can do: each op of the transform in TensorFlow, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.fusing import (
    cropping,
    numbers,
    powers,
    recordings,
    resizing,
    sequences,
    smoothing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GRAPH_STEPS"]

# Op with its params and the tensors of a batch to the tensor that the op gives, in float32 where
# the runtime computes in float64. It raises NotInGraphError where the params ask for more.
GRAPH_STEPS: dict[str, Callable[..., Any]] = {
    "resize": resizing.resize,
    "letterbox": resizing.letterbox,
    "cover": resizing.cover,
    "crop": cropping.crop,
    "center_crop": cropping.center_crop,
    "reorder_channels": cropping.reorder_channels,
    "channels_first": cropping.channels_first,
    "fill": numbers.fill,
    "clip": numbers.clip,
    "scale": numbers.scale,
    "cast": numbers.cast,
    "concat": numbers.concat,
    "reshape": numbers.reshape,
    "transpose": numbers.transpose,
    "one_hot_indices": numbers.one_hot_indices,
    "weigh": numbers.weigh,
    "moving_average": smoothing.moving_average,
    "gaussian_filter": smoothing.gaussian_filter,
    "savitzky_golay": smoothing.savitzky_golay,
    "butterworth": smoothing.butterworth,
    "log1p": powers.log1p,
    "yeo_johnson": powers.yeo_johnson,
    "box_cox": powers.box_cox,
    "fit_length": recordings.fit_length,
    "pre_emphasis": recordings.pre_emphasis,
    "frames": recordings.frames,
    "stft": recordings.stft,
    "mel": recordings.mel,
    "dct": recordings.dct,
    "log": recordings.log,
    "pcen": recordings.pcen,
    "power_spectrum": recordings.power_spectrum,
    "fit_length_series": sequences.fit_length_series,
    "resample_series": sequences.resample_series,
    "standardize_sample": sequences.standardize_sample,
    "statistics": sequences.statistics,
}
