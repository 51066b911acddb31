from __future__ import annotations

import pytest

from edgesmith.reporting.quantities import (
    error_text,
    factor_text,
    latency_interval_text,
    latency_text,
    number_text,
    percent_tick_text,
    score_interval_text,
    score_text,
    share_text,
    size_text,
    size_tick_text,
    tick_text,
)
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.manifest import Score


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (52.149, "52.1"),
        (9.999, "10.0"),
        (39932.0, "39,900"),
        (1.0, "1.00"),
        (-0.5, "-0.500"),
        (2.4e-7, "2.40e-7"),
        (4.2e12, "4.20e12"),
        (float("inf"), "inf"),
    ],
)
def test_a_number_has_three_digits(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (None, "\N{EN DASH}"),
        (0, "0 B"),
        (999, "999 B"),
        (999_900, "1.00 MB"),
        (81_234, "81.2 kB"),
        (577e6, "577 MB"),
        (2.056e9, "2.06 GB"),
    ],
)
def test_a_size_is_in_decimal_units(size_bytes: float | None, text: str) -> None:
    assert size_text(size_bytes) == text


@pytest.mark.parametrize(
    ("latency_ns", "text"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0 ns"),
        (-2_340.0, "-2.34 \N{MICRO SIGN}s"),
        (870.0, "870 ns"),
        (52_100.0, "52.1 \N{MICRO SIGN}s"),
        (999_900.0, "1.00 ms"),
        (2.303e9, "2.30 s"),
    ],
)
def test_a_latency_has_the_unit_that_fits(latency_ns: float | None, text: str) -> None:
    assert latency_text(latency_ns) == text


def test_an_interval_stays_in_the_unit_of_its_figure() -> None:
    estimate = Estimate(value=990_000.0, low=950_000.0, high=1_020_000.0)

    assert latency_interval_text(estimate) == "950 to 1,020 \N{MICRO SIGN}s"


def test_an_interval_without_width_is_none() -> None:
    assert latency_interval_text(Estimate(value=5.0, low=5.0, high=5.0)) == ""


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-30.0, 2_500.0, "-0.0300 to 2.50 \N{MICRO SIGN}s"),
        (-1_200.0, 0.0, "-1.20 to 0 \N{MICRO SIGN}s"),
    ],
)
def test_an_interval_around_nothing_has_the_unit_of_its_wider_end(
    low: float, high: float, text: str
) -> None:
    assert latency_interval_text(Estimate(value=0.0, low=low, high=high)) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"),
        (0.99999, ">99.99 %"),
        (0.9912, "99.12 %"),
        (0.5, "50 %"),
        (0.123, "12.3 %"),
        (0.0, "0 %"),
        (None, "\N{EN DASH}"),
    ],
)
def test_only_all_is_a_hundred_percent(share: float | None, text: str) -> None:
    assert share_text(share) == text


def test_a_share_metric_is_in_percent() -> None:
    score = Score(metric="accuracy", value=0.9833, low=0.9641, high=0.9923, n_samples=360)

    assert score_text(score) == "98.3 %"
    assert score_interval_text(score) == "96.4 to 99.2 %"


def test_an_error_metric_has_the_unit_of_the_target() -> None:
    score = Score(metric="rmse", value=2.531, low=2.2, high=2.9, n_samples=79)

    assert score_text(score, "mpg") == "2.53 mpg"
    assert score_interval_text(score, "mpg") == "2.20 to 2.90 mpg"


def test_r2_has_no_unit() -> None:
    score = Score(metric="r2", value=0.8861, low=0.8, high=0.9, n_samples=79)

    assert score_text(score, "mpg") == "0.886"


def test_a_score_that_is_not_there_is_a_dash() -> None:
    assert score_text(None) == "\N{EN DASH}"


def test_a_factor_has_two_digits_below_a_thousand() -> None:
    assert factor_text(Estimate(value=46.78, low=1, high=2)) == "47\N{MULTIPLICATION SIGN}"
    assert factor_text(Estimate(value=3274.0, low=1, high=2)) == "3,270\N{MULTIPLICATION SIGN}"


def test_an_equal_output_has_no_error() -> None:
    assert error_text(0.0) == "0"
    assert error_text(2.41e-7) == "2.4e-7"


def test_a_tick_has_no_more_digits_than_it_needs() -> None:
    assert [tick_text(value) for value in (0.0, 0.0005, 0.1, 10.0, 2500.0, 1e-6)] == [
        "0",
        "0.0005",
        "0.1",
        "10",
        "2,500",
        "1e-6",
    ]
    assert percent_tick_text(0.985) == "98.5 %"
    assert [size_tick_text(value) for value in (50, 200e3, 1.5e6, 2e9)] == [
        "50 B",
        "200 kB",
        "1.5 MB",
        "2 GB",
    ]
