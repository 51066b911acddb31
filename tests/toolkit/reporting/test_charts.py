from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from edgesmith.reporting.charts import (
    Bar,
    Group,
    Mark,
    Series,
    bars,
    histogram,
    line,
    marks,
    matrix,
    overlaid,
    scatter,
)
from edgesmith.reporting.drawing import Axis

SVG = "{http://www.w3.org/2000/svg}"


def _texts(chart: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(chart).iter(f"{SVG}text")]


def _styled(chart: str, tag: str, style: str) -> list[ET.Element]:
    return [one for one in ET.fromstring(chart).iter(SVG + tag) if one.get("class") == style]


def test_a_line_goes_through_every_value() -> None:
    chart = line("t", [Series(name="loss", values=[3.0, 2.0, 1.0])], ("epoch", "loss"))

    (path,) = _styled(chart, "path", "series-1 stroke")

    assert (path.get("d") or "").count(" L") == 2


def test_two_lines_are_named() -> None:
    series = [Series(name="training", values=[1, 2]), Series(name="validation", values=[2, 3])]

    assert {"training", "validation"} <= set(_texts(line("t", series, ("epoch", "loss"))))


def test_values_over_two_decades_are_on_a_log_scale() -> None:
    wide = line("t", [Series(name="loss", values=[5.0, 0.01])], ("epoch", "loss"))
    narrow = line("t", [Series(name="loss", values=[5.0, 1.0])], ("epoch", "loss"))

    assert "loss (log scale)" in _texts(wide)
    assert "loss" in _texts(narrow)


def test_a_scale_can_be_held_linear() -> None:
    series = [Series(name="rate", values=[0.003, 1e-8])]

    assert "rate" in _texts(line("t", series, ("epoch", "rate"), may_be_log=False))


def test_the_kept_epoch_is_pointed_out() -> None:
    chart = line(
        "t", [Series(name="loss", values=[3.0, 1.0, 2.0])], ("epoch", "loss"), marked=2
    )

    assert "kept: 2" in _texts(chart)


def test_one_epoch_is_a_dot() -> None:
    chart = line("t", [Series(name="loss", values=[3.0])], ("epoch", "loss"))

    assert len(_styled(chart, "circle", "series-1 fill")) == 1


def test_bars_are_as_long_as_their_values() -> None:
    items = [Bar(name="a", value=200, text="200 B"), Bar(name="b", value=50, text="50 B")]

    widths = [
        float(one.get("width") or 0) for one in _styled(bars("t", items), "rect", "quiet fill")
    ]

    assert widths == [400, 100]


def test_bars_on_a_log_scale_grow_by_decades() -> None:
    items = [Bar(name=str(value), value=value, text="") for value in (20, 200, 2000)]

    chart = bars("t", items, log=True)
    widths = [float(one.get("width") or 0) for one in _styled(chart, "rect", "quiet fill")]

    assert widths[1] - widths[0] == pytest.approx(widths[2] - widths[1], abs=0.02)


def test_the_chosen_bar_stands_out() -> None:
    chart = bars("t", [Bar(name="a", value=2, text="", chosen=True)])

    assert len(_styled(chart, "rect", "series-1 fill")) == 1


def test_a_scatter_has_a_dot_for_every_finite_pair() -> None:
    points = np.array([[1.0, 2.0], [3.0, np.nan], [2.0, 2.0]])

    chart = scatter("t", points, ("true", "predicted"))

    assert len(_styled(chart, "circle", "series-1 fill see-through")) == 2


def test_names_of_marks_do_not_overlap() -> None:
    items = [
        Mark(name=f"model{index}.onnx", x=10.0 + index, y=0.9, low=0.8, high=1.0)
        for index in range(3)
    ]
    axes = (Axis(label="x", low=1, high=100, log=True), Axis(label="y", low=0.6, high=1.2))

    chart = ET.fromstring(marks("t", items, *axes))
    places = [
        (float(one.get("x") or 0), float(one.get("y") or 0))
        for one in chart.iter(f"{SVG}text")
        if (one.text or "").startswith("model")
    ]

    assert len(places) == 3
    for index, (x, y) in enumerate(places):
        others = places[:index] + places[index + 1 :]
        assert all(
            abs(y - other_y) >= 13 or abs(x - other_x) >= 70 for other_x, other_y in others
        )


def test_a_histogram_counts_every_value() -> None:
    values = np.random.default_rng(0).normal(size=200)

    chart = histogram("t", values, ("residual", "samples"))
    counts = [
        int((one.findtext(f"{SVG}title") or "").rpartition(": ")[2])
        for one in _styled(chart, "rect", "series-1 fill")
    ]

    assert sum(counts) == 200


def test_equal_values_have_a_histogram() -> None:
    chart = histogram("t", np.zeros(3), ("residual", "samples"))

    assert len(_styled(chart, "rect", "series-1 fill")) == 5


def test_overlaid_groups_are_shares_of_their_own() -> None:
    groups = [
        Group(name="normal", values=np.random.default_rng(0).normal(size=50) + 5),
        Group(name="abnormal", values=np.random.default_rng(1).normal(size=2000) + 9),
    ]

    chart = overlaid("t", groups, ("score", "share"), marked=7.0)

    for number in (1, 2):
        hints = [
            one.findtext(f"{SVG}title") or ""
            for one in _styled(chart, "rect", f"series-{number} fill see-through")
        ]
        shares = [float(hint.rpartition(": ")[2].removesuffix(" %")) for hint in hints]
        assert sum(shares) == pytest.approx(100, abs=1)
    assert "log scale" not in chart


def test_scores_of_other_decades_are_on_a_log_scale() -> None:
    groups = [
        Group(name="normal", values=np.array([1.0, 2.0])),
        Group(name="abnormal", values=np.array([500.0])),
    ]

    assert "score (log scale)" in overlaid("t", groups, ("score", "share"), marked=3.0)


def test_a_matrix_shows_every_count_but_zeros() -> None:
    counts = np.array([[5, 0], [2, 9]])

    assert {"5", "2", "9"} <= set(_texts(matrix("t", counts, ["cat", "dog"])))
    assert "0" not in _texts(matrix("t", counts, ["cat", "dog"]))


def test_a_matrix_tells_rights_from_wrongs() -> None:
    chart = matrix("t", np.array([[5, 0], [2, 9]]), ["cat", "dog"])

    assert len(_styled(chart, "rect", "cell right")) == 2
    assert len(_styled(chart, "rect", "cell wrong")) == 1


def test_a_large_matrix_has_no_numbers_but_hints() -> None:
    chart = matrix("t", np.full((40, 40), 3), [f"class {index}" for index in range(40)])

    assert _texts(chart).count("3") == 0
    assert "class 0 predicted as class 39: 3" in chart


def test_a_long_class_name_is_cut() -> None:
    chart = matrix("t", np.eye(2, dtype=np.int64), ["a" * 30, "b"])

    assert "a" * 13 + "\N{HORIZONTAL ELLIPSIS}" in _texts(chart)


def test_a_class_without_samples_has_a_row() -> None:
    chart = matrix("t", np.array([[0, 0], [1, 1]]), ["cat", "dog"])

    assert {"cat", "dog"} <= set(_texts(chart))
