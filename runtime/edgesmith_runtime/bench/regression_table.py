"""Two comparisons against each other, as plain text for a terminal and a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.bench.cells import (
    ABSENT,
    aligned,
    ratio_cell,
    size_cell,
    time_cell,
    wrapped,
)
from edgesmith_runtime.bench.limits import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.limits import Limit
    from edgesmith_runtime.bench.regression import Change, Regression

__all__ = ["render_regression"]


def render_regression(
    regression: Regression,
    before: Comparison,
    after: Comparison,
    *,
    limits: Sequence[Limit],
    differences: Sequence[str],
) -> str:
    """Every change, then what differs between the documents, then each limit; no newline at the end.

    Args:
        regression: What became of the two.
        before: The first document.
        after: The second.
        limits: That were held.
        differences: Between the circumstances of the two.
    """
    held = {limit.metric for limit in limits}
    keys = dict.fromkeys((change.metric, change.setting) for change in regression.changes)
    blocks = [
        _block(
            f"{metric}, {setting}" if setting is not None else str(metric),
            [
                one
                for one in regression.changes
                if (one.metric, one.setting) == (metric, setting)
            ],
        )
        for metric, setting in keys
        if setting is not None or metric in held
    ]
    blocks.append(_once_block(regression))
    blocks.append("\n".join(wrapped(note) for note in _notes(regression, before, after)))
    blocks.append("\n".join(wrapped(f"differs: {one}") for one in differences))
    blocks.append("\n".join(wrapped(line) for line in _limits(regression, limits)))
    return "\n\n".join(block for block in blocks if block)


def _block(title: str, changes: Sequence[Change]) -> str:
    rows = [
        (
            change.subject,
            _value(change.metric, change.before),
            _value(change.metric, change.after),
            ratio_cell(change.ratio),
            _word(change),
        )
        for change in changes
    ]
    return aligned((title, "first", "second", "second to first", ""), rows)


def _once_block(regression: Regression) -> str:
    """What a process or file has once, as ratios; what did not change beyond noise is 1."""
    found = {
        (one.subject, one.metric): one for one in regression.changes if one.setting is None
    }
    metrics = [metric for metric in Metric if any(key[1] is metric for key in found)]
    rows = [
        (name, *(_plain(found.get((name, metric))) for metric in metrics))
        for name in dict.fromkeys(name for name, _ in found)
    ]
    return aligned(("second to first", *metrics), rows) if rows else ""


def _plain(change: Change | None) -> str:
    if change is None:
        return ABSENT
    return "1" if change.ratio.low <= 1 <= change.ratio.high else f"{change.ratio.value:.3f}"


def _value(metric: Metric, value: float) -> str:
    match metric:
        case Metric.MEMORY | Metric.SIZE:
            return size_cell(value)
        case (
            Metric.P50
            | Metric.P90
            | Metric.P95
            | Metric.P99
            | Metric.CPU
            | Metric.IMPORT
            | Metric.LOAD
            | Metric.FIRST_CALL
        ):
            return time_cell(value)
        case _:
            assert_never(metric)


def _word(change: Change) -> str:
    if change.ratio.low > 1:
        return "more"
    return "less" if change.ratio.high < 1 else "same within noise"


def _notes(regression: Regression, before: Comparison, after: Comparison) -> Iterator[str]:
    for name, reason in regression.failed:
        yield f"{name}: measured in the first document alone; in the second: {reason}"
    for name in regression.only_before:
        yield f"{name}: in the first document alone"
    for name in regression.only_after:
        yield f"{name}: in the second document alone"
    for which, document in (("first", before), ("second", after)):
        for sign in document.noise:
            yield f"{which} document: {sign}"


def _limits(regression: Regression, limits: Sequence[Limit]) -> Iterator[str]:
    for limit in limits:
        broken = [change for one, change in regression.broken if one == limit]
        if not broken:
            yield f"passed {limit}: nowhere beyond noise"
        for change in broken:
            yield f"FAILED {limit}: {change.where}: {ratio_cell(change.ratio)}"
    if limits:
        for name, _ in regression.failed:
            yield f"FAILED: {name} ran for the first document and not for the second"
