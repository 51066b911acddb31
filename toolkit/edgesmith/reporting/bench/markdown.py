"""A comparison as Markdown: the same figures as on the page, for a pull request or a README."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.board import board_of
from edgesmith.reporting.bench.layers import layers_chapter
from edgesmith.reporting.bench.looks import looks_of
from edgesmith.reporting.bench.machine import machine_facts
from edgesmith.reporting.bench.numbers import Numbers
from edgesmith.reporting.bench.phases import phases_chapter
from edgesmith.reporting.bench.stacks import stages_chapter, start_chapter
from edgesmith.reporting.bench.sustained import sustained_chapter
from edgesmith.reporting.bench.verdict import verdict_of
from edgesmith_runtime.bench import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgesmith.layer_times import Profile
    from edgesmith.reporting.bench.looks import Look
    from edgesmith.reporting.bench.stacks import Stacks
    from edgesmith_runtime.bench import Comparison

__all__ = ["comparison_markdown"]

# Of CommonMark, what would start markup within a line or a cell, and what would at its start: a
# heading, an item of a list, a rule, a line under a heading.
_MARKUP = re.compile(r"([\\`*_\[\]<>|&~])")
_LEADING = re.compile(r"^([#+\-=]|\d{1,9}[.)](?=\s|$))")


def comparison_markdown(comparison: Comparison, profile: Profile | None = None) -> str:
    """The verdict and every table, in CommonMark with tables; ends with a newline."""
    numbers = Numbers(comparison)
    looks = looks_of(comparison.subjects)
    layers: list[str] = [] if profile is None else list(_layers(profile))
    blocks = [
        *_first(comparison, numbers),
        *_conditions(numbers, looks),
        *_parts(numbers, looks),
        *_runs(numbers, looks),
        *layers,
        "## Machine",
        "\n".join(f"- {name}: {_plain(value)}" for name, value in machine_facts(comparison)),
    ]
    return "\n\n".join(blocks) + "\n"


def _first(comparison: Comparison, numbers: Numbers) -> Iterator[str]:
    verdict = verdict_of(numbers)
    board = board_of(numbers, {})
    yield f"# {_plain(comparison.bundle)}: latency"
    yield _leading(" ".join(line for line in (verdict.headline, verdict.details) if line))
    yield f"On {_plain(verdict.machine)}."
    if verdict.noise:
        yield "**The machine was noisy:**"
        yield "\n".join(f"- {_leading(sign)}" for sign in verdict.noise)
    yield _table(
        ["", *board.columns],
        (
            [
                row.name,
                *(f"{one.text} ({one.note})" if one.note else one.text for one in row.cells),
            ]
            for row in board.rows
        ),
    )
    for name, problem in board.problems:
        yield f"{_leading(name)} was not measured: {_plain(problem)}"


def _conditions(numbers: Numbers, looks: Sequence[Look]) -> Iterator[str]:
    phases = phases_chapter(numbers, looks)
    if phases is None:
        return
    yield "## Conditions"
    for title, rows in phases.blocks:
        yield f"### {title[:1].upper()}{title[1:]}"
        head = [
            "",
            "calls",
            "median",
            "p90",
            "p95",
            "p99",
            f"to {numbers.baseline}",
            "CPU a call",
        ]
        head += ["samples/s"] + (["energy a call"] if phases.has_energy else [])
        yield _table(
            head,
            (
                [
                    row.name,
                    row.n_calls,
                    f"{row.p50} ({row.interval})",
                    row.p90,
                    row.p95,
                    row.p99,
                ]
                + [row.ratio, row.cpu, row.throughput]
                + ([row.energy] if phases.has_energy else [])
                for row in rows
            ),
        )


def _parts(numbers: Numbers, looks: Sequence[Look]) -> Iterator[str]:
    raw = next((one for one in numbers.settings if one.phase is Phase.RAW), None)
    chapters: list[tuple[str, Stacks | None]] = [
        ("From raw input, by stage", stages_chapter(numbers, looks, raw)),
        ("From the start of a process to its first answer", start_chapter(numbers, looks)),
    ]
    for title, stacks in chapters:
        if stacks is not None:
            yield f"## {title}"
            head = ["", *(name for name, _ in stacks.parts)]
            yield _table(head, ([name, *texts] for name, texts in stacks.rows))


def _runs(numbers: Numbers, looks: Sequence[Look]) -> Iterator[str]:
    sustained = sustained_chapter(numbers, looks)
    if sustained is None:
        return
    yield f"## {sustained.seconds:g} s on end"
    yield _table(
        ["", "calls", "first window", "last window", "change"],
        ([run.name, run.n_calls, run.first, run.last, run.course] for run in sustained.runs),
    )


def _layers(profile: Profile) -> Iterator[str]:
    yield "## Layers"
    for one in layers_chapter(profile):
        yield f"### {_plain(one.file)}"
        yield _table(
            ["part", "time", "interval", "share"],
            (
                [f"{part.name}: {part.what}", part.time, part.interval, part.share]
                for part in one.parts
            ),
        )
        yield _table(
            ["layer", "operations", "time", "interval", "share of the engine's call"],
            (
                [row.name, row.operations, row.time, row.interval, row.share]
                for row in one.slowest
            ),
        )
        yield " ".join(_plain(line) for line in (one.method, *one.notes))
    for file, problem in profile.problems.items():
        yield f"{_leading(file)} was not profiled: {_plain(problem)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    lines = [_line(head), "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _leading(text: str) -> str:
    """At the start of a line or of an item."""
    return _LEADING.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", _plain(text))
