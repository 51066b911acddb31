"""Two comparisons against each other: what became slower, and whether a limit was broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

import numpy as np

from edgesmith_runtime.bench.figures import pooled
from edgesmith_runtime.bench.limits import Limit, Metric
from edgesmith_runtime.bench.resampling import percentile_ratio, value_ratio, widened
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.bench.subject import Subject
    from edgesmith_runtime.latency import Estimate

__all__ = ["Change", "Regression", "compare_documents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How one metric of one subject changed.

    Args:
        subject: Its name in both documents.
        metric: What changed.
        setting: Under which it was measured; None where the metric has none.
        before: Value of the first document: ns, or bytes.
        after: Value of the second.
        ratio: Second to first. Rounds are drawn on each side by itself, and a latency's interval
            is at least as wide as the larger A/A noise floor of the two documents. A metric that
            is there once, such as the size, has an interval without width.
    """

    subject: str
    metric: Metric
    setting: Setting | None
    before: float
    after: float
    ratio: Estimate

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
    """

    changes: tuple[Change, ...]
    broken: tuple[tuple[Limit, Change], ...]
    failed: tuple[tuple[str, str], ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


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
    measured = [(one, other) for one, other in pairs if one.rounds and other.rounds]
    wanted = _wanted(before, after, measured, settings)
    metrics = dict.fromkeys((Metric.P50, *(limit.metric for limit in limits), *_ONCE))
    pairing = _Pairing(before=before, after=after)
    changes = tuple(
        change
        for one, other in measured
        for metric in metrics
        for change in pairing.changes(metric, one, other, wanted)
    )
    _check_each_limit(limits, changes)
    return Regression(
        changes=changes,
        broken=tuple(
            (limit, change)
            for limit in limits
            for change in changes
            if change.metric is limit.metric and limit.is_beyond(change.ratio)
        ),
        failed=tuple(
            (other.name, other.problem or "no round")
            for one, other in pairs
            if one.rounds and not other.rounds
        ),
        only_before=_missing(before, after),
        only_after=_missing(after, before),
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
    measured: Sequence[tuple[Subject, Subject]],
    words: Sequence[str],
) -> tuple[Setting, ...]:
    if not measured:
        raise InputError(
            "nothing to compare: no subject was measured in both documents; the first has "
            f"{_names(before)}, the second {_names(after)}"
        )
    common = tuple(
        dict.fromkeys(
            setting
            for one, other in measured
            for setting in before.settings(one.name)
            if setting in after.settings(other.name)
        )
    )
    if not words:
        return common
    for word in words:
        if not any(word in _spellings(setting) for setting in common):
            known = ", ".join(setting.key for setting in common) or "none"
            raise InputError(
                f"--setting: expected one that both documents have ({known}), got '{word}'"
            )
    return tuple(one for one in common if not _spellings(one).isdisjoint(words))


def _names(comparison: Comparison) -> str:
    return ", ".join(one.name for one in comparison.subjects if one.rounds) or "none"


def _spellings(setting: Setting) -> frozenset[str]:
    return frozenset({setting.key, str(setting), str(setting.phase)})


def _check_each_limit(limits: Sequence[Limit], changes: Sequence[Change]) -> None:
    found = {change.metric for change in changes}
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
        for setting in settings if metric is Metric.CPU else (None,):
            values = _values(metric, one, setting), _values(metric, other, setting)
            if all(values):
                yield Change(
                    subject=one.name,
                    metric=metric,
                    setting=setting,
                    before=float(np.median(values[0])),
                    after=float(np.median(values[1])),
                    ratio=value_ratio(values[1], values[0], self._rng()),
                )

    def _latency(
        self, metric: Metric, one: Subject, other: Subject, setting: Setting
    ) -> Iterator[Change]:
        values = (
            self._percentile(metric, one, setting),
            self._percentile(metric, other, setting),
        )
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

    def _percentile(self, metric: Metric, subject: Subject, setting: Setting) -> float | None:
        """In ns; None where the sample does not support it."""
        rounds = subject.measurements(setting)
        if metric is Metric.P50:
            return float(np.median([item.median_ns for item in rounds]))
        return None if metric.percent is None else pooled(rounds).percentile_ns(metric.percent)

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.before.plan.seed)


def _values(metric: Metric, subject: Subject, setting: Setting | None) -> list[float]:
    """One a round, above 0; empty where it is not known."""
    rounds = subject.rounds
    values: Sequence[float | None]
    match metric:
        case Metric.CPU:
            series = [] if setting is None else subject.series(setting)
            values = [
                None if one.cpu_ns is None else one.cpu_ns / one.n_calls for one in series
            ]
        case Metric.IMPORT:
            values = [item.import_ns for item in rounds]
        case Metric.LOAD:
            values = [item.load_ns for item in rounds]
        case Metric.FIRST_CALL:
            values = [item.first_call_ns for item in rounds]
        case Metric.MEMORY:
            values = [item.peak_memory_bytes for item in rounds]
        case Metric.SIZE:
            values = [subject.size_bytes]
        case Metric.P50 | Metric.P90 | Metric.P95 | Metric.P99:
            values = []
        case _:
            assert_never(metric)
    return [value for value in values if value]
