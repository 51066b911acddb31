"""The table of the first screen: score beside speed, a row a subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from edgesmith.reporting.bench.words import ratio_interval_text, verdict_word
from edgesmith.reporting.pictures import score_label
from edgesmith.reporting.quantities import (
    ABSENT,
    latency_interval_text,
    latency_text,
    number_text,
    score_interval_text,
    score_text,
    size_text,
)
from edgesmith_runtime.bench import Phase, Setting, SubjectKind

if TYPE_CHECKING:
    from edgesmith.reporting.bench.numbers import Numbers
    from edgesmith_runtime.bench import Subject
    from edgesmith_runtime.manifest import Score

__all__ = ["Board", "Cell", "Row", "board_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure, a word beside it, a note under it, and the number to sort by."""

    text: str
    note: str = ""
    order: float | None = None
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subject.

    Args:
        name: Of it.
        what: What it is, in words.
        style: Classes of its colour; empty where it was not measured.
        is_baseline: Ratios are to it.
        cells: One by column.
    """

    name: str
    what: str
    style: str
    is_baseline: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Columns after the name, rows, and what could not be measured with the reason."""

    title: str
    columns: list[str]
    rows: list[Row]
    problems: list[tuple[str, str]]


def board_of(numbers: Numbers, styles: dict[str, str]) -> Board:
    """Every subject in the comparison's order.

    Args:
        numbers: Of the comparison.
        styles: Classes of the colour by subject.
    """
    subjects = numbers.comparison.subjects
    setting = numbers.main
    metric = next((one.score.metric for one in subjects if one.score is not None), None)
    largest = max(
        (one for one in numbers.settings if one.phase is Phase.STEADY),
        key=lambda one: one.amount,
        default=setting,
    )
    columns = [
        f"median, {setting}",
        f"to {numbers.baseline}",
        *([] if metric is None else [score_label(metric, None)]),
        "p90",
        "size",
        f"samples/s, {largest}",
        "first answer",
        "peak memory",
    ]
    return Board(
        title="Speed and size" if metric is None else "Score beside speed",
        columns=columns,
        rows=[
            Row(
                name=one.name,
                what=_what(one, is_baseline=one.name == numbers.baseline),
                style=styles.get(one.name, ""),
                is_baseline=one.name == numbers.baseline,
                cells=_cells(
                    numbers,
                    one,
                    (setting, largest),
                    [] if metric is None else [_score_cell(one.score)],
                ),
            )
            for one in numbers.measured
        ],
        problems=[(one.name, one.problem) for one in subjects if one.problem is not None],
    )


def _what(subject: Subject, *, is_baseline: bool) -> str:
    engine = "" if subject.engine is None else f" in {subject.engine}"
    match subject.kind:
        case SubjectKind.ARTIFACT:
            return ("the default" if is_baseline else "artifact") + engine
        case SubjectKind.TUNED:
            return "as tune found it fastest here" + engine
        case SubjectKind.KERAS:
            return "the original"
        case SubjectKind.FILE:
            return f"another file, bare{engine}"
        case SubjectKind.AGAIN:
            return "the default once more"
        case _:
            assert_never(subject.kind)


def _cells(
    numbers: Numbers,
    subject: Subject,
    settings: tuple[Setting | None, Setting | None],
    score: list[Cell],
) -> list[Cell]:
    """What a narrow screen has room for comes first: the median, the ratio, the score."""
    setting, largest = settings
    figures = None if setting is None else numbers.figures(subject.name, setting)
    most = None if largest is None else numbers.figures(subject.name, largest)
    rate = None if most is None else most.throughput_per_s
    answer_ns = _first_answer_ns(subject)
    p90_ns = None if figures is None else figures.p90_ns
    return [
        Cell(text=ABSENT)
        if figures is None
        else Cell(
            text=latency_text(figures.median_ns.value),
            note=latency_interval_text(figures.median_ns),
            order=figures.median_ns.value,
        ),
        _ratio_cell(numbers, subject, setting),
        *score,
        Cell(text=latency_text(p90_ns), order=p90_ns),
        Cell(text=size_text(subject.size_bytes), order=subject.size_bytes),
        Cell(text=ABSENT if rate is None else number_text(rate), order=rate),
        Cell(text=latency_text(answer_ns), order=answer_ns),
        Cell(text=size_text(subject.peak_memory_bytes), order=subject.peak_memory_bytes),
    ]


def _score_cell(score: Score | None) -> Cell:
    if score is None:
        return Cell(text=ABSENT)
    return Cell(text=score_text(score), note=score_interval_text(score), order=score.value)


def _ratio_cell(numbers: Numbers, subject: Subject, setting: Setting | None) -> Cell:
    if subject.name == numbers.baseline:
        return Cell(text="1", order=1.0)
    ratio = (
        None if setting is None else numbers.ratio(subject.name, setting, to=numbers.baseline)
    )
    if ratio is None:
        return Cell(text=ABSENT)
    return Cell(
        text=number_text(ratio.value),
        note=ratio_interval_text(ratio),
        order=ratio.value,
        word=verdict_word(ratio),
    )


def _first_answer_ns(subject: Subject) -> float | None:
    """From the start of the process: import, load, first call."""
    parts = (subject.import_ns, subject.load_ns, subject.first_call_ns)
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
