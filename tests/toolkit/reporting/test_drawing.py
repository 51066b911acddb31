from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith.reporting.drawing import Axis, Drawing

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def test_ticks_are_round() -> None:
    axis = Axis(label="", low=-0.3, high=9.8)

    assert axis.ticks() == [0, 2, 4, 6, 8]


def test_ticks_of_a_log_axis_are_decades() -> None:
    axis = Axis(label="", low=5.0, high=5e7, log=True)

    assert axis.ticks(n_wanted=6) == [10.0, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7]


def test_ticks_of_a_short_log_axis_have_twos_and_fives() -> None:
    axis = Axis(label="", low=0.9, high=12.0, log=True)

    assert axis.ticks() == [1, 2, 5, 10]


def test_a_share_of_a_log_axis_is_by_decades() -> None:
    axis = Axis(label="", low=1.0, high=1e4, log=True)

    assert axis.share(100.0) == pytest.approx(0.5)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_all_values_are_within_the_axis_around_them(values: list[float]) -> None:
    axis = Axis.around(values, "")

    assert all(0 <= axis.share(value) <= 1 for value in values)
    assert axis.ticks()


@given(st.lists(st.floats(1e-9, 1e12), min_size=1, max_size=5))
def test_all_values_are_within_the_log_axis_around_them(values: list[float]) -> None:
    axis = Axis.around(values, "", log=True)

    assert all(-1e-9 <= axis.share(value) <= 1 + 1e-9 for value in values)
    assert axis.ticks()


def test_a_drawing_has_a_title_that_names_it() -> None:
    root = ET.fromstring(str(Drawing("Loss by epoch", (10, 5))))

    title = root.find("{http://www.w3.org/2000/svg}title")

    assert title is not None
    assert title.text == "Loss by epoch"
    assert root.get("aria-labelledby") == title.get("id")


def test_a_text_cannot_break_out_of_the_drawing() -> None:
    drawing = Drawing("t", (10, 5))

    drawing.text((1, 2), "</svg><script>")

    assert "<script>" not in str(drawing)
