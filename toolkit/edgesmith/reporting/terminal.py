"""The results of a build as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from edgesmith.reporting.pictures import score_label
from edgesmith.reporting.rows import Cell, artifact_rows
from edgesmith.reporting.search import render_search

if TYPE_CHECKING:
    from edgesmith.core import Report

__all__ = ["render_terminal"]


def render_terminal(report: Report) -> Table | Group:
    """The original and every artifact, the default one marked with ``*``; then the search, if any.

    Intervals stand in brackets behind their figures. ``p50`` is the median latency of a call,
    and ``vs predict`` how many times that fits into the one of Keras ``predict``.
    """
    table = _artifacts(report)
    if report.search is None:
        return table
    return Group(table, "", render_search(report.search))


def _artifacts(report: Report) -> Table:
    score = report.original.score
    metric = "score" if score is None else score_label(score.metric, None, report.labels)
    table = Table(collapse_padding=True, box=None, pad_edge=False, header_style="bold")
    table.add_column("model", no_wrap=True)
    for name in ("size", metric, "agreement", "max error", "p50", "vs predict"):
        table.add_column(name, justify="right")
    for row in artifact_rows(report):
        table.add_row(
            f"{row.name} *" if row.chosen else row.name,
            row.size,
            _bracketed(row.score),
            row.agreement,
            row.max_error,
            row.latency.text,
            _bracketed(row.factor),
            style="bold" if row.chosen else None,
        )
    return table


def _bracketed(cell: Cell) -> Text:
    bounds = cell.note.removesuffix(" %").replace(" to ", ", ")
    return Text(f"{cell.text} [{bounds}]" if bounds else cell.text)
