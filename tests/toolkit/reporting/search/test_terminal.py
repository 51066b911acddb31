from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

from rich.console import Console

from edgesmith.reporting import render_terminal
from edgesmith.reporting.search import render_search

if TYPE_CHECKING:
    from edgesmith.core import Report
    from edgesmith.evidence import Search


def _printed(search: Search) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=100).print(render_search(search))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_the_best_candidates_stand_first_and_the_rest_is_counted(search: Search) -> None:
    lines = _printed(search)

    assert lines[0].split()[:3] == ["candidate", "format", "size"]
    assert "accuracy lost, points" in lines[0]
    assert " ".join(lines[1].split()) == (
        "int8_static tflite 175 kB 0.42 [0.02, 0.92] 44.0 \N{MICRO SIGN}s "
        "0.45\N{MULTIPLICATION SIGN} chosen"
    )
    assert lines[12].startswith("float16")
    assert lines[13] == "and 3 more in the report"


def test_budget_and_reasons_are_told(search: Search) -> None:
    text = " ".join(" ".join(_printed(search)).split())

    assert "budget ONNX and TFLite: at most 200 kB, 95 of 100 calls within" in text
    assert "TFLite int8_static: the fastest of those that keep the budget" in text


def test_five_layers_are_told_the_worst_first(search: Search) -> None:
    lines = _printed(search)

    heading = next(index for index, line in enumerate(lines) if line.startswith("worst"))
    assert lines[heading + 1].split() == [
        "block_0/conv2d_3",
        "2.30",
        "kB",
        "11.2",
        "1.20",
        "12.9",
        "0.40",
    ]
    assert len(lines) == heading + 1 + 5


def test_what_is_missed_is_told_and_no_layers_are_no_table(search: Search) -> None:
    missed = dataclasses.replace(
        search, candidates=search.candidates[:2], missed="126 kB too large", layers=None
    )

    lines = _printed(missed)

    assert lines[-1] == "missed 126 kB too large"
    assert not any("more in the report" in line for line in lines)


def test_nothing_is_wider_than_a_hundred_columns(search: Search) -> None:
    long = dataclasses.replace(
        search.candidates[8],
        recipe=dataclasses.replace(search.candidates[8].recipe, name="int8_static_" * 5),
        reason="much to say " * 20,
    )
    wide = dataclasses.replace(search, candidates=(*search.candidates, long))

    assert max(map(len, _printed(wide))) <= 100


def test_the_results_of_a_build_end_with_its_search(searched_report: Report) -> None:
    stream = io.StringIO()
    Console(file=stream, width=100).print(render_terminal(searched_report))

    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("model ")
    assert any(line.startswith("candidate ") for line in lines)
