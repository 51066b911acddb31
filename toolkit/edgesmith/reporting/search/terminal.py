"""A search for a terminal: its candidates, why the chosen ones, the worst layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from edgesmith.core import Standing
from edgesmith.reporting.quantities import ABSENT, latency_text, size_text
from edgesmith.reporting.search.budget import budget_text, metric_of, outcomes, ranked
from edgesmith.reporting.search.drops import drop_scale
from edgesmith.reporting.search.rows import layer_rows, ratio_text

if TYPE_CHECKING:
    from edgesmith.core import Candidate
    from edgesmith.evidence import Drop, LayerAccount, Search

__all__ = ["render_search"]

MOST_CANDIDATES = 12
MOST_LAYERS = 5
WIDEST_RECIPE = 30
WIDEST_LAYER = 40
_FATES = {
    Standing.CHOSEN: "chosen",
    Standing.KEEPS: "keeps",
    Standing.MISSES: "misses",
    None: ABSENT,
}


def render_search(search: Search) -> Group:
    """The best candidates, the reasons of the choice, and five layers; the report has the rest."""
    parts: list[Table | Text] = [_candidates(search)]
    n_more = len(search.candidates) - MOST_CANDIDATES
    if n_more > 0:
        parts.append(Text(f"and {n_more} more in the report", style="dim"))
    parts += [Text(), _reasons(search)]
    if search.layers is not None and search.layers.entries:
        parts += [Text(), _layers(search.layers)]
    return Group(*parts)


def _grid(*, header: bool) -> Table:
    return Table(
        collapse_padding=True,
        box=None,
        pad_edge=False,
        header_style="bold",
        show_header=header,
    )


def _candidates(search: Search) -> Table:
    metric = metric_of(search)
    table = _grid(header=True)
    table.add_column("candidate", no_wrap=True, overflow="ellipsis", max_width=WIDEST_RECIPE)
    table.add_column("format")
    names = ("size", "lost" if metric is None else drop_scale(metric).label, "p50", "to float")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("budget")
    for one in ranked(search)[:MOST_CANDIDATES]:
        style = "bold" if one.standing == Standing.CHOSEN else None
        table.add_row(*_cells(one), style=style)
    return table


def _cells(candidate: Candidate) -> tuple[Text, ...]:
    latency = candidate.latency
    return tuple(
        Text(text)
        for text in (
            candidate.recipe.name,
            str(candidate.recipe.format),
            size_text(candidate.artifact.size_bytes),
            _drop(candidate.drop),
            latency_text(None if latency is None else latency.p50_ns.value),
            ratio_text(None if latency is None else latency.ratio),
            _FATES[candidate.standing],
        )
    )


def _drop(drop: Drop | None) -> str:
    if drop is None:
        return ABSENT
    scale = drop_scale(drop.metric)
    low, high = scale.figure(drop.low), scale.figure(drop.high)
    return f"{scale.figure(drop.value)} [{low}, {high}]"


def _reasons(search: Search) -> Table:
    table = _grid(header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row("budget", Text(budget_text(search)))
    for one in outcomes(search):
        table.add_row(one.format, Text(f"{one.recipe}: {one.reason}"))
    if search.missed is not None:
        table.add_row("missed", Text(search.missed))
    return table


def _layers(account: LayerAccount) -> Table:
    table = _grid(header=True)
    table.add_column("worst layers", no_wrap=True, overflow="ellipsis", max_width=WIDEST_LAYER)
    table.add_column("weights", justify="right")
    for fmt in account.recipes:
        table.add_column(f"{fmt}: dB", justify="right")
        table.add_column("lost", justify="right")
    for row in layer_rows(account)[:MOST_LAYERS]:
        figures = [text for cell in row.cells for text in (cell.snr, cell.effect)]
        table.add_row(*(Text(text) for text in (row.layer, row.weights, *figures)))
    return table
