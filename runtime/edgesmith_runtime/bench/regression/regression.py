"""Two comparisons against each other: what became slower, and whether a limit was broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.comparison.resampling import percentile_ratio, value_ratio, widened
from edgesmith_runtime.bench.regression.gaps import Gap, gaps_between
from edgesmith_runtime.bench.regression.limits import Limit, Metric
from edgesmith_runtime.bench.regression.readings import reading, values_by_round
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.latency import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.bench.subject import Subject

__all__ = ["MIN_ROUNDS", "Change", "Regression", "compare_documents"]

# Fewer values of a process, one a round, do not tell how much such values vary.
MIN_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one metric of one subject changed.

    Args:
        subject: Its name in both documents.
        metric: What changed.
        setting: Under which it was measured; None where the metric has none.
        before: Value of the first document: ns, or bytes.
        after: Value of the second.
        ratio: Second to first. Rounds are drawn on each side by itself, and the interval is at
            least as wide as the larger A/A noise floor of the two documents. The size, which is
            the same in every round, has an interval without width.
        is_sure: Whether the interval tells noise from change; it does not where a process has
            one value and a side has fewer than ``MIN_ROUNDS`` of them.
    """

    subject: str
    metric: Metric
    setting: Setting | None
    before: float
    after: float
    ratio: Estimate
    is_sure: bool = True

    @property
    def where(self) -> str:
        """The subject and, where there is one, the setting."""
        return self.subject if self.setting is None else f"{self.subject}, {self.setting}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """What became of two documents.

    Args:
        changes: Of every subject that both measured.
        broken: Limits with the changes that are beyond them, by the whole interval.
        failed: Subjects that the first document measured and the second could not, with the
            reason.
        only_before: Subjects that the second document does not have at all.
        only_after: Subjects that the first does not have.
        gaps: What the first document measured and the second did not: subjects, settings, and
            metrics of limits.
        unclear: Limits with the changes whose value is beyond them, in too few rounds to say
            that it is no noise; they are not broken.
    """

    changes: tuple[Change, ...]
    broken: tuple[tuple[Limit, Change], ...]
    failed: tuple[tuple[str, str], ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()
    unclear: tuple[tuple[Limit, Change], ...] = ()

    def is_failure(self, *, has_limits: bool) -> bool:
        """Whether the second document is to be refused.

        It is where a limit is broken or a subject failed, and, where limits were given, also
        where anything that the first document measured cannot be held against them.

        Args:
            has_limits: Whether limits were given.
        """
        return bool(self.broken or self.failed or (has_limits and self.gaps))


def compare_documents(
    before: Comparison,
    after: Comparison,
    *,
    limits: Sequence[Limit] = (),
    settings: Sequence[str] = (),
) -> Regression:
    """Pair subjects by name and settings, and hold every change against the limits.

    Args:
        before: The first document.
        after: The second.
        limits: A change is beyond one if its whole interval is.
        settings: Those to compare: a phase (``steady``), a key (``steady:1``) or a setting as
            tables have it (``batch 1``); empty for all that both have.

    Raises:
        InputError: No subject or setting is in both, a wanted setting is not, or nothing was
            measured that a limit is about.
    """
    pairs = [
        (one, other)
        for one in before.subjects
        for other in after.subjects
        if one.name == other.name and one.kind is not SubjectKind.AGAIN
    ]
    if not any(one.rounds for one, _ in pairs):
        raise InputError(
            "nothing to compare: no subject was measured in both documents; the first has "
            f"{_names(before)}, the second {_names(after)}"
        )
    measured = [(one, other) for one, other in pairs if one.rounds and other.rounds]
    wanted = _wanted(before, after, pairs, settings)
    metrics = dict.fromkeys((Metric.P50, *(limit.metric for limit in limits), *_ONCE))
    pairing = _Pairing(before=before, after=after)
    changes = tuple(
        change
        for one, other in measured
        for metric in metrics
        for change in pairing.changes(metric, one, other, wanted)
    )
    gaps = gaps_between(before, after, wanted, [limit.metric for limit in limits])
    _check_each_limit(limits, changes, gaps)
    held = [
        (limit, change)
        for limit in limits
        for change in changes
        if change.metric is limit.metric
    ]
    return Regression(
        changes=changes,
        broken=tuple(
            (limit, change)
            for limit, change in held
            if change.is_sure and limit.is_beyond(change.ratio)
        ),
        failed=tuple(
            (other.name, other.problem or "no round")
            for one, other in pairs
            if one.rounds and not other.rounds
        ),
        only_before=_missing(before, after),
        only_after=_missing(after, before),
        gaps=gaps,
        unclear=tuple(
            (limit, change)
            for limit, change in held
            if not change.is_sure and limit.is_beyond(_exactly(change.ratio.value))
        ),
    )


# What a process or file has once.
_ONCE = tuple(metric for metric in Metric if not metric.has_settings)


def _missing(of: Comparison, among: Comparison) -> tuple[str, ...]:
    names = {subject.name for subject in among.subjects}
    return tuple(
        one.name
        for one in of.subjects
        if one.name not in names and one.kind is not SubjectKind.AGAIN
    )


def _wanted(
    before: Comparison,
    after: Comparison,
    pairs: Sequence[tuple[Subject, Subject]],
    words: Sequence[str],
) -> tuple[Setting, ...]:
    """The settings of the first document, or those of them that the words name."""
    offered = dict.fromkeys(
        setting for one, _ in pairs for setting in before.settings(one.name)
    )
    for word in words:
        if not any(word in _spellings(setting) for setting in offered):
            common = dict.fromkeys(
                setting
                for one, other in pairs
                for setting in before.settings(one.name)
                if setting in after.settings(other.name)
            )
            known = ", ".join(setting.key for setting in common) or "none"
            raise InputError(
                f"--setting: expected one that both documents have ({known}), got '{word}'"
            )
    return tuple(one for one in offered if not words or not _spellings(one).isdisjoint(words))


def _names(comparison: Comparison) -> str:
    return ", ".join(one.name for one in comparison.subjects if one.rounds) or "none"


def _spellings(setting: Setting) -> frozenset[str]:
    return frozenset({setting.key, str(setting), str(setting.phase)})


def _check_each_limit(
    limits: Sequence[Limit], changes: Sequence[Change], gaps: Sequence[Gap]
) -> None:
    if not changes:  # whatever was measured is gone, which the gaps tell
        return
    found = {change.metric for change in changes}
    found |= {gap.metric for gap in gaps if gap.metric is not None}
    if any(gap.setting is not None and gap.metric is None for gap in gaps):
        found |= {metric for metric in Metric if metric.has_settings}
    for limit in limits:
        if limit.metric not in found:
            raise InputError(
                f"--fail-if '{limit}': neither subject nor setting has {limit.metric} in both "
                "documents (p99 takes 1000 calls, p95 200, p90 100; cpu and memory a system that "
                "tells); measure more rounds, or hold another metric"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairing:
    before: Comparison
    after: Comparison

    def changes(
        self, metric: Metric, one: Subject, other: Subject, settings: Sequence[Setting]
    ) -> Iterator[Change]:
        """Of one metric of two subjects: under each setting, or the one that there is."""
        if metric.percent is not None:
            for setting in settings:
                if one.series(setting) and other.series(setting):
                    yield from self._latency(metric, one, other, setting)
            return
        for setting in settings if metric.has_settings else (None,):
            values = (
                values_by_round(metric, one, setting),
                values_by_round(metric, other, setting),
            )
            if all(values):
                ratio = value_ratio(values[1], values[0], self._rng())
                for document in (self.before, self.after):
                    ratio = widened(ratio, _floor(document, metric, setting))
                yield Change(
                    subject=one.name,
                    metric=metric,
                    setting=setting,
                    before=float(np.median(values[0])),
                    after=float(np.median(values[1])),
                    ratio=ratio,
                    is_sure=metric is Metric.SIZE or min(map(len, values)) >= MIN_ROUNDS,
                )

    def _latency(
        self, metric: Metric, one: Subject, other: Subject, setting: Setting
    ) -> Iterator[Change]:
        values = reading(metric, one, setting), reading(metric, other, setting)
        if values[0] is None or values[1] is None or metric.percent is None:
            return
        ratio = percentile_ratio(
            [item.latencies_ns for item in other.measurements(setting)],
            [item.latencies_ns for item in one.measurements(setting)],
            metric.percent,
            self._rng(),
        )
        for document in (self.before, self.after):
            ratio = widened(ratio, document.noise_floor(setting))
        yield Change(
            subject=one.name,
            metric=metric,
            setting=setting,
            before=values[0],
            after=values[1],
            ratio=ratio,
        )

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.before.plan.seed)


def _floor(document: Comparison, metric: Metric, setting: Setting | None) -> Estimate | None:
    """A metric of the baseline measured again to that of the baseline; None where not known."""
    baseline = document.subject(document.baseline)
    for subject in document.subjects:
        if subject.kind is SubjectKind.AGAIN:
            again, once = (reading(metric, one, setting) for one in (subject, baseline))
            return None if again is None or once is None else _exactly(again / once)
    return None


def _exactly(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value)
