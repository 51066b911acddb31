from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from edgesmith.reporting.bench.field import Curve, Field, Scale, Unit

SVG = "{http://www.w3.org/2000/svg}"


def _parsed(field: Field) -> ET.Element:
    return ET.fromstring(str(field))


def test_across_is_in_shares_of_the_width_and_down_in_pixels() -> None:
    x = Scale(low=0, high=200, unit=Unit.NUMBER)
    field = Field("dots", 100, x=x, y=Scale(low=0, high=1, unit=Unit.SHARE))

    field.dot((50, 0.75), 4, "dot", {"subject": "3"}, "a hint")

    circle = _parsed(field).find(f".//{SVG}circle")
    assert circle is not None
    assert (circle.get("cx"), circle.get("cy")) == ("25%", "25")
    assert (circle.get("data-x"), circle.get("data-y")) == ("50", "0.75")
    assert circle.get("data-subject") == "3"
    assert circle.findtext(f"{SVG}title") == "a hint"


def test_a_curve_is_stretched_over_the_box() -> None:
    x = Scale(low=1, high=100, unit=Unit.NS, log=True)
    field = Field("curve", 100, x=x, y=Scale(low=0, high=1, unit=Unit.SHARE))

    field.curve(Curve(xs=[1, 10, 100], ys=[0, 0.5, 1]), "line", {})

    path = _parsed(field).find(f".//{SVG}path")
    assert path is not None
    assert path.get("d") == "M0 1000L500 500L1000 0"


def test_a_hidden_curve_has_its_values_and_no_shape() -> None:
    scale = Scale(low=0, high=1, unit=Unit.SHARE)
    field = Field("curve", 100, x=scale, y=scale)

    field.curve(Curve(xs=[0, 1], ys=[0, 1]), "line", {}, hidden=True)

    path = _parsed(field).find(f".//{SVG}path")
    assert path is not None
    assert (path.get("d"), path.get("data-y"), path.get("hidden")) == ("", "0 1", "")


def test_a_bar_says_its_name_only_where_it_has_room() -> None:
    field = Field("bars", 100, x=Scale(low=0, high=100, unit=Unit.NS))

    field.bar((0, 50), (0, 20), "part-0", {}, ("prepare", ""))
    field.bar((50, 51), (0, 20), "part-1", {}, ("answer", ""))

    wide, thin = _parsed(field).findall(f".//{SVG}svg[@data-x]")
    assert "thin" not in (wide.get("class") or "")
    assert "thin" in (thin.get("class") or "")


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (Unit.NS, 2e5, "200 µs"),
        (Unit.NS, 0, "0"),
        (Unit.SECONDS, 30, "30 s"),
        (Unit.SHARE, 0.5, "50 %"),
        (Unit.BYTES, 5e5, "500 kB"),
        (Unit.NUMBER, 1500, "1,500"),
    ],
)
def test_ticks_have_their_unit(unit: Unit, value: float, text: str) -> None:
    assert unit.text(value) == text
