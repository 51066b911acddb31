"""What a bench measured of the same calls: a typical one, back to back and after idle time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.explaining.likeness import settings_differences
from edgesmith_runtime.explaining.typical import near
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.phases import Series
    from edgesmith_runtime.bench.subject import Subject
    from edgesmith_runtime.recorded import Recording

__all__ = ["Laboratory", "batches_of", "laboratory_of", "subject_of"]

_SERVED = ("decode", "prepare", "infer", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """A typical call of the bench.

    Args:
        setting: It was measured under.
        stages_ns: By stage, as far as they were measured.
        slowest_ns: The sum of the same stages in the slowest round.
        after_idle_ns: How much longer a run of the model takes after a pause of the length of
            the key, in seconds.
        run_ns: Median of a run back to back; None where there is no steady phase.
    """

    setting: Setting
    stages_ns: Mapping[str, float]
    slowest_ns: float
    after_idle_ns: Mapping[float, float]
    run_ns: float | None

    @property
    def total_ns(self) -> float:
        """Of the stages that were measured."""
        return sum(self.stages_ns.values())

    def slowing_ns(self, stage: str, pause_s: float) -> float | None:
        """How much longer a stage takes after a pause; None where no pause was measured.

        What was measured of the engine alone is taken as the ratio of the other stages too.

        Args:
            stage: One of ``stages_ns``.
            pause_s: Above 0; the measured pause that is nearest to it by ratio counts.
        """
        if not self.after_idle_ns or not self.run_ns:
            return None
        nearest = min(self.after_idle_ns, key=lambda s: abs(math.log(max(s, 1e-6) / pause_s)))
        ratio = self.after_idle_ns[nearest] / self.run_ns
        return max(ratio, 0.0) * self.stages_ns[stage]


def subject_of(comparison: Comparison, recording: Recording) -> Subject | None:
    """What the bench measured of the app's artifact, with settings as like the app's as there are.

    That may be the artifact as ``tune`` chose it, or on another engine than its default one.

    Returns:
        None where the artifact was not measured.
    """
    settings = recording.settings
    name = recording.artifact
    names = {name, f"{name} as tuned", *(f"{name} on {engine}" for engine in Engine)}
    measured = [
        subject
        for subject in comparison.subjects
        if subject.kind in (SubjectKind.ARTIFACT, SubjectKind.TUNED)
        and subject.name in names
        and subject.rounds
    ]

    def unlikeness(subject: Subject) -> tuple[bool, int]:
        is_other = settings is not None and subject.engine not in (None, settings.engine)
        return is_other, len(settings_differences(recording, comparison, subject))

    return min(measured, key=unlikeness, default=None)


def batches_of(subject: Subject) -> list[int]:
    """The batch sizes of the steady phase."""
    settings = {setting for item in subject.rounds for setting in item.series}
    return sorted(int(one.amount) for one in settings if one.phase is Phase.STEADY)


def laboratory_of(
    subject: Subject, *, is_raw: bool, batch: int, percent: int = 50
) -> Laboratory:
    """The calls of a bench that are most like those of an app.

    From raw inputs one by one, the raw phase has them; else the steady phase at the same batch.

    Args:
        subject: It was measured.
        is_raw: Whether the app gives raw inputs.
        batch: Samples that it gives in a call.
        percent: Of the calls that are quicker, as in the app.

    Raises:
        InputError: There is no such setting; the message says what to measure.
    """
    steady = Setting(Phase.STEADY, float(batch))
    raw = Setting(Phase.RAW)
    if is_raw and batch == 1 and any(one.stages_ns for one in subject.series(raw)):
        setting, stages_ns = raw, _stages(subject.series(raw), percent)
        # Not by the latencies: arrays that are given back after the answer are in these alone.
        by_round = [
            sum(_stages([one], percent).values())
            for one in subject.series(raw)
            if one.stages_ns
        ]
    elif subject.series(steady):
        setting, stages_ns = steady, {"infer": _near(subject.series(steady), percent)}
        by_round = [_near([one], percent) for one in subject.series(steady)]
    else:
        raise InputError(
            f"{subject.name}: expected a bench of calls with {batch} samples, as the app has, got "
            f"the batches {batches_of(subject)}; measure it with edgesmith bench --batch {batch}"
        )
    runs = subject.series(steady)
    run_ns = _near(runs, 50) if runs else None
    return Laboratory(
        setting=setting,
        stages_ns=stages_ns,
        slowest_ns=max(by_round),
        after_idle_ns={} if run_ns is None else _after_idle(subject, run_ns),
        run_ns=run_ns,
    )


def _after_idle(subject: Subject, run_ns: float) -> dict[float, float]:
    """By the pause in seconds: of the idle phase, and of calls at a rate."""
    slower: dict[float, float] = {}
    for setting in {setting for item in subject.rounds for setting in item.series}:
        if setting.phase is Phase.IDLE:
            pause_s = setting.amount
        elif setting.phase is Phase.PACED and setting.amount > 0:
            pause_s = 1 / setting.amount - run_ns / 1e9
        else:
            continue
        if pause_s > 0:
            median_ns = float(np.median(_latencies(subject.series(setting))))
            slower[pause_s] = median_ns - run_ns
    return slower


def _stages(series: Sequence[Series], percent: int) -> dict[str, float]:
    by_stage = {
        stage: np.array([ns for one in series for ns in one.stages_ns[stage]], np.int64)
        for stage in _SERVED
        if all(stage in one.stages_ns for one in series)
    }
    total_ns = np.sum([*by_stage.values()], axis=0)
    places = near(total_ns, percent)
    return {stage: float(ns[places].mean()) for stage, ns in by_stage.items()}


def _latencies(series: Sequence[Series]) -> list[int]:
    return [ns for one in series for ns in one.measurement.latencies_ns]


def _near(series: Sequence[Series], percent: int) -> float:
    latencies_ns = np.asarray(_latencies(series), np.int64)
    return float(latencies_ns[near(latencies_ns, percent)].mean())
