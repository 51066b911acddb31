"""Images to pixels of one size: the part of the transform before normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.preparation.filtering import filter_steps
from edgesmith.preparation.plan import Plan, has_tail, marked
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from edgesmith.config import Config

__all__ = ["image_plan"]

TENSOR = "pixels"


def image_plan(config: Config, raw_input: str) -> Plan:
    """Decode, filter, resize; the cache holds float32 pixels of the source's range.

    Resizing is always a step, so that an app may hand in images of any size.

    Raises:
        ConfigError: The ``[image]`` section is missing.
    """
    if config.image is None:
        raise ConfigError("image: missing; images need [image] with height and width")
    image = config.image
    decode = Step(
        op="decode_image",
        inputs=(raw_input,),
        outputs=("decoded",),
        params={"mode": image.mode},
    )
    filters = filter_steps(config.cleaning.filters, source="decoded", default_axes=(0, 1))
    value = "resized" if has_tail(config) else TENSOR
    resize = Step(
        op="resize",
        inputs=(filters[-1].outputs[0] if filters else "decoded",),
        outputs=(value,),
        params={
            "height": image.height,
            "width": image.width,
            "method": image.resize,
            "antialias": image.antialias,
        },
    )
    return Plan(head=marked((decode, *filters, resize)), value=value, tensor=TENSOR)
