from __future__ import annotations

from edgesmith.reporting.bench.boxes import Box
from edgesmith.reporting.bench.folding import folded, shortened


def _row(*times_ns: float) -> Box:
    parts = [
        Box(name=f"layer_{place}", style="part-layer", time_ns=time_ns)
        for place, time_ns in enumerate(times_ns)
    ]
    return Box(name="predict", style="part-whole", time_ns=sum(times_ns), parts=parts)


def test_what_fits_stays_as_it_is() -> None:
    root = _row(5.0, 9.0, 1.0)

    assert folded(root, 100_000).parts == tuple(root.parts)


def test_the_shortest_of_a_row_are_one_box_at_its_end() -> None:
    root = folded(_row(2_000.0, 9_000.0, 1_000.0, 8_000.0), 700)

    assert [(one.name, one.time_ns) for one in root.parts] == [
        ("layer_1", 9_000.0),
        ("layer_3", 8_000.0),
        ("2 others", 3_000.0),
    ]
    assert root.parts[-1].hint == "the longest of them is layer_0 with 2.00 µs"


def test_one_that_would_be_alone_keeps_its_name_without_its_parts() -> None:
    inner = _row(1.0, 1.0)
    outer = Box(name="call", style="part-whole", time_ns=12.0, parts=[*_row(10.0).parts, inner])

    root = folded(outer, 400)

    assert [(one.name, one.parts) for one in root.parts] == [("layer_0", ()), ("predict", ())]


def test_what_is_narrower_than_a_pixel_is_left_out() -> None:
    assert [one.name for one in folded(_row(1e6, 100.0, 100.0), 100_000).parts] == ["layer_0"]


def test_many_that_are_narrow_are_as_wide_as_they_are_together() -> None:
    root = folded(_row(1e6, *[500.0] * 200), 1_000_000)

    assert [(one.name, one.time_ns) for one in root.parts] == [
        ("layer_0", 1e6),
        ("200 others", 1e5),
    ]


def test_a_row_of_none_but_narrow_ones_is_shown_where_a_word_has_room() -> None:
    wide = Box(name="wide", style="part-layer", time_ns=1e5, parts=_row(*[500.0] * 200).parts)
    slim = Box(name="slim", style="part-layer", time_ns=2e3, parts=_row(*[500.0] * 4).parts)
    rest = Box(name="rest", style="part-rest", time_ns=1e6)
    whole = Box(name="call", style="part-whole", time_ns=1.102e6, parts=[wide, slim, rest])

    root = folded(whole, 100_000)

    assert [[part.name for part in one.parts] for one in root.parts] == [
        ["200 others"],
        [],
        [],
    ]


def test_a_long_path_keeps_its_end() -> None:
    assert shortened("encoder/block_12/attention/query", 16) == "…attention/query"
    assert shortened("query", 16) == "query"
