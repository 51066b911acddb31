"""What one subject of a document came to by a metric: a value, and the values of its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import numpy as np

from edgesmith_runtime.bench.regression.limits import Metric
from edgesmith_runtime.latency import even_percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.bench.subject import Subject

__all__ = ["reading", "values_by_round"]


def reading(metric: Metric, subject: Subject, setting: Setting | None) -> float | None:
    """The value of a metric in ns or bytes; None where it is not known or not supported.

    Args:
        metric: Which.
        subject: Of what.
        setting: Under which, for a metric that has settings.
    """
    if metric.percent is None:
        values = values_by_round(metric, subject, setting)
        return float(np.median(values)) if values else None
    rounds = [] if setting is None else subject.measurements(setting)
    if not rounds:
        return None
    if metric is Metric.P50:
        return float(np.median([item.median_ns for item in rounds]))
    return even_percentile([item.latencies_ns for item in rounds], metric.percent)


def values_by_round(metric: Metric, subject: Subject, setting: Setting | None) -> list[float]:
    """One a round, above 0; empty for percentiles and where nothing is known.

    Args:
        metric: Which; the size is there once.
        subject: Of what.
        setting: CPU: under which.
    """
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
