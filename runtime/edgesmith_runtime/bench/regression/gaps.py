"""What the first of two documents measured and the second did not: nothing to compare there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.regression.readings import reading
from edgesmith_runtime.bench.subject import SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.bench.regression.limits import Metric
    from edgesmith_runtime.bench.subject import Subject

__all__ = ["Gap", "gaps_between"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that the second document lacks.

    Args:
        subject: Its name in the first document.
        setting: Under which it was measured there; None for the subject as a whole, or for a
            metric without settings.
        metric: That a limit is about; None for all that was measured.
        reason: Why the second document has it not.
    """

    subject: str
    setting: Setting | None = None
    metric: Metric | None = None
    reason: str

    def __str__(self) -> str:
        where = self.subject if self.setting is None else f"{self.subject}, {self.setting}"
        what = where if self.metric is None else f"{self.metric} of {where}"
        return f"{what}: {self.reason}"


def gaps_between(
    before: Comparison,
    after: Comparison,
    settings: Iterable[Setting],
    metrics: Iterable[Metric],
) -> tuple[Gap, ...]:
    """Of every subject that the first document measured, itself and its settings.

    Args:
        before: The first document.
        after: The second.
        settings: Those that count; a subject that is gone as a whole counts with any.
        metrics: Those that limits are about.
    """
    others = {one.name: one for one in after.subjects}
    wanted, held = tuple(settings), tuple(dict.fromkeys(metrics))
    return tuple(
        gap
        for one in before.subjects
        if one.rounds and one.kind is not SubjectKind.AGAIN
        for gap in _of(one, others.get(one.name), wanted, held)
    )


def _of(
    one: Subject,
    other: Subject | None,
    settings: tuple[Setting, ...],
    metrics: tuple[Metric, ...],
) -> Iterator[Gap]:
    if other is None:
        yield Gap(subject=one.name, reason="the second document does not have it")
        return
    if not other.rounds:
        reason = f"failed in the second document: {other.problem or 'no round'}"
        yield Gap(subject=one.name, reason=reason)
        return
    measured = [setting for setting in settings if one.series(setting)]
    shared = [setting for setting in measured if other.series(setting)]
    for setting in measured:
        if setting not in shared:
            yield Gap(subject=one.name, setting=setting, reason=_why(other, setting))
    for metric in metrics:
        yield from _of_metric(metric, one, other, shared)


def _of_metric(
    metric: Metric, one: Subject, other: Subject, settings: Sequence[Setting]
) -> Iterator[Gap]:
    has_too_few = metric.percent is not None
    lacks = "has too few calls for it" if has_too_few else "does not know it"
    for setting in settings if metric.has_settings else (None,):
        known, lost = (reading(metric, side, setting) for side in (one, other))
        if known is not None and lost is None:
            yield Gap(
                subject=one.name,
                setting=setting,
                metric=metric,
                reason=f"the second document {lacks}",
            )


def _why(other: Subject, setting: Setting) -> str:
    failure = other.failures.get(setting)
    if failure is None:
        return "the second document did not measure it"
    return f"failed in the second document: {failure}"
