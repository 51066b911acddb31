"""``[series]``: a key that another one makes idle is refused, and its default is not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edgesmith.config import SeriesConfig


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"missing": "fill", "max_gap": 3},
            "max_gap: of interpolate, and missing is fill; leave it out",
        ),
        ({"pad_with": "edge"}, "pad_with: of pad, and to_length is exact; leave it out"),
        ({"window": "hamming"}, "window: of spectra, and features is raw; leave it out"),
        (
            {"window": "hann", "features": ["statistics"]},
            "window: of spectra, and features is statistics; leave it out",
        ),
        (
            {"statistics": ["mean"], "features": ["power_spectrum", "log_spectrum"]},
            "statistics: of statistics, and features is power_spectrum, log_spectrum; leave it "
            "out",
        ),
    ],
)
def test_a_key_that_does_nothing_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SeriesConfig.model_validate(keys, strict=False)

    assert caught.value.errors()[0]["msg"] == f"Value error, {message}"


@pytest.mark.parametrize(
    "keys",
    [
        {"max_gap": 3},
        {"to_length": "pad", "length": 8, "pad_with": "zero"},
        {"features": ["log_spectrum", "statistics"], "window": "hann", "statistics": ["max"]},
        {"missing": "fill", "to_length": "resample", "length": 8, "features": ["statistics"]},
    ],
)
def test_a_key_that_is_used_is_taken(keys: dict[str, object]) -> None:
    assert SeriesConfig.model_validate(keys, strict=False).model_fields_set == set(keys)
