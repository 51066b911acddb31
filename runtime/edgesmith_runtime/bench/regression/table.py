"""Two comparisons against each other, as plain text for a terminal and a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.bench.comparison.cells import (
    ABSENT,
    aligned,
    ratio_cell,
    size_cell,
    time_cell,
    wrapped,
)
from edgesmith_runtime.bench.comparison.noise import words_of_noise
from edgesmith_runtime.bench.regression.limits import Metric
from edgesmith_runtime.bench.regression.regression import MIN_ROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.regression.limits import Limit
    from edgesmith_runtime.bench.regression.regression import Change, Regression

__all__ = ["render_regression"]

_SAME = "same"
_N_DIGITS = 12  # of an identity: enough for people to tell two apart


def render_regression(
    regression: Regression,
    before: Comparison,
    after: Comparison,
    *,
    limits: Sequence[Limit],
    differences: Sequence[str],
) -> str:
    """Which bundles, every change, then what differs between the documents, then each limit; no newline at the end.

    Args:
        regression: What became of the two.
        before: The first document.
        after: The second.
        limits: That were held.
        differences: Between the circumstances of the two.
    """
    held = {limit.metric for limit in limits}
    keys = dict.fromkeys((change.metric, change.setting) for change in regression.changes)
    blocks = [wrapped(_heading(before, after))]
    blocks += [
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


def _heading(before: Comparison, after: Comparison) -> str:
    first, second = (f"'{one.bundle}' {one.identity[:_N_DIGITS]}" for one in (before, after))
    if before.identity == after.identity:
        return f"one bundle, measured twice: {first}"
    return f"two bundles: first {first}, second {second}"


def _block(title: str, changes: Sequence[Change]) -> str:
    rows = [
        (
            change.subject,
            _value(change.metric, change.before),
            _value(change.metric, change.after),
            _ratio(change),
            _word(change),
        )
        for change in changes
    ]
    return aligned((title, "first", "second", "second to first", ""), rows)


def _once_block(regression: Regression) -> str:
    """What a process or file has once, as ratios."""
    found = {
        (one.subject, one.metric): one for one in regression.changes if one.setting is None
    }
    metrics = [metric for metric in Metric if any(key[1] is metric for key in found)]
    rows = [
        (name, *(_plain(found.get((name, metric))) for metric in metrics))
        for name in dict.fromkeys(name for name, _ in found)
    ]
    if not rows:
        return ""
    lines = [aligned(("second to first", *metrics), rows)]
    if any(_SAME in row for row in rows):
        lines.append(wrapped("(same: no change beyond noise)"))
    if any(not change.is_sure for change in found.values()):
        lines.append(
            wrapped(
                f"(~: of fewer than {MIN_ROUNDS} rounds, which do not tell noise from change)"
            )
        )
    return "\n".join(lines)


def _plain(change: Change | None) -> str:
    if change is None:
        return ABSENT
    if not change.is_sure:
        return f"~{change.ratio.value:.3f}"
    return _SAME if change.ratio.low <= 1 <= change.ratio.high else f"{change.ratio.value:.3f}"


def _ratio(change: Change) -> str:
    return ratio_cell(change.ratio) if change.is_sure else f"{change.ratio.value:.3f}"


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
    if not change.is_sure:
        return "too few rounds"
    if change.ratio.low > 1:
        return "more"
    if change.ratio.high < 1:
        return "less"
    return _SAME if change.metric is Metric.SIZE else "same within noise"


def _notes(regression: Regression, before: Comparison, after: Comparison) -> Iterator[str]:
    for gap in regression.gaps:
        yield f"not compared: {gap}"
    known = {gap.subject for gap in regression.gaps}
    for name in regression.only_before:
        if name not in known:
            yield f"{name}: in the first document alone, and not measured there"
    for name in regression.only_after:
        yield f"{name}: in the second document alone"
    for which, document in (("first", before), ("second", after)):
        yield from _noise(which, document)


def _noise(which: str, document: Comparison) -> Iterator[str]:
    """One line a document: a single sign as it is, of several the kinds."""
    signs = document.noise
    if len(signs) == 1:
        yield f"{which} document: {signs[0]}"
    elif signs:
        kinds = ", ".join(dict.fromkeys(words_of_noise(document)))
        yield f"{which} document: noisy: {len(signs)} signs ({kinds}); --json has them in full"


def _limits(regression: Regression, limits: Sequence[Limit]) -> Iterator[str]:
    for limit in limits:
        broken = [change for one, change in regression.broken if one == limit]
        unclear = [change for one, change in regression.unclear if one == limit]
        if all(change.metric is not limit.metric for change in regression.changes):
            yield f"not held {limit}: nothing that both documents measured"
        elif not broken and not unclear:
            yield f"passed {limit}: nowhere beyond noise"
        for change in broken:
            yield f"FAILED {limit}: {change.where}: {ratio_cell(change.ratio)}"
        for change in unclear:
            yield (
                f"unclear {limit}: {change.where}: {change.ratio.value:.3f}, of fewer than "
                f"{MIN_ROUNDS} rounds, which do not tell noise from change; no failure"
            )
    failed = {name for name, _ in regression.failed}
    for gap in regression.gaps:
        if limits or gap.subject in failed:
            yield f"FAILED: {gap}"
