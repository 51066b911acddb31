from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree as ET

from edgesmith.reporting.drawing import Axis
from edgesmith.reporting.search.trade_offs import Contender, Limit, trade_off

SVG = "{http://www.w3.org/2000/svg}"
AXES = (Axis(label="size", low=0.0, high=10.0), Axis(label="lost", low=0.0, high=5.0))
KINDS = ["ONNX", "TFLite"]
NO_LIMITS = (None, None)


def _contender(
    name: str, x: float, y: float, *, kind: int = 0, chosen: bool = False, fits: bool = True
) -> Contender:
    return Contender(
        name=name,
        x=x,
        y=y,
        ends=(y - 0.1, y + 0.1),
        kind=kind,
        chosen=chosen,
        fits=fits,
        hint=f"hint of {name}",
    )


def _texts(chart: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(chart).iter(f"{SVG}text")]


def _hints(chart: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(chart).iter(f"{SVG}title")][1:]


def _styled(chart: str, tag: str, style: str) -> list[ET.Element]:
    return [one for one in ET.fromstring(chart).iter(SVG + tag) if one.get("class") == style]


def test_a_kind_has_a_shape_and_every_point_its_hint() -> None:
    contenders = [_contender("a", 2, 2), _contender("b", 8, 3, kind=1)]

    chart = trade_off("t", contenders, AXES, NO_LIMITS, KINDS)

    assert len(_styled(chart, "circle", "series-1 fill")) == 2  # the point and the legend's
    assert len(_styled(chart, "path", "series-2 fill")) == 2
    assert sorted(_hints(chart)) == ["hint of a", "hint of b"]
    assert {"a", "b", "ONNX", "TFLite"} <= set(_texts(chart))


def test_the_chosen_one_is_ringed_and_what_does_not_fit_is_hollow() -> None:
    contenders = [_contender("a", 2, 2, chosen=True), _contender("b", 8, 3, fits=False)]

    chart = trade_off("t", contenders, AXES, NO_LIMITS, KINDS)

    assert len(_styled(chart, "circle", "ring")) == 2
    assert len(_styled(chart, "circle", "series-1 hollow")) == 1
    assert {"ships", "misses the budget"} <= set(_texts(chart))


def test_limits_are_lines_and_what_keeps_to_them_is_shaded() -> None:
    limits = (Limit(5.0, "at most 5"), Limit(1.0, "allowed: 1"))

    chart = trade_off("t", [_contender("a", 2, 2)], AXES, limits, KINDS)

    (shade,) = _styled(chart, "rect", "within")
    assert len(_styled(chart, "path", "limit")) == 2
    assert {"at most 5", "allowed: 1"} <= set(_texts(chart))
    assert float(shade.get("width") or 0) == 407  # half of 880 - 52 - 14


def test_a_limit_beyond_the_axis_has_no_line_and_bounds_nothing() -> None:
    chart = trade_off("t", [_contender("a", 2, 2)], AXES, (Limit(50.0, "far"), None), KINDS)

    (shade,) = _styled(chart, "rect", "within")
    assert "far" not in _texts(chart)
    assert float(shade.get("width") or 0) == 814


def test_a_point_off_the_scale_is_at_its_end_with_an_arrow() -> None:
    chart = trade_off("t", [_contender("a", 2, 40)], AXES, NO_LIMITS, KINDS)

    assert len(_styled(chart, "path", "series-1 stroke")) == 1
    assert _styled(chart, "path", "series-1 whisker") == []
    assert "a" in _texts(chart)


def test_names_of_close_points_do_not_overlap() -> None:
    contenders = [
        _contender(f"recipe_{index}", 5 + index / 50, 2 + index / 50, kind=index % 2)
        for index in range(12)
    ]

    chart = trade_off("t", contenders, AXES, NO_LIMITS, KINDS)

    places = [
        (float(one.get("x") or 0), float(one.get("y") or 0))
        for one in ET.fromstring(chart).iter(f"{SVG}text")
        if (one.text or "").startswith("recipe")
    ]
    width, height = 8 * 5.8, 11
    assert len(places) == 12
    for one, other in combinations(places, 2):
        assert abs(one[0] - other[0]) >= width or abs(one[1] - other[1]) >= height
