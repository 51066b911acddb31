from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from conftest import Agree


def pixels() -> Any:
    return np.random.default_rng(0).integers(0, 256, (2, 21, 34, 3)).astype(np.uint8)


def test_a_part_is_the_part_that_the_runtime_cuts(agree: Agree) -> None:
    agree("crop", pixels(), free=(1, 2), top=2, left=3, height=11, width=7)
    agree("center_crop", pixels(), free=(1, 2), height=10, width=7)


def test_an_image_smaller_than_the_part_fails() -> None:
    import pytest
    import tensorflow as tf

    from edgesmith.fusing.cropping import crop
    from edgesmith_runtime.transforms.crops import Crop

    with pytest.raises(tf.errors.InvalidArgumentError):
        crop(Crop(top=0, left=0, height=42, width=5), tf.constant(pixels()))


def test_channels_change_their_order_and_their_place(agree: Agree) -> None:
    agree("reorder_channels", pixels(), free=(1, 2), order=[2, 1, 0, 0])
    agree("channels_first", pixels(), free=(1, 2))
