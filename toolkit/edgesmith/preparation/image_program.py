"""Images to pixels of one size: the part of the transform before normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.preparation.filtering import filter_steps
from edgesmith.preparation.plan import Plan, has_tail, marked
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from edgesmith.config import Config, ImageConfig

__all__ = ["image_plan"]

TENSOR = "pixels"
FITS = {"stretch": "resize", "letterbox": "letterbox", "center_crop": "cover"}
BGR = (2, 1, 0)


def image_plan(config: Config, raw_input: str) -> Plan:
    """Decode, crop, filter, resize, reorder; the cache holds float32 pixels of the source's range.

    Resizing is always a step, so that an app may hand in images of any size.

    Raises:
        ConfigError: The ``[image]`` section is missing, or grey images shall change colour.
    """
    if config.image is None:
        raise ConfigError("image: missing; images need [image] with height and width")
    image = config.image
    for key in ("saturation", "hue"):
        if image.mode == "grey" and getattr(config.augmentation, key):
            raise ConfigError(f"augmentation.{key}: for colours only, and image.mode is grey")
    steps = _decoding(image, raw_input)
    steps += filter_steps(
        config.cleaning.filters, source=steps[-1].outputs[0], n_axes=3, default_axes=(0, 1)
    )
    is_bgr = image.channel_order == "bgr"
    value = "resized" if has_tail(config) else TENSOR
    size = Step(
        op=FITS[image.fit],
        inputs=steps[-1].outputs,
        outputs=("in_rgb" if is_bgr else value,),
        params=_fitting(image),
    )
    steps += (size,)
    if is_bgr:
        reorder = Step(
            op="reorder_channels",
            inputs=size.outputs,
            outputs=(value,),
            params={"order": list(BGR)},
        )
        steps += (reorder,)
    return Plan(head=marked(steps), value=value, tensor=TENSOR)


def _decoding(image: ImageConfig, raw_input: str) -> tuple[Step, ...]:
    # Only where it is set: bundles before it had no such param.
    alpha: dict[str, object] = {"alpha": image.alpha} if image.alpha != "drop" else {}
    decode = Step(
        op="decode_image",
        inputs=(raw_input,),
        outputs=("decoded",),
        params={"mode": image.mode, **alpha},
    )
    if image.crop is None:
        return (decode,)
    names = ("top", "left", "height", "width")
    crop = Step(
        op="crop",
        inputs=decode.outputs,
        outputs=("cropped",),
        params=dict(zip(names, image.crop, strict=True)),
    )
    return (decode, crop)


def _fitting(image: ImageConfig) -> dict[str, object]:
    """The params of the step that gives images their size."""
    params: dict[str, object] = {
        "height": image.height,
        "width": image.width,
        "method": image.resize,
        "antialias": image.antialias,
    }
    if image.fit == "letterbox":
        params["color"] = list(image.pad_color)
    return params
