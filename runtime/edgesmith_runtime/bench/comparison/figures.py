"""What the series of a subject under one setting come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.latency import Estimate, even_percentile, even_quantile, median_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith_runtime.bench.phases import Series, Setting
    from edgesmith_runtime.bench.subject import CallStyle

__all__ = ["Figures", "Percentiles", "figures_from", "percentiles_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Latencies in ns that so many of the calls stay below.

    Args:
        p50: The median over rounds of the medians of the rounds.
        p90: Over the calls of all rounds, every round counting the same, as the other two; never
            below p50. None where the calls are too few, which ``even_percentile`` says.
        p95: The same.
        p99: The same.
    """

    p50: Estimate
    p90: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the calls of a subject under one setting come to; None is not known.

    Args:
        percentiles: Of the latency of a call.
        throughput_per_s: Samples a second. STEADY and RAW: by the median latency; of the other
            phases what was done, the pauses included.
        times_faster: By style, how many times the latency fits into that of Keras.
        cpu_ns: Processor time a call, threads that wait busily included: median over rounds.
        energy_uj: Of the processor package a call, whoever used it: median over rounds.
        memory_bytes: Resident after the series: median over rounds.
        stages_ns: RAW: median over the calls of all rounds, by stage, every round counting the
            same.
        n_calls: Timed, in all rounds.
        is_stable: Whether the warm-up had settled in every round.
    """

    percentiles: Percentiles
    throughput_per_s: float
    times_faster: Mapping[CallStyle, Estimate]
    cpu_ns: float | None
    energy_uj: float | None
    memory_bytes: float | None
    stages_ns: Mapping[str, float]
    n_calls: int
    is_stable: bool | None

    @property
    def median_ns(self) -> Estimate:
        """Latency of a call."""
        return self.percentiles.p50

    @property
    def p90_ns(self) -> float | None:
        """Over the calls of all rounds; None where they are too few."""
        return self.percentiles.p90


def figures_from(
    series: Sequence[Series],
    setting: Setting,
    percentiles: Percentiles,
    times_faster: Mapping[CallStyle, Estimate],
) -> Figures:
    """The figures of one subject.

    Args:
        series: One a round, at least one.
        setting: Under which they were measured.
        percentiles: Of these series, as ``percentiles_from`` gives them.
        times_faster: As the figures have it.
    """
    settled = [one.is_stable for one in series if one.is_stable is not None]
    return Figures(
        percentiles=percentiles,
        throughput_per_s=_throughput(series, setting, percentiles.p50.value),
        times_faster=times_faster,
        cpu_ns=_median(_by_call(series, [one.cpu_ns for one in series])),
        energy_uj=_median(_by_call(series, [one.energy_uj for one in series])),
        memory_bytes=_median([one.memory_bytes for one in series]),
        stages_ns=_stages(series),
        n_calls=sum(len(one.measurement.latencies_ns) for one in series),
        is_stable=all(settled) if settled else None,
    )


def percentiles_from(series: Sequence[Series], rng: np.random.Generator) -> Percentiles:
    """Those of one subject under one setting.

    Args:
        series: One a round, at least one.
        rng: Draws the resamples.
    """
    rounds = [one.measurement for one in series]
    calls = [one.latencies_ns for one in rounds]
    return Percentiles(
        p50=median_interval(rounds, rng),
        p90=even_percentile(calls, 90),
        p95=even_percentile(calls, 95),
        p99=even_percentile(calls, 99),
    )


def _throughput(series: Sequence[Series], setting: Setting, median_ns: float) -> float:
    walls = [one.wall_ns for one in series if one.wall_ns]
    if setting.phase in (Phase.STEADY, Phase.RAW) or len(walls) < len(series):
        n_samples = setting.amount if setting.phase is Phase.STEADY else 1
        return n_samples * 1e9 / median_ns
    return sum(one.n_calls for one in series) * 1e9 / sum(walls)


def _by_call(series: Sequence[Series], totals: Sequence[int | None]) -> list[float | None]:
    return [
        None if total is None else total / one.n_calls
        for one, total in zip(series, totals, strict=True)
    ]


def _stages(series: Sequence[Series]) -> dict[str, float]:
    names = dict.fromkeys(name for one in series for name in one.stages_ns)
    return {
        name: even_quantile(
            [one.stages_ns[name] for one in series if name in one.stages_ns], 50
        )
        for name in names
    }


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
