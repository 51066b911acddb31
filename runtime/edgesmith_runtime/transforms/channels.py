"""Steps that turn the channels of images: another order, or another place among the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.resize import image_channels
from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.samples import Samples

__all__ = ["ChannelsFirst", "ReorderChannels"]


@record()
class ReorderChannels:
    """Channels in another order: channel ``i`` of the result is channel ``order[i]``.

    [2, 1, 0] makes BGR, which OpenCV and Caffe have, of RGB, and the reverse. A channel may be
    left out or come twice; the source is ``numpy.take`` along the last axis.

    Args:
        order: Channels of the input, counted from 0.
    """

    order: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.order or min(self.order) < 0:
            raise ValueError(f"order: expected channels from 0, got {list(self.order)}")

    def __call__(self, images: Any) -> Samples:
        """The images in their dtype, ``(batch, h, w, len(order))``, an array or a list as given.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or fewer channels than the order names.
        """
        n_channels = image_channels(images)
        if max(self.order) >= n_channels:
            raise InputError(
                f"expected images with {max(self.order) + 1} channels or more, got {n_channels}"
            )
        return each(images, lambda batch: batch[..., list(self.order)])


@record()
class ChannelsFirst:
    """The channels before height and width, as PyTorch and Caffe have them.

    Value ``[c, y, x]`` of the result is value ``[y, x, c]``; the source is
    ``numpy.moveaxis(images, -1, -3)``.
    """

    def __call__(self, images: Any) -> Samples:
        """The images in their dtype, ``(batch, c, h, w)``, an array or a list as given.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images.
        """
        image_channels(images)
        return each(images, _channels_first)


def _channels_first(images: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.moveaxis(images, -1, -3))
