"""What is compared: one way to run a model, with all that its processes said."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bench.phases import Phase, Series, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.host import Host
    from edgesmith_runtime.latency import Measurement
    from edgesmith_runtime.manifest import Score
    from edgesmith_runtime.settings import Engine, EngineSettings

__all__ = ["CallStyle", "Round", "Subject", "SubjectKind"]


class CallStyle(StrEnum):
    """The ways to call a Keras model; each is a subject of its own."""

    PREDICT = "predict"
    CALL = "call"
    TF_FUNCTION = "tf_function"


class SubjectKind(StrEnum):
    """What a subject is.

    ARTIFACT is run by this runtime; TUNED is the artifact, engine and threads that ``tune`` found
    fastest on this host, as ``load`` takes them; KERAS is the original; FILE is another model
    file in its bare engine with that engine's defaults; AGAIN is the baseline a second time, in
    processes of its own: what it differs by is noise.
    """

    ARTIFACT = "artifact"
    TUNED = "tuned"
    KERAS = "keras"
    FILE = "file"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One subject in one fresh process.

    Args:
        import_ns: From the start of the process until the engine is imported, the interpreter
            included; what the comparison itself needs is imported later, but beside Keras.
        load_ns: From the file to a model that can be called, digests and transform included.
        first_call_ns: The first call, at the first batch size; of an artifact that is compared
            from raw inputs alone, the first prediction.
        peak_memory_bytes: Peak of the resident set of the process; None where not known. The
            Keras styles share a process, so each has what all before it needed too.
        series: The calls after the warm-up, by setting.
        failures: Why a setting has no series although it was asked for, in one line.
    """

    import_ns: int
    load_ns: int
    first_call_ns: int
    peak_memory_bytes: int | None
    series: Mapping[Setting, Series]
    failures: Mapping[Setting, str] = field(default_factory=dict[Setting, str])

    @property
    def steady(self) -> dict[int, Measurement]:
        """The latencies of the steady state, by batch size."""
        return {
            int(setting.amount): item.measurement
            for setting, item in self.series.items()
            if setting.phase is Phase.STEADY
        }

    def to_json(self) -> dict[str, Any]:
        """Every sample, as plain JSON values."""
        return {
            "import_ns": self.import_ns,
            "load_ns": self.load_ns,
            "first_call_ns": self.first_call_ns,
            "peak_memory_bytes": self.peak_memory_bytes,
            "series": {setting.key: item.to_json() for setting, item in self.series.items()},
            "failures": {setting.key: reason for setting, reason in self.failures.items()},
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any], host: Host) -> Round:
        """Read what ``to_json`` gave; ``host`` is the machine that it was measured on."""
        return cls(
            import_ns=members["import_ns"],
            load_ns=members["load_ns"],
            first_call_ns=members["first_call_ns"],
            peak_memory_bytes=members["peak_memory_bytes"],
            series={
                Setting.from_key(key): Series.from_json(item, host)
                for key, item in members["series"].items()
            },
            failures={
                Setting.from_key(key): reason for key, reason in members["failures"].items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One thing that was compared.

    Args:
        name: The file of an artifact, followed by `` on ENGINE`` where that is not its default
            one, or by `` as tuned``; ``keras`` and the style; ``FILE in ENGINE``; or a subject's
            name and `` again``.
        kind: What it is.
        style: How Keras was called; None of others.
        engine: What ran it; None for Keras.
        setup: Of TUNED: how it ran; None where it ran with the threads of the comparison and
            else by the engine's defaults.
        size_bytes: Of its file.
        score: The task's metric on the test split, where the bundle has it.
        rounds: One a round, empty where there is a problem.
        problem: Why it was not measured, in one line.
    """

    name: str
    kind: SubjectKind = SubjectKind.ARTIFACT
    style: CallStyle | None = None
    engine: Engine | None = None
    setup: EngineSettings | None = None
    size_bytes: int
    score: Score | None = None
    rounds: tuple[Round, ...] = ()
    problem: str | None = None

    @property
    def import_ns(self) -> float | None:
        """Median over rounds, from the start of the process until the engine is imported."""
        return _median([item.import_ns for item in self.rounds])

    @property
    def load_ns(self) -> float | None:
        """Median over rounds."""
        return _median([item.load_ns for item in self.rounds])

    @property
    def first_call_ns(self) -> float | None:
        """Median over rounds."""
        return _median([item.first_call_ns for item in self.rounds])

    @property
    def peak_memory_bytes(self) -> float | None:
        """Median over rounds."""
        peaks = [item.peak_memory_bytes for item in self.rounds]
        return _median([peak for peak in peaks if peak is not None])

    @property
    def failures(self) -> dict[Setting, str]:
        """Why settings could not be measured, by the last round that failed."""
        return {
            setting: reason for item in self.rounds for setting, reason in item.failures.items()
        }

    def series(self, setting: Setting) -> list[Series]:
        """Those of all rounds under a setting; empty where it was not measured."""
        return [item.series[setting] for item in self.rounds if setting in item.series]

    def measurements(self, setting: Setting) -> list[Measurement]:
        """The latencies of ``series``."""
        return [item.measurement for item in self.series(setting)]

    def steady(self, batch: int) -> list[Measurement]:
        """The measurements of all rounds at a batch size; empty where it was not measured."""
        return self.measurements(Setting(Phase.STEADY, batch))

    def drift(self, batch: int) -> float | None:
        """``drift_at`` of the steady state at a batch size."""
        return self.drift_at(Setting(Phase.STEADY, batch))

    def drift_at(self, setting: Setting) -> float | None:
        """How far the later half of the rounds is from the earlier half, as a share.

        Both halves ran the same. None with fewer than two rounds.
        """
        medians = [measurement.median_ns for measurement in self.measurements(setting)]
        half = len(medians) // 2
        if half == 0:
            return None
        return abs(float(np.median(medians[-half:]) / np.median(medians[:half])) - 1)


def _median(values: list[int]) -> float | None:
    return float(np.median(values)) if values else None
