from __future__ import annotations

import pytest
from pydantic import ValidationError

from edgesmith.config import ImageConfig, NoiseFilter, NormalizationConfig


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"crop": (-1, 0, 2, 2)},
            "crop must be top and left from 0, height and width from 1, got [-1, 0, 2, 2]",
        ),
        (
            {"crop": (0, 0, 2, 0)},
            "crop must be top and left from 0, height and width from 1, got [0, 0, 2, 0]",
        ),
        ({"pad_color": (1.0,)}, "pad_color is for letterbox, and fit is stretch"),
        (
            {"fit": "letterbox", "pad_color": (1.0, 2.0)},
            "pad_color must be one level or 3, and it has 2",
        ),
        (
            {"fit": "letterbox", "mode": "grey", "pad_color": (1.0, 2.0, 3.0)},
            "pad_color must be one level or 1, and it has 3",
        ),
        (
            {"mode": "grey", "channel_order": "bgr"},
            "channel_order is for rgb, and mode is grey",
        ),
    ],
)
def test_an_image_key_that_cannot_be_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ImageConfig.model_validate({"height": 4, "width": 4, **keys})

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"method": "given"},
            'offset and scale go together with method = "given", and with no other',
        ),
        (
            {"method": "given", "offset": (1.0,)},
            'offset and scale go together with method = "given", and with no other',
        ),
        (
            {"method": "standard", "offset": (1.0,), "scale": (1.0,)},
            'offset and scale go together with method = "given", and with no other',
        ),
        (
            {"method": "given", "offset": (1.0,), "scale": (1.0, 0.0)},
            "scale must not hold 0, which nothing can be divided by",
        ),
        (
            {"method": "standard", "range": (0.0, 1.0)},
            "range: of minmax, and method is standard; leave it out",
        ),
    ],
)
def test_given_numbers_go_with_the_method_of_that_name(
    keys: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        NormalizationConfig.model_validate(keys)

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"op": "moving_average", "size": 3, "sigma": 4.0},
            "sigma: not of moving_average, which takes size; leave it out",
        ),
        (
            {"op": "gaussian_filter", "sigma": 4.0, "size": 3},
            "size: not of gaussian_filter, which takes sigma; leave it out",
        ),
        (
            {"op": "savitzky_golay", "size": 5, "order": 2, "passes": "low"},
            "passes: not of savitzky_golay, which takes size, order; leave it out",
        ),
        (
            {"op": "butterworth", "order": 2, "size": 3},
            "size: not of butterworth, which takes order, passes, cutoff, rate; leave it out",
        ),
        (
            {"op": "median_filter", "size": 3, "rate": 1.0},
            "rate: not of median_filter, which takes size; leave it out",
        ),
    ],
)
def test_a_filter_has_its_own_keys(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NoiseFilter.model_validate(keys)

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"
