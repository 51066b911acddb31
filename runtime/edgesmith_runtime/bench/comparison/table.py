"""A comparison as plain text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.bench.comparison.cells import (
    ABSENT,
    aligned,
    energy_cell,
    number,
    ratio_cell,
    size_cell,
    span_cell,
    time_cell,
    unit_of,
    wrapped,
)
from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.subject import SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.comparison.comparison import Comparison
    from edgesmith_runtime.bench.comparison.figures import Figures, Percentiles
    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.bench.subject import CallStyle, Subject

__all__ = ["render_table"]

MAX_NOISE_LINES = 6


def render_table(comparison: Comparison) -> str:
    """All figures of a comparison, aligned, at most 100 columns wide, no newline at the end."""
    settings = _settings(comparison)
    blocks = [_heading(comparison)]
    if settings:
        blocks.append(_first_block(comparison, settings[0]))
    blocks.append(_cost_block(comparison, settings[0] if settings else None))
    for setting in settings:
        if setting != settings[0]:
            blocks.append(_setting_block(comparison, setting))
        match setting.phase:
            case Phase.STEADY:
                blocks.append(_faster_block(comparison, setting))
            case Phase.RAW:
                blocks.append(_stages_block(comparison, setting))
            case Phase.SUSTAINED:
                blocks.append(_course_block(comparison, setting))
            case _:
                pass
    blocks.append("\n".join(_notes(comparison)))
    return "\n\n".join(block for block in blocks if block)


def _settings(comparison: Comparison) -> tuple[Setting, ...]:
    """All that anything was measured under: those of the plan in its order, then others."""
    found = dict.fromkeys(
        setting for one in comparison.subjects for setting in comparison.settings(one.name)
    )
    planned = [setting for setting in comparison.plan.settings() if setting in found]
    return tuple(dict.fromkeys((*planned, *found)))


def _heading(comparison: Comparison) -> str:
    plan = comparison.plan
    lines = (
        f"{comparison.bundle}: {plan.n_rounds} rounds of fresh processes, "
        f"threads: {comparison.n_threads}; medians, 95 % intervals in brackets",
        _machine(comparison),
        _versions(comparison),
    )
    return "\n".join(wrapped(line) for line in lines)


def _machine(comparison: Comparison) -> str:
    host, state = comparison.host, comparison.conditions_start
    facts = [host.cpu, f"{host.n_cpus_affinity} of {host.n_cpus} processors"]
    if host.cpu_quota is not None:
        facts.append(f"quota {host.cpu_quota:g}")
    if host.has_smt:
        facts.append("two to a core")
    if host.is_virtual:
        facts.append("virtual")
    if state.max_mhz is not None and state.min_mhz is not None:
        facts.append(f"{state.min_mhz:.0f} to {state.max_mhz:.0f} MHz")
    if state.governor is not None:
        facts.append(f"governor {state.governor}")
    facts += [host.flags] if host.flags else []
    return ", ".join((*facts, host.os))


def _versions(comparison: Comparison) -> str:
    host = comparison.host
    own = {
        "Python": host.python,
        "numpy": host.numpy,
        "onnxruntime": host.onnxruntime,
        "LiteRT": host.ai_edge_litert,
    }
    named = {**own, **comparison.versions}
    return ", ".join(f"{name} {version}" for name, version in named.items() if version)


def _first_block(comparison: Comparison, setting: Setting) -> str:
    """Score beside speed: each subject on one line; p90 to p99 in the unit of p50."""
    head = (str(setting), "size", "score", "p50", "p90", "p95", "p99", "to baseline")
    rows = [
        (
            subject.name,
            size_cell(subject.size_bytes),
            ABSENT if subject.score is None else f"{subject.score.value:.3f}",
            *_latency(comparison.percentiles(subject.name, setting)),
            _ratio(comparison, subject.name, setting),
        )
        for subject in comparison.subjects
    ]
    return aligned(head, rows)


def _cost_block(comparison: Comparison, setting: Setting | None) -> str:
    """What a process takes to start, and what a call and a loaded model take of the machine.

    Of every subject whose process ran, whether it was measured under the setting or not.
    """
    head = ("", "import", "load", "first call", "CPU/call", "energy/call", "memory", "peak")
    rows = [
        (
            subject.name,
            time_cell(subject.import_ns),
            time_cell(subject.load_ns),
            time_cell(subject.first_call_ns),
            time_cell(None if figures is None else figures.cpu_ns),
            energy_cell(None if figures is None else figures.energy_uj),
            size_cell(None if figures is None else figures.memory_bytes),
            size_cell(subject.peak_memory_bytes),
        )
        for subject in comparison.subjects
        if subject.rounds
        for figures in (None if setting is None else comparison.figures(subject.name, setting),)
    ]
    return aligned(head, rows) if rows else ""


def _setting_block(comparison: Comparison, setting: Setting) -> str:
    """The latency of all that was measured under a setting."""
    has_rate = setting.phase in (Phase.CONCURRENT, Phase.SUSTAINED) or (
        setting.phase is Phase.STEADY and setting.amount > 1
    )
    last = "samples/s" if has_rate else "CPU/call"
    head = (str(setting), "p50", "p90", "p95", "p99", last, "to baseline")
    rows = [
        (
            subject.name,
            *_latency(figures.percentiles),
            number(figures.throughput_per_s) if has_rate else time_cell(figures.cpu_ns),
            _ratio(comparison, subject.name, setting),
        )
        for subject, figures in _measured(comparison, setting)
    ]
    return aligned(head, rows)


def _latency(found: Percentiles | None) -> tuple[str, str, str, str]:
    if found is None:
        return ABSENT, ABSENT, ABSENT, ABSENT
    _, n_ns = unit_of(found.p50.value)
    p90, p95, p99 = (
        ABSENT if one is None else number(one / n_ns)
        for one in (found.p90, found.p95, found.p99)
    )
    return span_cell(found.p50), p90, p95, p99


def _ratio(comparison: Comparison, name: str, setting: Setting) -> str:
    if name == comparison.baseline:
        return "baseline"
    ratio = comparison.ratio(name, setting)
    return ABSENT if ratio is None else ratio_cell(ratio)


def _faster_block(comparison: Comparison, setting: Setting) -> str:
    styles = [
        subject.style
        for subject in comparison.subjects
        if subject.style is not None and subject.series(setting)
    ]
    rows = [
        (subject.name, *(_times(figures, style) for style in styles))
        for subject, figures in _measured(comparison, setting)
        if figures.times_faster and subject.kind is not SubjectKind.AGAIN
    ]
    head = (f"{setting}: times faster than keras", *styles)
    return aligned(head, rows) if rows else ""


def _times(figures: Figures, style: CallStyle) -> str:
    ratio = figures.times_faster.get(style)  # none where no round has both
    return ABSENT if ratio is None else ratio_cell(ratio)


def _stages_block(comparison: Comparison, setting: Setting) -> str:
    found = [
        (subject.name, figures.stages_ns)
        for subject, figures in _measured(comparison, setting)
        if figures.stages_ns
    ]
    stages = list(dict.fromkeys(stage for _, spent in found for stage in spent))
    rows = [(name, *(time_cell(spent.get(stage)) for stage in stages)) for name, spent in found]
    return aligned((f"{setting}: where it goes", *stages), rows) if rows else ""


def _course_block(comparison: Comparison, setting: Setting) -> str:
    rows = [
        (subject.name, time_cell(course.first_ns), time_cell(course.last_ns), str(course))
        for subject, _ in _measured(comparison, setting)
        if (course := comparison.course(subject.name)) is not None
    ]
    head = (f"{setting}: over time", "first", "last", "what changed")
    return aligned(head, rows) if rows else ""


def _measured(comparison: Comparison, setting: Setting) -> Iterator[tuple[Subject, Figures]]:
    for subject in comparison.subjects:
        figures = comparison.figures(subject.name, setting)
        if figures is not None:
            yield subject, figures


def _notes(comparison: Comparison) -> Iterator[str]:
    for subject in comparison.subjects:
        if subject.problem is not None:
            yield wrapped(f"{subject.name}: not measured: {subject.problem}")
        for setting, reason in subject.failures.items():
            n_rounds = len(subject.rounds)
            n_failed = sum(setting in item.failures for item in subject.rounds)
            said = (
                f"failed in {n_failed} of {n_rounds} rounds"
                if subject.series(setting)
                else "not measured"
            )
            yield wrapped(f"{subject.name}: {setting}: {said}: {reason}")
        if subject.setup is not None and subject.rounds:
            yield wrapped(
                f"'{subject.name}' ran as tune chose it on this host: {subject.setup}; the threads "
                "above are those of the others."
            )
    kinds = {subject.kind for subject in comparison.subjects}
    if kinds <= {SubjectKind.ARTIFACT, SubjectKind.TUNED, SubjectKind.AGAIN}:
        yield wrapped(
            "No original was given, so the artifacts are compared with each other alone."
        )
    if SubjectKind.AGAIN in kinds:
        yield wrapped(
            f"'{comparison.baseline} again' is the baseline in processes of its own: what its "
            "ratio differs by from 1 is noise, and no other ratio is told more exactly."
        )
    yield from _noise(comparison.noise)


def _noise(signs: Sequence[str]) -> Iterator[str]:
    """The signs of noise in at most ``MAX_NOISE_LINES`` lines, those that find no place counted."""
    texts = [wrapped(sign) for sign in signs]
    n_lines = [text.count("\n") + 1 for text in texts]
    n_shown = len(texts)
    while n_shown and sum(n_lines[:n_shown]) > MAX_NOISE_LINES - (n_shown < len(texts)):
        n_shown -= 1
    yield from texts[:n_shown]
    if n_left := len(texts) - n_shown:
        yield f"noisy: {n_left} more {'sign' if n_left == 1 else 'signs'}, which --json has"
