"""Figures as a person reads them, in columns that a terminal holds."""

from __future__ import annotations

import pytest

from edgesmith_runtime.bench.comparison.cells import (
    aligned,
    energy_cell,
    number,
    ratio_cell,
    size_cell,
    span_cell,
    time_cell,
    wrapped,
)
from edgesmith_runtime.latency import Estimate


@pytest.mark.parametrize(
    ("value_ns", "text"),
    [
        (None, "-"),
        (0, "0 ns"),
        (850, "850 ns"),
        (5_400, "5.40 us"),
        (52_100, "52.1 us"),
        (39_932_000, "39.9 ms"),
        (2_303_000_000, "2.30 s"),
    ],
)
def test_a_time_has_three_digits_and_its_unit(value_ns: float | None, text: str) -> None:
    assert time_cell(value_ns) == text


def test_an_interval_is_in_the_unit_of_its_value() -> None:
    assert span_cell(Estimate(value=9.8e5, low=9.7e5, high=1.2e6)) == "980 us [970, 1,200]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.012"), (0.5, "0.50"), (12.34, "12.3"), (12345.6, "12,346")],
)
def test_a_number_has_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_near_1_the_third_decimal_of_a_ratio_is_shown() -> None:
    assert ratio_cell(Estimate(value=1.004, low=0.998, high=2.5)) == "1.004 [0.998, 2.50]"


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(None, "-"), (12, "12.0 B"), (81_234, "81.2 kB"), (3e9, "3.00 GB")]
)
def test_a_size_has_its_unit(n_bytes: float | None, text: str) -> None:
    assert size_cell(n_bytes) == text


@pytest.mark.parametrize(
    ("energy_uj", "text"), [(None, "-"), (320.0, "320 uJ"), (4500.0, "4.50 mJ")]
)
def test_an_energy_has_its_unit(energy_uj: float | None, text: str) -> None:
    assert energy_cell(energy_uj) == text


def test_the_first_column_is_to_the_left_and_the_others_to_the_right() -> None:
    assert aligned(("", "size"), [("a", "1"), ("bcd", "20")]) == "\n".join(
        ["     size", "a       1", "bcd    20"]
    )


def test_a_column_in_which_nothing_is_known_is_left_out() -> None:
    rows = [("a", "-", "1"), ("b", "-", "-")]

    assert aligned(("", "energy", "size"), rows) == "   size\na     1\nb     -"


def test_a_name_that_does_not_fit_loses_its_middle() -> None:
    shown = aligned(("", "text"), [("model_" * 20 + "end.onnx", "x" * 70)])

    name = shown.splitlines()[1].split("  ")[0]
    assert (len(name), name[:6], name[-8:]) == (28, "model_", "end.onnx")
    assert ".." in name


def test_a_long_line_goes_on_below() -> None:
    assert wrapped("word " * 30).splitlines()[1].startswith("  word")
