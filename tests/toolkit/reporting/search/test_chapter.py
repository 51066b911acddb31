from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from edgesmith.reporting import render_html
from edgesmith.reporting.search import search_chapter

if TYPE_CHECKING:
    from edgesmith.core import Report


def _section(report: Report) -> str:
    page = render_html(report)
    return page[page.index('<section id="search">') : page.index('<section id="parity">')]


def _words(report: Report) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", _section(report)).split())


def _with(report: Report, **changes: object) -> Report:
    search = report.search
    assert search is not None
    return dataclasses.replace(report, search=dataclasses.replace(search, **changes))


def test_without_a_search_there_is_no_chapter(classification_report: Report) -> None:
    assert search_chapter(classification_report) is None
    assert 'id="search"' not in render_html(classification_report)


def test_budget_and_outcome_stand_first(searched_report: Report) -> None:
    words = _words(searched_report)

    assert words.startswith("Smaller and faster Asked for ONNX and TFLite: at most 200 kB")
    assert "TFLite int8_static ships: the fastest of those that keep the budget" in words
    assert "To know int8_dynamic computes its ranges at each run" in words


def test_every_candidate_has_its_row_and_its_reason(searched_report: Report) -> None:
    section = _section(searched_report)

    assert section.count('<tr class="why') == 15
    assert section.count('<tr class="why chosen">') == 2
    assert "15 artifacts made in 93.4 s" in section


def test_both_pictures_are_there(searched_report: Report) -> None:
    assert _section(searched_report).count("<svg") == 2


def test_rejected_recipes_are_told_once(searched_report: Report) -> None:
    search = searched_report.search
    assert search is not None
    twice = search.rejected

    page = render_html(dataclasses.replace(searched_report, rejected=twice))

    assert page.count("pruning needs training data") == 1
    assert "Tried and not shipped" not in page


def test_many_layers_are_folded(searched_report: Report) -> None:
    section = _section(searched_report)

    shown, folded = section.split("<details>")
    assert "22 more layers" in folded
    assert shown.count('<th scope="row">block_') == 8
    assert folded.count('<th scope="row">block_') == 22


def test_few_layers_are_all_shown(searched_report: Report) -> None:
    search = searched_report.search
    assert search is not None
    assert search.layers is not None
    few = dataclasses.replace(search.layers, entries=search.layers.entries[:20])

    assert "<details>" not in _section(_with(searched_report, layers=few))


def test_calibration_and_portability_are_told_with_their_warnings(
    searched_report: Report,
) -> None:
    section = _section(searched_report)

    assert "512 samples, training split, drawn with seed 0" in section
    assert '<p class="warning">the halves differ by more than a tenth of a range' in section
    assert "<p><strong>int8_mse_but_conv2d_3</strong>: The same answers on a CPU" in section
    assert '<p class="warning"><strong>int8_static</strong>: Not the same answers' in section


def test_what_is_missed_is_told(searched_report: Report) -> None:
    missed = _with(searched_report, missed="int8_static is 12 kB too large.")

    assert "No candidate keeps the budget. int8_static is 12 kB too large." in _words(missed)


def test_what_was_not_looked_at_has_no_heading(searched_report: Report) -> None:
    bare = tuple(
        dataclasses.replace(one, drop=None, latency=None, score=None)
        for one in searched_report.candidates
    )
    words = _words(
        _with(
            searched_report,
            candidates=bare,
            rejected=(),
            calibration=None,
            layers=None,
            portability=(),
            notes=(),
        )
    )

    for heading in ("Calibration", "On other processors", "Layer by layer", "gave nothing"):
        assert heading not in words
    assert "the metric at most 0.01 worse" in words


def test_what_comes_from_a_model_cannot_become_markup(searched_report: Report) -> None:
    hostile = "<script>alert(1)</script>"
    assert searched_report.search is not None
    first = searched_report.search.candidates[0]
    one = dataclasses.replace(
        first,
        recipe=dataclasses.replace(first.recipe, name=hostile, float_layers=(hostile,)),
        reason=hostile,
    )

    section = _section(_with(searched_report, candidates=(one,), notes=(hostile,)))

    assert "<script" not in section
