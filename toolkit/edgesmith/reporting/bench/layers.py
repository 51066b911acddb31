"""The chapter of the layers: where the time of one call goes, as boxes within boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.field import Field, Scale, Unit
from edgesmith.reporting.quantities import latency_interval_text, latency_text, share_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgesmith.layer_times import ArtifactProfile, LayerTime, Profile
    from edgesmith_runtime.latency import Estimate

__all__ = ["ArtifactLayers", "Box", "boxes_of", "layers_chapter"]

ROW = 26.0
N_SLOWEST = 12
HINTS = {
    "reading": "the raw input made a batch, the tensors checked",
    "colder": "what the engine takes more right after the transform than called in a row",
    "answer": "from the outputs to the prediction",
}
SMALLEST = 0.001  # of the whole: less is narrower than a pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Something that takes time, with what it is made of.

    Args:
        name: Of the layer, of a part of layers' names, or of an operation.
        style: Class of its colour.
        time_ns: That it takes, at least 0.
        hint: What more there is to say; may be empty.
        parts: In their order in time; together at most as long.
    """

    name: str
    style: str
    time_ns: float
    hint: str = ""
    parts: Sequence[Box] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactLayers:
    """One artifact: the plot, its facts and its slowest layers in words."""

    file: str
    engine: str
    total: str
    plot: Field
    legend: list[tuple[str, str]]
    parts: list[tuple[str, str, str]]
    slowest: list[tuple[str, str, str, str, str]]
    n_layers: int
    method: str
    notes: tuple[str, ...] = field(default=())


def layers_chapter(profile: Profile) -> list[ArtifactLayers]:
    """Every artifact of a profile."""
    return [_artifact(one) for one in profile.artifacts]


def _artifact(profile: ArtifactProfile) -> ArtifactLayers:
    root = boxes_of(profile)
    plot = Field(
        f"Time of a call of {profile.file}, by layer",
        ROW * _depth(root),
        x=Scale(low=0.0, high=root.time_ns, unit=Unit.NS),
    )
    _draw(plot, root, 0.0, 0, root.time_ns)
    slowest = [_row(one) for one in profile.by_time[:N_SLOWEST]]
    return ArtifactLayers(
        file=profile.file,
        engine=profile.engine,
        total=latency_text(root.time_ns),
        plot=plot,
        legend=[(one.name, one.style) for one in root.parts],
        parts=[
            (one.name, latency_text(one.time_ns), share_text(one.time_ns / root.time_ns))
            for one in root.parts
        ],
        slowest=slowest,
        n_layers=len(profile.layers),
        method=_sentence(profile.method),
        notes=tuple(_sentence(one) for one in (*profile.notes, *_below_zero(profile))),
    )


def boxes_of(profile: ArtifactProfile) -> Box:
    """A call as boxes: its parts, the layers by the parts of their paths, the operations.

    What measuring found below zero has no box; the whole is at least as long as its parts.
    """
    layers = _nested([(one.layer.split("/"), one) for one in profile.layers])
    engine = [
        Box(name="layers", style="part-layers", time_ns=profile.layers_ns, parts=layers),
        Box(name="framework", style="part-framework", time_ns=profile.framework_ns.value),
        Box(name="copies", style="part-copies", time_ns=profile.copies_ns.value),
    ]
    steps = [
        Box(
            name=one.op,
            style="part-transform",
            time_ns=one.time_ns.value,
            hint=f"gives {one.output}",
        )
        for one in profile.transform
    ]
    transform = Box(
        name="transform", style="part-transform", time_ns=profile.transform_ns, parts=steps
    )
    parts = [
        *_known("reading", "part-reading", profile.reading_ns),
        transform,
        *engine,
        *_known("colder", "part-colder", profile.colder_ns),
        *_known("answer", "part-answer", profile.answer_ns),
        Box(name="rest", style="part-rest", time_ns=profile.rest_ns),
    ]
    shown = [one for one in parts if one.time_ns > 0]
    whole = profile.total_ns if profile.predict_ns is None else profile.predict_ns
    return Box(
        name="a call of the engine" if profile.predict_ns is None else "predict",
        style="part-whole",
        time_ns=max(whole.value, sum(one.time_ns for one in shown)),
        hint=f"interval {latency_interval_text(whole)}",
        parts=shown,
    )


