"""The first screen: who is fastest, by how much and how surely, and whether the machine was quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.words import (
    is_level,
    ratio_interval_text,
    ratio_text,
    times_text,
)
from edgesmith.reporting.latencies import host_text
from edgesmith.reporting.quantities import (
    latency_interval_text,
    latency_text,
    number_text,
    share_text,
)
from edgesmith_runtime.bench import SubjectKind

if TYPE_CHECKING:
    from edgesmith.reporting.bench.numbers import Numbers
    from edgesmith_runtime.bench import Setting, Subject

__all__ = ["Tile", "Verdict", "verdict_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure of the first screen: what it is, the figure, and a note under it."""

    name: str
    figure: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the page says first.

    Args:
        headline: One sentence.
        details: One more, may be empty.
        tiles: Figures.
        machine: What it was measured on.
        noise: Signs of a disturbed machine; empty where there is none.
    """

    headline: str
    details: str
    tiles: list[Tile]
    machine: str
    noise: list[str]


def verdict_of(numbers: Numbers) -> Verdict:
    """The verdict at the page's main setting."""
    comparison, setting = numbers.comparison, numbers.main
    machine = f"{host_text(comparison)}; {_threads(comparison.n_threads)}"
    noise = [sign.removeprefix("noisy: ") for sign in comparison.noise]
    ranked = [] if setting is None else numbers.ranked(setting)
    if setting is None or not ranked:
        headline = "Nothing could be measured; the reasons stand below."
        return Verdict(headline=headline, details="", tiles=[], machine=machine, noise=noise)
    fastest, figures = ranked[0]
    tiles = [
        Tile(
            name=f"{'fastest' if numbers.doubt(setting) is None else 'lowest median'}, {setting}",
            figure=latency_text(figures.median_ns.value),
            note=_joined(latency_interval_text(figures.median_ns), fastest.name),
        )
    ]
    rivals = [subject for subject, _ in ranked[1:]]
    tiles += _against(numbers, setting, fastest, rivals)
    floor = None if numbers.is_one_round(setting) else numbers.comparison.noise_floor(setting)
    if floor is not None:
        off = max(abs(floor.low - 1), abs(floor.high - 1))
        note = f"the same artifact twice: ratio {ratio_text(floor)}"
        figure = f"\N{PLUS-MINUS SIGN}{share_text(off)}"
        tiles.append(Tile(name="noise of this run", figure=figure, note=note))
    return Verdict(
        headline=_headline(numbers, setting, fastest, rivals),
        details=_details(numbers, setting, is_alone=not rivals),
        tiles=tiles,
        machine=machine,
        noise=noise,
    )


def _headline(
    numbers: Numbers, setting: Setting, fastest: Subject, rivals: list[Subject]
) -> str:
    if not rivals:
        return f"{fastest.name} alone was measured."
    second = rivals[0]
    times = numbers.ratio(second.name, setting, to=fastest.name)
    if times is None:
        return f"{fastest.name} has the lowest median."
    interval = ratio_interval_text(times)
    doubt = numbers.doubt(setting)
    if interval and is_level(times):
        return (
            f"{fastest.name} and {second.name} are level: the ratio of their latencies is "
            f"{number_text(times.value)}, and its interval {interval} holds 1."
        )
    if doubt is not None:
        return (
            f"{fastest.name} has the lowest median, {times_text(times)} as fast as the next, "
            f"{second.name}{f' ({interval})' if interval else ''}; {doubt}."
        )
    return (
        f"{fastest.name} is the fastest: {times_text(times)} as fast as the next, "
        f"{second.name} ({interval})."
    )


def _details(numbers: Numbers, setting: Setting, *, is_alone: bool) -> str:
    baseline = numbers.comparison.subject(numbers.baseline)
    figures = numbers.figures(baseline.name, setting)
    if figures is None:
        return ""
    median, interval = (
        latency_text(figures.median_ns.value),
        latency_interval_text(figures.median_ns),
    )
    told = f"The bundle's default is {baseline.name}: a call takes {median}"
    if not interval:
        # Beside others the headline says why.
        return f"{told}. One round: no interval between processes." if is_alone else f"{told}."
    return f"{told} ({interval}). Medians over rounds of fresh processes, 95 % intervals in brackets."


def _against(
    numbers: Numbers, setting: Setting, fastest: Subject, rivals: list[Subject]
) -> list[Tile]:
    """Times as fast as the best of other files, and the best and worst call of the original."""
    files = [one for one in rivals if one.kind is SubjectKind.FILE][:1]
    originals = [one for one in rivals if one.kind is SubjectKind.KERAS]
    shown = originals[:1] + originals[1:][-1:]
    return [
        Tile(
            name=f"times as fast as {other.name}",
            figure=times_text(times),
            note=_joined(ratio_interval_text(times), f"by {fastest.name}"),
        )
        for other in (*files, *shown)
        if (times := numbers.ratio(other.name, setting, to=fastest.name)) is not None
    ]


def _joined(*words: str) -> str:
    return ", ".join(word for word in words if word)


def _threads(n_threads: int) -> str:
    return "one thread" if n_threads == 1 else f"{n_threads} threads each"
