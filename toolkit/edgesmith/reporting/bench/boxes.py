"""A call as boxes within boxes: its parts, the layers by the parts of their paths, the operations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.quantities import latency_interval_text, share_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgesmith.layer_times import ArtifactProfile, LayerTime
    from edgesmith_runtime.latency import Estimate

__all__ = ["Box", "Part", "boxes_of", "operations", "parts_of"]

LAYERS, TRANSFORM = "layers", "transform"
MAX_LEVELS = 16  # of a path: what is deeper is one name, with a box of its own


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
class Part:
    """What a call is made of at first.

    Args:
        name: In a word.
        what: The same in a few.
        time_ns: That it takes; measuring may find less than 0.
        interval: None where the time is a sum or what others leave.
    """

    name: str
    what: str
    time_ns: float
    interval: Estimate | None = None

    @classmethod
    def measured(cls, name: str, what: str, time_ns: Estimate | None) -> list[Part]:
        """One with an interval; none where it was not measured."""
        if time_ns is None:
            return []
        return [cls(name=name, what=what, time_ns=time_ns.value, interval=time_ns)]


def parts_of(profile: ArtifactProfile) -> list[Part]:
    """All that the profile knows of a call, in the order of the call."""
    return [
        *Part.measured(
            "reading",
            "the raw input made a batch, the tensors checked",
            profile.reading_ns,
        ),
        *(
            [Part(name=TRANSFORM, what="its steps", time_ns=profile.transform_ns)]
            if profile.transform
            else []
        ),
        Part(name=LAYERS, what="the engine's operations", time_ns=profile.layers_ns),
        *Part.measured(
            "framework", "the engine's own run beyond its operations", profile.framework_ns
        ),
        *Part.measured(
            "copies",
            "the runner beyond the engine's own run: tensors, checks",
            profile.copies_ns,
        ),
        *Part.measured(
            "colder",
            "what the engine takes more right after the transform than called in a row",
            profile.colder_ns,
        ),
        *Part.measured("answer", "from the outputs to the prediction", profile.answer_ns),
        Part(name="rest", what="what the parts leave of the whole", time_ns=profile.rest_ns),
    ]


def boxes_of(profile: ArtifactProfile) -> Box:
    """A call as boxes.

    What measuring found below zero has no box; the whole is at least as long as its parts.
    """
    inside = {
        LAYERS: _nested(
            [(one.layer.split("/", MAX_LEVELS - 1), one) for one in profile.layers]
        ),
        TRANSFORM: [
            Box(
                name=one.op,
                style="part-transform",
                time_ns=max(0.0, one.time_ns.value),
                hint=f"gives {one.output}",
            )
            for one in profile.transform
        ],
    }
    shown = [
        Box(
            name=part.name,
            style=f"part-{part.name}",
            time_ns=part.time_ns,
            hint=_hint(part),
            parts=inside.get(part.name, ()),
        )
        for part in parts_of(profile)
        if part.time_ns > 0
    ]
    whole = profile.total_ns if profile.predict_ns is None else profile.predict_ns
    return Box(
        name="a call of the engine" if profile.predict_ns is None else "predict",
        style="part-whole",
        time_ns=max(whole.value, sum(one.time_ns for one in shown)),
        hint=_interval(whole),
        parts=shown,
    )


def _hint(part: Part) -> str:
    interval = "" if part.interval is None else _interval(part.interval)
    return f"{part.what}; {interval}" if interval else part.what


def _interval(figure: Estimate) -> str:
    """``interval 4 to 5 us``; empty for a figure of one process, which has none."""
    interval = latency_interval_text(figure)
    return f"interval {interval}" if interval else ""


def operations(layer: LayerTime) -> str:
    """The engine's words for what runs for a layer, each once with its count."""
    counts = Counter(one.op for one in layer.ops)
    return ", ".join(op if n == 1 else f"{n} {op}" for op, n in counts.items())


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
    interval = _interval(layer.time_ns)
    hint = (
        f"{layer.layer} ({operations(layer)}), {share_text(layer.share)} of the engine's call"
        + (f", {interval}" if interval else "")
    )
    return Box(
        name=name,
        style="part-layer",
        time_ns=max(0.0, layer.time_ns.value),
        hint=hint,
        parts=ops if len(ops) > 1 else (),
    )
