"""A profile as plain text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith.layer_times import ArtifactProfile, LayerTime, Profile
    from edgesmith_runtime.latency import Estimate

__all__ = ["profile_table"]

_BAR = 16  # characters of the longest
_NAME = 30
_KINDS = 3  # of operations shown of a layer
_WIDTH = 100


def profile_table(profile: Profile, *, top: int) -> str:
    """Every artifact: its slowest layers, then what is around them, then how it was measured.

    Args:
        profile: Of a bundle.
        top: Layers of each artifact; the others are one line.
    """
    parts = [_artifact(one, top) for one in profile.artifacts]
    parts += [f"{file}: not profiled: {problem}" for file, problem in profile.problems.items()]
    return "\n\n".join(parts)


def _artifact(one: ArtifactProfile, top: int) -> str:
    whole = one.total_ns if one.predict_ns is None else one.predict_ns
    what = "a call on prepared tensors" if one.predict_ns is None else "predict on a raw input"
    lines = [
        f"{one.file} ({one.engine}): {_time(whole)} us for {what}, "
        f"{_time(one.total_ns)} of them in the runner"
        if one.predict_ns is not None
        else f"{one.file} ({one.engine}): {_time(whole)} us for {what}",
        f"  {'layer':{_NAME}}  {'':{_BAR}}  {'share':>6}  {'us':>9}  {'' if _is_of_one(one) else '95 %':^19}  operations",
    ]
    ordered = one.by_time
    longest = max((layer.time_ns.value for layer in ordered), default=1.0) or 1.0
    lines += [_layer(layer, whole.value, longest) for layer in ordered[:top]]
    others = ordered[top:]
    if others:
        value = sum(layer.time_ns.value for layer in others)
        lines.append(_row(f"{len(others)} other layers", value, None, whole.value))
    lines.append("  around the layers")
    lines += [
        _row(f"step {step.index}: {step.op}", step.time_ns.value, step.time_ns, whole.value)
        for step in one.transform
    ]
    for name, part in (
        ("engine's framework", one.framework_ns),
        ("copies", one.copies_ns),
        ("reading and checks", one.reading_ns),
        ("colder after the transform", one.colder_ns),
        ("answer", one.answer_ns),
    ):
        if part is not None:
            lines.append(_row(name, part.value, part, whole.value))
    lines.append(_row("rest", one.rest_ns, None, whole.value))
    for text in (f"Method: {one.method}", *one.notes):
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
    return "\n".join(line.rstrip() for line in lines)


def _layer(layer: LayerTime, whole_ns: float, longest_ns: float) -> str:
    bar = "█" * round(_BAR * layer.time_ns.value / longest_ns)
    ops: dict[str, int] = {}
    for op in layer.ops:
        ops[op.op] = ops.get(op.op, 0) + 1
    kinds = [op if n == 1 else f"{n} {op}" for op, n in ops.items()]
    named = ", ".join(kinds[:_KINDS]) + (", ..." if len(kinds) > _KINDS else "")
    row = _row(layer.layer, layer.time_ns.value, layer.time_ns, whole_ns, bar=bar)
    return f"{row}  {named}"


def _row(
    name: str, value_ns: float, interval: Estimate | None, whole_ns: float, *, bar: str = ""
) -> str:
    between = (
        ""
        if interval is None or interval.low == interval.high
        else f"{interval.low / 1e3:,.1f} to {interval.high / 1e3:,.1f}"
    )
    shown = name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
    return (
        f"  {shown:{_NAME}}  {bar:{_BAR}}  {value_ns / whole_ns:6.1%}  {value_ns / 1e3:9,.1f}  "
        f"{between:^19}"
    )


def _is_of_one(profile: ArtifactProfile) -> bool:
    """Whether one process alone was measured: there are no intervals."""
    return profile.total_ns.low == profile.total_ns.high


def _time(figure: Estimate) -> str:
    return f"{figure.value / 1e3:,.1f}"
