from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.channels import ChannelsFirst, ReorderChannels


def _pixels(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("order", [(2, 1, 0), (1,), (0, 0, 2, 2)])
def test_channels_come_in_the_order_that_is_asked_for(order: tuple[int, ...]) -> None:
    images = _pixels(2, 4, 5, 3)

    reordered = ReorderChannels(order)(images)

    np.testing.assert_array_equal(reordered, np.take(images, order, axis=-1), strict=True)


def test_channels_first_is_numpys_moved_axis_in_c_order() -> None:
    images = _pixels(2, 4, 5, 3).astype(np.float32)

    turned = ChannelsFirst()(images)

    assert isinstance(turned, np.ndarray)
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned, np.moveaxis(images, -1, 1), strict=True)


def test_images_of_several_sizes_stay_a_list() -> None:
    images = [_pixels(4, 5, 3), _pixels(2, 7, 3)]

    reordered, turned = ReorderChannels((2, 1, 0))(images), ChannelsFirst()(images)

    assert [image.shape for image in reordered] == [(4, 5, 3), (2, 7, 3)]
    assert [image.shape for image in turned] == [(3, 4, 5), (3, 2, 7)]
    np.testing.assert_array_equal(reordered[1], images[1][..., ::-1], strict=True)


def test_a_channel_that_images_lack_is_refused() -> None:
    with pytest.raises(InputError, match=r"^expected images with 3 channels or more, got 1$"):
        ReorderChannels((2, 1, 0))(_pixels(2, 4, 5, 1))


@pytest.mark.parametrize("step", [ReorderChannels((0,)), ChannelsFirst()])
def test_what_is_no_image_is_refused(step: Any) -> None:
    with pytest.raises(InputError, match=r"^expected images of shape \(h, w, c\) with pixels"):
        step(np.zeros((2, 5)))


@pytest.mark.parametrize("order", [(), (-1, 0)])
def test_an_order_of_no_channels_is_refused(order: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^order: expected channels from 0, got \["):
        ReorderChannels(order)
