from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

from rich.console import Console

from edgesmith.reporting import render_terminal

if TYPE_CHECKING:
    from edgesmith.core import Report


def _printed(report: Report, width: int = 100) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width).print(render_terminal(report))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_row_tells_size_score_agreement_error_latency_and_factor(
    classification_report: Report,
) -> None:
    lines = _printed(classification_report)

    head, _, onnx, _ = lines
    assert head.split("  ")[0] == "model"
    for name in ("size", "accuracy", "agreement", "max error", "p50", "vs predict"):
        assert name in head
    assert onnx.startswith("model.onnx *")
    for figure in (
        "64.3 kB",
        "98.3 % [96.4, 99.2]",
        "100 %",
        "2.4e-7",
        "\N{MICRO SIGN}s",
        "3,270",
    ):
        assert figure in onnx


def test_the_table_fits_a_hundred_columns(classification_report: Report) -> None:
    assert max(map(len, _printed(classification_report))) <= 100
    assert len(_printed(classification_report)) == 4


def test_a_narrow_terminal_loses_no_figure(classification_report: Report) -> None:
    words = " ".join(_printed(classification_report, width=80)).split()

    assert {"64.3", "98.3", "2.4e-7", "3,270\N{MULTIPLICATION SIGN}"} <= set(words)


def test_what_was_not_measured_is_a_dash(bare_report: Report) -> None:
    _, original, _ = _printed(bare_report)

    assert original.split()[3:] == ["\N{EN DASH}"] * 5


def test_the_f1_names_its_class(classification_report: Report) -> None:
    score = classification_report.original.score
    assert score is not None
    of_f1 = dataclasses.replace(
        classification_report.original, score=dataclasses.replace(score, metric="f1")
    )

    report = dataclasses.replace(classification_report, original=of_f1, labels=("no", "yes"))

    assert "F1 of yes" in _printed(report)[0]