def _known(name: str, style: str, time_ns: Estimate | None) -> list[Box]:
    """A part that not every profile has."""
    if time_ns is None:
        return []
    hint = f"{HINTS[name]}, interval {latency_interval_text(time_ns)}"
    return [Box(name=name, style=style, time_ns=time_ns.value, hint=hint)]


def _nested(paths: Sequence[tuple[list[str], LayerTime]]) -> list[Box]:
    """Neighbours whose paths begin alike share a box."""
    boxes: list[Box] = []
    for head, group in _runs(paths):
        inner = [(path[1:], layer) for path, layer in group if len(path) > 1]
        if len(inner) == len(group):
            parts = _nested(inner)
            total = sum(one.time_ns for one in parts)
            boxes.append(Box(name=head, style="part-layers", time_ns=total, parts=parts))
        else:
            boxes += [_leaf("/".join(path), layer) for path, layer in group]
    return boxes


def _runs(
    paths: Sequence[tuple[list[str], LayerTime]],
) -> Iterable[tuple[str, list[tuple[list[str], LayerTime]]]]:
    run: list[tuple[list[str], LayerTime]] = []
    for path, layer in paths:
        if run and run[0][0][0] != path[0]:
            yield run[0][0][0], run
            run = []
        run.append((path, layer))
    if run:
        yield run[0][0][0], run


def _leaf(name: str, layer: LayerTime) -> Box:
    ops = [
        Box(name=one.op, style="part-op", time_ns=max(0.0, one.time_ns.value), hint=one.name)
        for one in layer.ops
    ]
    words = ", ".join(one.op for one in layer.ops)
    hint = (
        f"{layer.layer} ({words}), {share_text(layer.share)} of the engine's call, "
        f"interval {latency_interval_text(layer.time_ns)}"
    )
    return Box(
        name=name,
        style="part-layer",
        time_ns=max(0.0, layer.time_ns.value),
        hint=hint,
        parts=ops if len(ops) > 1 else (),
    )


def _draw(plot: Field, box: Box, begin: float, level: int, whole: float) -> None:
    share = share_text(box.time_ns / whole)
    hint = f"{box.name}: {latency_text(box.time_ns)}, {share} of the whole"
    data = {"level": str(level)}
    end = begin + box.time_ns
    rows = (ROW * level, ROW - 2)
    words = (box.name, f"{hint}; {box.hint}" if box.hint else hint)
    plot.bar((begin, end), rows, f"{box.style}", data, words)
    for part in box.parts:
        if part.time_ns >= SMALLEST * whole:
            _draw(plot, part, begin, level + 1, whole)
        begin += part.time_ns


def _depth(box: Box) -> int:
    return 1 + max((_depth(part) for part in box.parts), default=0)


def _row(layer: LayerTime) -> tuple[str, str, str, str, str]:
    ops = ", ".join(dict.fromkeys(one.op for one in layer.ops))
    return (
        layer.layer,
        ops,
        latency_text(layer.time_ns.value),
        latency_interval_text(layer.time_ns),
        share_text(layer.share),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _below_zero(profile: ArtifactProfile) -> list[str]:
    found = {
        "the framework": profile.framework_ns.value,
        "the copies": profile.copies_ns.value,
        "the rest": profile.rest_ns,
    }
    if profile.colder_ns is not None:
        found["what is colder after the transform"] = profile.colder_ns.value
    return [
        f"{name} came to {latency_text(-ns)} less than nothing: the parts, measured one by one, "
        "took longer than the whole"
        for name, ns in found.items()
        if ns < 0
    ]
