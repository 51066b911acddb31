"""Resizing of other libraries, against Pillow and scipy."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.doctor.other_resizing import (
    WAYS,
    Boxed,
    ShorterSide,
    Weighted,
    centre_cut,
    to_aspect,
)
from edgesmith_runtime.transforms.resize import Resize

IMAGE = np.random.default_rng(4).random((1, 37, 53, 2)).astype(np.float32) * 255
BY_NAME = {way.name: way for way in WAYS}


def _resized(name: str, height: int = 12, width: int = 20) -> np.ndarray:
    return np.asarray(Weighted(height=height, width=width, way=BY_NAME[name])(IMAGE))


@pytest.mark.parametrize(
    ("name", "pillow"),
    [
        ("nearest (pixel centres)", "NEAREST"),
        ("bilinear with antialiasing", "BILINEAR"),
        ("bicubic with antialiasing", "BICUBIC"),
        ("lanczos3 with antialiasing", "LANCZOS"),
    ],
)
def test_kernels_with_antialiasing_are_those_of_pillow(name: str, pillow: str) -> None:
    image = pytest.importorskip("PIL.Image")
    expected = [
        np.asarray(image.fromarray(IMAGE[0, ..., c]).resize((20, 12), image.Resampling[pillow]))
        for c in range(2)
    ]

    np.testing.assert_allclose(_resized(name)[0], np.stack(expected, axis=-1), atol=2e-3)


def test_aligned_corners_are_those_of_scipy_zoom() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    expected = ndimage.zoom(IMAGE[0, ..., 0], (12 / 37, 20 / 53), order=1, grid_mode=False)

    made = _resized("bilinear with aligned corners")[0, ..., 0]

    np.testing.assert_allclose(made, expected, atol=2e-3)


def test_area_is_the_mean_of_whole_blocks() -> None:
    blocks = IMAGE[:, :36, :50]
    way = BY_NAME["area (mean of the covered pixels)"]

    made = Weighted(height=12, width=10, way=way)(blocks)

    expected = blocks.reshape(1, 12, 3, 10, 5, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(made, expected, atol=1e-3)


def test_a_letterbox_pads_both_sides_or_the_end() -> None:
    wide = np.full((1, 2, 4, 1), 7.0, np.float32)
    resize = Resize(4, 4)

    centred = np.asarray(Boxed(resize=resize, pad=1.0)(wide))[0, :, 0, 0]
    corner = np.asarray(Boxed(resize=resize, pad=1.0, centred=False)(wide))[0, :, 0, 0]

    assert centred.tolist() == [1, 7, 7, 1]
    assert corner.tolist() == [7, 7, 1, 1]


def test_the_shorter_side_is_resized_and_the_middle_cut_out() -> None:
    ramp = np.broadcast_to(
        np.arange(12.0, dtype=np.float32)[None, None, :, None], (1, 6, 12, 1)
    )

    made = np.asarray(ShorterSide(resize=Resize(3, 3), factor=2.0)(ramp))

    assert made.shape == (1, 3, 3, 1)
    assert made[0, 0, :, 0].tolist() == [4, 5, 6]


def test_the_middle_has_the_size_or_the_aspect_asked_for() -> None:
    assert np.shape(centre_cut(10, 100)(IMAGE)) == (1, 10, 53, 2)
    assert np.shape(to_aspect(1.0)(IMAGE)) == (1, 37, 37, 2)
