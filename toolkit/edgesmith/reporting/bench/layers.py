"""The chapter of the layers: where the time of one call goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.boxes import boxes_of, operations, parts_of
from edgesmith.reporting.bench.field import Field, Scale, Unit
from edgesmith.reporting.bench.folding import folded, shortened
from edgesmith.reporting.quantities import latency_interval_text, latency_text, share_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.layer_times import ArtifactProfile, LayerTime, Profile
    from edgesmith.reporting.bench.boxes import Box

__all__ = ["ArtifactLayers", "LayerRow", "PartRow", "layers_chapter"]

ROW = 26.0
N_SLOWEST = 12
PICTURES_BYTES = 1_200_000  # of all pictures of layers, at most: a page stays below 2 MB
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """A part of a call in words."""

    name: str
    what: str
    time: str
    interval: str
    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """A layer in words; ``share`` is that of the engine's call."""

    name: str
    operations: str
    time: str
    interval: str
    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactLayers:
    """One artifact: the plot, its facts and its slowest layers in words."""

    file: str
    engine: str
    total: str
    plot: Field
    legend: list[tuple[str, str]]
    parts: list[PartRow]
    slowest: list[LayerRow]
    n_layers: int
    method: str
    notes: tuple[str, ...] = ()


def layers_chapter(profile: Profile) -> list[ArtifactLayers]:
    """Every artifact of a profile.

    The pictures share ``PICTURES_BYTES``: where there are more layers than fit, the shortest are
    one box. The tables have the slowest and the sum of the others in any case.
    """
    limit_bytes = PICTURES_BYTES // max(1, len(profile.artifacts))
    return [_artifact(one, limit_bytes) for one in profile.artifacts]


def _artifact(profile: ArtifactProfile, limit_bytes: int) -> ArtifactLayers:
    root = folded(boxes_of(profile), limit_bytes)
    whole = profile.total_ns if profile.predict_ns is None else profile.predict_ns
    plot = Field(
        f"Time of a call of {profile.file}, by layer",
        ROW * _depth(root),
        x=Scale(low=0.0, high=root.time_ns, unit=Unit.NS),
    )
    _draw(plot, root, 0.0, 0, whole.value)
    return ArtifactLayers(
        file=profile.file,
        engine=profile.engine,
        total=latency_text(whole.value),
        plot=plot,
        legend=[(one.name, one.style) for one in root.parts],
        parts=_parts(profile, whole.value),
        slowest=_slowest(profile),
        n_layers=len(profile.layers),
        method=_sentence(profile.method),
        notes=tuple(_sentence(one) for one in (*profile.notes, *_below_zero(profile))),
    )


def _draw(plot: Field, box: Box, begin: float, level: int, whole: float) -> None:
    taken = whole if level == 0 else box.time_ns
    hint = f"{box.name}: {latency_text(taken)}, {share_text(taken / whole)} of the whole"
    data = {"level": str(level)}
    end = begin + box.time_ns
    rows = (ROW * level, ROW - 2)
    words = (box.name, f"{hint}; {box.hint}" if box.hint else hint)
    plot.bar((begin, end), rows, box.style, data, words)
    for part in box.parts:
        _draw(plot, part, begin, level + 1, whole)
        begin += part.time_ns


def _depth(box: Box) -> int:
    return 1 + max((_depth(part) for part in box.parts), default=0)


def _parts(profile: ArtifactProfile, whole_ns: float) -> list[PartRow]:
    return [
        PartRow(
            name=one.name,
            what=one.what,
            time=latency_text(one.time_ns),
            interval="" if one.interval is None else latency_interval_text(one.interval),
            share=share_text(one.time_ns / whole_ns),
        )
        for one in parts_of(profile)
    ]


def _slowest(profile: ArtifactProfile) -> list[LayerRow]:
    shown, others = profile.by_time[:N_SLOWEST], profile.by_time[N_SLOWEST:]
    rows = [
        LayerRow(
            name=shortened(one.layer, LONGEST_NAME),
            operations=shortened(operations(one), LONGEST_NAME),
            time=latency_text(one.time_ns.value),
            interval=latency_interval_text(one.time_ns),
            share=share_text(one.share),
        )
        for one in shown
    ]
    return rows if not others else [*rows, _sum_of(others)]


def _sum_of(layers: Sequence[LayerTime]) -> LayerRow:
    n = len(layers)
    return LayerRow(
        name="1 other" if n == 1 else f"{n} others together",
        operations="",
        time=latency_text(sum(one.time_ns.value for one in layers)),
        interval="",
        share=share_text(sum(one.share for one in layers)),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _below_zero(profile: ArtifactProfile) -> list[str]:
    return [
        f"{one.name} came to {latency_text(-one.time_ns)} less than nothing: the parts, measured "
        "one by one, took longer than the whole"
        for one in parts_of(profile)
        if one.time_ns < 0
    ]
