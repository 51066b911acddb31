from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from edgesmith.recipe import Target
from edgesmith.reporting.search.pictures import drops_picture, latencies_picture

if TYPE_CHECKING:
    from edgesmith.evidence import Search

SVG = "{http://www.w3.org/2000/svg}"


def _texts(chart: str) -> set[str]:
    return {element.text or "" for element in ET.fromstring(chart).iter(f"{SVG}text")}


def _hints(chart: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(chart).iter(f"{SVG}title")][1:]


def test_every_candidate_is_in_both_pictures_with_its_figures(search: Search) -> None:
    for chart in (drops_picture(search), latencies_picture(search)):
        hints = _hints(chart)
        assert len(hints) == 15
        assert (
            "int8_static (TFLite), 175 kB, lost 0.42 points (0.02 to 0.92), "
            "44.0 \N{MICRO SIGN}s a call (43.3 to 44.9 \N{MICRO SIGN}s), chosen" in hints
        )


def test_limits_are_named(search: Search) -> None:
    assert {"at most 200 kB", "allowed: 1 point"} <= _texts(drops_picture(search))
    assert {"at most 200 kB", "at most 150 \N{MICRO SIGN}s"} <= _texts(
        latencies_picture(search)
    )


def test_a_drop_far_beyond_what_is_allowed_is_named_with_its_figure(search: Search) -> None:
    assert "int4_weights: 13.90 points" in _texts(drops_picture(search))


def test_sizes_over_a_wide_range_are_on_a_log_scale(search: Search) -> None:
    narrow = dataclasses.replace(search, candidates=search.candidates[2:8])

    assert "size (log scale)" in _texts(drops_picture(search))
    assert "size" in _texts(drops_picture(narrow))


def test_the_latency_is_the_p95_only_where_that_has_a_limit(search: Search) -> None:
    without = dataclasses.replace(search, target=Target())

    assert "p95 of a call" in _texts(latencies_picture(search))
    assert "latency of a call" in _texts(latencies_picture(without))


def test_what_was_not_measured_has_no_picture(search: Search) -> None:
    bare = tuple(dataclasses.replace(one, drop=None, latency=None) for one in search.candidates)
    without = dataclasses.replace(search, candidates=bare)

    assert (drops_picture(without), latencies_picture(without)) == ("", "")


def test_nothing_allowed_and_nothing_lost_is_a_picture_too(search: Search) -> None:
    strict = dataclasses.replace(
        search,
        target=Target(max_accuracy_drop=0.0),
        candidates=(search.candidates[0], search.candidates[1]),
    )

    assert len(_hints(drops_picture(strict))) == 2
