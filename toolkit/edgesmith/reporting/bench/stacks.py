"""Stacked bars, a row a subject: what a start and what a call from raw input is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.field import Field, Scale, Unit
from edgesmith.reporting.quantities import latency_text, share_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith.reporting.bench.looks import Look
    from edgesmith.reporting.bench.numbers import Numbers
    from edgesmith_runtime.bench import Setting

__all__ = ["Stack", "Stacks", "start_chapter", "stages_chapter"]

ROW, BAR = 48.0, 20.0
STAGES = ("wait", "decode", "prepare", "infer", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One row: a subject, and what each part takes in ns, in order."""

    look: Look
    parts: dict[str, float]

    @property
    def total_ns(self) -> float:
        """All parts together."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """The plot; its parts by name and class for a legend; and the same as texts by subject."""

    field: Field
    parts: list[tuple[str, str]]
    rows: list[tuple[str, list[str]]]


def start_chapter(numbers: Numbers, looks: Sequence[Look]) -> Stacks | None:
    """From the start of a process to its first answer."""
    stacks: list[Stack] = []
    for look in looks:
        subject = numbers.comparison.subject(look.name)
        times = {
            "import": subject.import_ns,
            "load": subject.load_ns,
            "first call": subject.first_call_ns,
        }
        known = {name: ns for name, ns in times.items() if ns is not None}
        if known:
            stacks.append(Stack(look=look, parts=known))
    return _drawn("From the start of the process to the first answer", stacks)


def stages_chapter(
    numbers: Numbers, looks: Sequence[Look], setting: Setting | None
) -> Stacks | None:
    """A call from raw input by stage; None where no subject has stages."""
    stacks = [
        Stack(look=look, parts=_in_order(figures.stages_ns))
        for look in looks
        if setting is not None
        and (figures := numbers.figures(look.name, setting)) is not None
        and figures.stages_ns
    ]
    return _drawn("A call from raw input, by stage", stacks)


def _in_order(stages_ns: Mapping[str, float]) -> dict[str, float]:
    known = [name for name in STAGES if name in stages_ns]
    rest = [name for name in stages_ns if name not in STAGES]
    return {name: stages_ns[name] for name in (*known, *rest) if stages_ns[name] > 0}


def _drawn(label: str, stacks: Sequence[Stack]) -> Stacks | None:
    if not stacks:
        return None
    names = list(dict.fromkeys(name for one in stacks for name in one.parts))
    styles = {name: f"part-{index}" for index, name in enumerate(names)}
    longest = max(one.total_ns for one in stacks)
    scale = Scale(low=0.0, high=longest * 1.001, unit=Unit.NS)
    field = Field(label, ROW * len(stacks), x=scale, row_height=ROW)
    for row, one in enumerate(stacks):
        top = ROW * row
        total = latency_text(one.total_ns)
        data = {**one.look.data, "row": str(row)}
        field.text(top + 14, f"{one.look.name} \N{MIDDLE DOT} {total}", "row", data)
        begin = 0.0
        for name, ns in one.parts.items():
            hint = f"{one.look.name}: {name} {latency_text(ns)}, {share_text(ns / one.total_ns)} of {total}"
            box = (begin, begin + ns)
            field.bar(box, (top + 20, BAR), styles[name], data, (name, hint))
            begin += ns
    return Stacks(
        field=field,
        parts=list(styles.items()),
        rows=[
            (one.look.name, [latency_text(one.parts.get(name)) for name in names])
            for one in stacks
        ],
    )
