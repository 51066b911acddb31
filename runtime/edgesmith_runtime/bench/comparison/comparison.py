"""The result of a comparison: every sample, and the figures that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import numpy as np

from edgesmith_runtime.bench.comparison.course import Course, course_of
from edgesmith_runtime.bench.comparison.document import (
    check_format,
    conditions_from,
    document_of,
    host_from,
    plan_from,
    read_json,
    subject_from,
    unreadable,
)
from edgesmith_runtime.bench.comparison.figures import (
    Figures,
    Percentiles,
    figures_from,
    percentiles_from,
)
from edgesmith_runtime.bench.comparison.noise import signs_of_noise
from edgesmith_runtime.bench.comparison.resampling import widened
from edgesmith_runtime.bench.comparison.table import render_table
from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.errors import EdgesmithError, InputError
from edgesmith_runtime.latency import Estimate, ratio_interval

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from edgesmith_runtime.bench.plan import Plan
    from edgesmith_runtime.bench.subject import Subject
    from edgesmith_runtime.host import Host

__all__ = ["Comparison", "Figures", "Load", "Percentiles"]

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load average of the machine over the last minute; None where there is none."""

    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every subject, measured in turn on one host with the same inputs.

    Args:
        bundle: Name in the manifest.
        identity: Of the bundle: the same, the same files.
        host: The machine, and the versions of the runtime's engines.
        versions: Of what else took part, such as Keras.
        plan: What was spent; its seed draws the intervals.
        n_threads: That every subject had.
        n_available_threads: That the process may use on this host.
        load: Of the machine, before and after.
        subjects: Artifacts in the manifest's order, then all that they are compared with.
        baseline: Name of the subject that ratios are to; without one the first subject.
        conditions_start: The state of the machine before the first process.
        conditions_end: That after the last.
    """

    bundle: str
    identity: str
    host: Host
    versions: Mapping[str, str]
    plan: Plan
    n_threads: int
    n_available_threads: int
    load: Load
    subjects: tuple[Subject, ...]
    baseline: str = ""
    conditions_start: Conditions = field(default_factory=Conditions)
    conditions_end: Conditions = field(default_factory=Conditions)
    # Figures that were asked for, by what was asked. Each follows from the fields and takes a
    # bootstrap; a table asks for most of them several times.
    _found: dict[tuple[object, ...], object] = field(
        default_factory=dict[tuple[object, ...], object], init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not self.subjects:
            raise ValueError("subjects: expected at least one, got none")
        if not self.baseline:
            object.__setattr__(self, "baseline", self.subjects[0].name)
        elif all(subject.name != self.baseline for subject in self.subjects):
            raise ValueError(f"baseline: expected a subject, got '{self.baseline}'")

    @property
    def noise(self) -> tuple[str, ...]:
        """Signs that the machine was disturbed, a sentence each; empty where there is none."""
        return self._once(("noise",), lambda: signs_of_noise(self))

    def subject(self, name: str) -> Subject:
        """The subject of a name, as in the table."""
        for subject in self.subjects:
            if subject.name == name:
                return subject
        known = ", ".join(subject.name for subject in self.subjects)
        raise KeyError(f"no subject '{name}'; there are {known}")

    def settings(self, name: str) -> tuple[Setting, ...]:
        """The settings under which a subject was measured, in the order of its processes."""
        rounds = self.subject(name).rounds
        return tuple(dict.fromkeys(setting for item in rounds for setting in item.series))

    def figures(self, name: str, setting: Setting | int) -> Figures | None:
        """The figures of a subject, None where it was not measured.

        Args:
            name: Of the subject.
            setting: A number is the batch size of the steady state.
        """
        asked = Setting(Phase.STEADY, setting) if isinstance(setting, int) else setting
        return self._once(("figures", name, asked), lambda: self._figures(name, asked))

    def _figures(self, name: str, asked: Setting) -> Figures | None:
        percentiles = self.percentiles(name, asked)
        if percentiles is None:
            return None
        subject = self.subject(name)
        floor = self.noise_floor(asked)
        times_faster = {
            original.style: widened(ratio, floor)
            for original in self.subjects
            if original.style is not None and subject.style is None
            if (ratio := self._own_ratio(original, subject, asked)) is not None
        }
        return figures_from(subject.series(asked), asked, percentiles, times_faster)

    def percentiles(self, name: str, setting: Setting) -> Percentiles | None:
        """The latency of a subject in ns, None where it was not measured."""
        series = self.subject(name).series(setting)
        if not series:
            return None
        key = ("percentiles", name, setting)
        return self._once(key, lambda: percentiles_from(series, self._rng()))

    def ratio(self, name: str, setting: Setting, *, to: str | None = None) -> Estimate | None:
        """How many times the latency of another subject fits into that of this one.

        Below 1 is faster. The interval is at least as wide as the noise floor, as ``widened``
        says; that of the baseline measured again is the floor itself, by its samples alone.

        Args:
            name: Of the subject.
            setting: Under which both were measured.
            to: Name of the other; None is the baseline.

        Returns:
            None where one of the two was not measured, or both are the same.
        """
        other = self.baseline if to is None else to
        if name == other:
            return None
        numerator, denominator = self.subject(name), self.subject(other)
        ratio = self._own_ratio(numerator, denominator, setting)
        if ratio is None or SubjectKind.AGAIN in (numerator.kind, denominator.kind):
            return ratio
        return widened(ratio, self.noise_floor(setting))

    def noise_floor(self, setting: Setting) -> Estimate | None:
        """The latency of the baseline measured again to that of the baseline: the A/A ratio.

        None where it was not measured twice.
        """
        for subject in self.subjects:
            if subject.kind is SubjectKind.AGAIN:
                return self._own_ratio(subject, self.subject(self.baseline), setting)
        return None

    def course(self, name: str) -> Course | None:
        """How the sustained run of a subject went; None where there is none, or it is too short."""
        runs = [one for one in self.settings(name) if one.phase is Phase.SUSTAINED]
        if not runs:
            return None
        series = self.subject(name).series(runs[0])[0]
        return self._once(("course", name), lambda: course_of(series, self._rng()))

    def _own_ratio(
        self, numerator: Subject, denominator: Subject, setting: Setting
    ) -> Estimate | None:
        """With the interval of the samples, of the rounds in which both were measured."""
        key = ("ratio", numerator.name, denominator.name, setting)
        return self._once(key, lambda: self._drawn_ratio(numerator, denominator, setting))

    def _drawn_ratio(
        self, numerator: Subject, denominator: Subject, setting: Setting
    ) -> Estimate | None:
        pairs = [
            (above.series[setting].measurement, below.series[setting].measurement)
            for above, below in zip(numerator.rounds, denominator.rounds, strict=False)
            if setting in above.series and setting in below.series
        ]
        if not pairs:
            return None
        return ratio_interval([one for one, _ in pairs], [one for _, one in pairs], self._rng())

    def _once(self, asked: tuple[object, ...], find: Callable[[], Found]) -> Found:
        """What ``find`` gives, found once; of two threads at the same time both find it, alike."""
        if asked not in self._found:
            self._found[asked] = find()
        return cast("Found", self._found[asked])

    def _rng(self) -> np.random.Generator:
        # A new one for every figure: none depends on which others were asked for before.
        return np.random.default_rng(self.plan.seed)

    def table(self) -> str:
        """All figures as aligned plain text of at most 100 columns."""
        return render_table(self)

    def to_json(self) -> dict[str, Any]:
        """All figures and every sample as plain JSON values; what was not measured is null."""
        return document_of(self)

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Read what ``to_json`` gave; figures are derived from the samples again.

        Raises:
            InputError: It is no bench document, of another format, or a part of one.
        """
        members = check_format(document)
        try:
            return cls._of(members)
        except (KeyError, TypeError, ValueError, AttributeError, EdgesmithError) as error:
            raise unreadable(error) from error

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Self:
        host = host_from(members["host"])
        start, end = conditions_from(members["conditions"])
        return cls(
            bundle=members["bundle"],
            identity=members["identity"],
            host=host,
            versions=members["versions"],
            plan=plan_from(members["plan"]),
            n_threads=members["n_threads"],
            n_available_threads=members["n_available_threads"],
            load=Load(start=members["load"]["start"], end=members["load"]["end"]),
            subjects=tuple(subject_from(one, host) for one in members["subjects"]),
            baseline=members["baseline"],
            conditions_start=start,
            conditions_end=end,
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read the file that ``bench --json`` wrote.

        Raises:
            InputError: There is no such file, or it is not what ``from_json`` reads; one line.
        """
        document = read_json(path)
        try:
            return cls.from_json(document)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
