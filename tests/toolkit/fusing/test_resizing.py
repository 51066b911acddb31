from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith_runtime.transforms.resize import METHODS

if TYPE_CHECKING:
    from conftest import Agree

SIZES = [(40, 61), (19, 7)]


def pixels(height: int, width: int, n_channels: int = 3) -> Any:
    rng = np.random.default_rng(height)
    return rng.integers(0, 256, (2, height, width, n_channels)).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_images_of_any_size_come_to_one(
    agree: Agree, *, method: str, antialias: bool, size: tuple[int, int]
) -> None:
    agree(
        "resize",
        pixels(*size),
        free=(1, 2),
        height=19,
        width=23,
        method=method,
        antialias=antialias,
    )


@pytest.mark.parametrize("op", ["letterbox", "cover"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("method", METHODS)
def test_the_aspect_is_kept_as_the_runtime_keeps_it(
    agree: Agree, method: str, size: tuple[int, int], op: str
) -> None:
    agree(op, pixels(*size), free=(1, 2), height=20, width=17, method=method)


def test_a_letterbox_has_its_color_around_the_image(agree: Agree) -> None:
    agree(
        "letterbox", pixels(10, 40), free=(1, 2), height=16, width=16, color=[9.0, 80.0, 255.0]
    )


def test_known_sizes_are_worked_on_as_free_ones_are(agree: Agree) -> None:
    agree("letterbox", pixels(10, 40, 1), height=16, width=16)
    agree("cover", pixels(10, 40, 1), height=16, width=16)
    agree("resize", pixels(10, 40, 1), height=16, width=16)


def test_a_large_image_loses_no_digits_in_the_places_of_its_pixels(agree: Agree) -> None:
    agree("resize", pixels(8191, 2, 1), free=(1, 2), height=31, width=2, antialias=False)


def test_a_method_that_no_graph_knows_is_refused() -> None:
    from types import SimpleNamespace

    import tensorflow as tf

    from edgesmith.fusing.resizing import resize

    op: Any = SimpleNamespace(height=2, width=2, method="mitchell", antialias=True)

    with pytest.raises(NotInGraphError, match=r"^the method 'mitchell' has no counterpart"):
        resize(op, tf.zeros((1, 3, 3, 1)))
