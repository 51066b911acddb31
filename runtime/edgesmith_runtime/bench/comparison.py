"""The result of a comparison: every sample, and the figures that follow from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bench.table import render_table
from edgesmith_runtime.latency import Estimate, Measurement, median_interval, ratio_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.bench.plan import Plan
    from edgesmith_runtime.bench.subject import CallStyle, Subject
    from edgesmith_runtime.host import Host

__all__ = ["Comparison", "Figures", "Load"]

NOISY_DRIFT = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the calls of a subject at one batch size come to.

    Args:
        median_ns: Latency of a call: the median over rounds of the medians of the rounds.
        p90_ns: Over the calls of all rounds; None where they are too few.
        throughput_per_s: Samples a second: the batch size by the median latency.
        times_faster: By style, how many times the latency fits into that of Keras.
    """

    median_ns: Estimate
    p90_ns: float | None
    throughput_per_s: float
    times_faster: Mapping[CallStyle, Estimate]


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
        host: The machine, and the versions of the runtime's engines.
        versions: Of what else took part, such as Keras.
        plan: What was spent; its seed draws the intervals.
        n_threads: That every subject had.
        n_available_threads: That the process may use on this host.
        load: Of the machine, before and after.
        subjects: Artifacts in the manifest's order, then the Keras styles.
    """

    bundle: str
    host: Host
    versions: Mapping[str, str]
    plan: Plan
    n_threads: int
    n_available_threads: int
    load: Load
    subjects: tuple[Subject, ...]

    @property
    def noise(self) -> tuple[str, ...]:
        """Signs that the machine was disturbed, a sentence each; empty where there is none.

        That is a load average above the threads that this host offers, or a subject whose two
        halves of the rounds differ by more than 10 %.
        """
        signs: list[str] = []
        for moment, load in (("start", self.load.start), ("end", self.load.end)):
            if load is not None and load > self.n_available_threads:
                signs.append(
                    f"noisy: the load average at the {moment} was {load:.1f}, "
                    f"above the {self.n_available_threads} threads of this host"
                )
        drifts = [
            f"{subject.name} at batch {batch} by {drift:.0%}"
            for subject in self.subjects
            for batch in self.plan.batches
            if (drift := subject.drift(batch)) is not None and drift > NOISY_DRIFT
        ]
        if drifts:
            signs.append(
                "noisy: the later half of the rounds differs from the earlier: "
                + ", ".join(drifts)
            )
        return tuple(signs)

    def subject(self, name: str) -> Subject:
        """The subject of a name, as in the table."""
        for subject in self.subjects:
            if subject.name == name:
                return subject
        known = ", ".join(subject.name for subject in self.subjects)
        raise KeyError(f"no subject '{name}'; there are {known}")

    def figures(self, name: str, batch: int) -> Figures | None:
        """The figures of a subject at a batch size, None where it was not measured."""
        subject = self.subject(name)
        rounds = subject.steady(batch)
        if not rounds:
            return None
        pooled = Measurement(
            latencies_ns=tuple(ns for item in rounds for ns in item.latencies_ns),
            n_warmup=rounds[0].n_warmup,
            host=self.host,
        )
        median_ns = median_interval(rounds, self._rng())
        return Figures(
            median_ns=median_ns,
            p90_ns=pooled.percentile_ns(90),
            throughput_per_s=batch * 1e9 / median_ns.value,
            times_faster={
                original.style: ratio_interval(original.steady(batch), rounds, self._rng())
                for original in self.subjects
                if original.style is not None
                and subject.style is None
                and original.steady(batch)
            },
        )

    def _rng(self) -> np.random.Generator:
        # A new one for every figure: none depends on which others were asked for before.
        return np.random.default_rng(self.plan.seed)

    def table(self) -> str:
        """All figures as aligned plain text of at most 100 columns."""
        return render_table(self)

    def to_json(self) -> dict[str, Any]:
        """All figures and every sample as plain JSON values; what was not measured is null."""
        return {
            "bundle": self.bundle,
            "host": dataclasses.asdict(self.host),
            "versions": dict(self.versions),
            "plan": dataclasses.asdict(self.plan),
            "n_threads": self.n_threads,
            "load": dataclasses.asdict(self.load),
            "noise": list(self.noise),
            "subjects": [self._subject_json(subject) for subject in self.subjects],
        }

    def _subject_json(self, subject: Subject) -> dict[str, Any]:
        return {
            "name": subject.name,
            "style": subject.style,
            "problem": subject.problem,
            "size_bytes": subject.size_bytes,
            "import_ms": _scaled(subject.import_ns, 1e6),
            "load_ms": _scaled(subject.load_ns, 1e6),
            "first_call_ms": _scaled(subject.first_call_ns, 1e6),
            "peak_memory_bytes": subject.peak_memory_bytes,
            "batches": {
                str(batch): _figures_json(
                    self.figures(subject.name, batch), subject.drift(batch)
                )
                for batch in self.plan.batches
            },
            "rounds": [item.to_json() for item in subject.rounds],
        }


def _figures_json(figures: Figures | None, drift: float | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    return {
        "latency_us_p50": figures.median_ns.value / 1e3,
        "latency_us_p50_low": figures.median_ns.low / 1e3,
        "latency_us_p50_high": figures.median_ns.high / 1e3,
        "latency_us_p90": _scaled(figures.p90_ns, 1e3),
        "throughput_per_s": figures.throughput_per_s,
        "drift": drift,
        "times_faster": {
            style.value: dataclasses.asdict(ratio)
            for style, ratio in figures.times_faster.items()
        },
    }


def _scaled(value: float | None, divisor: float) -> float | None:
    return None if value is None else value / divisor
