"""The value of a metric, and the values of its rounds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.regression.limits import Metric
from edgesmith_runtime.bench.regression.readings import reading, values_by_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.subject import Subject

STEADY = Setting(Phase.STEADY)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Metric.IMPORT, 65_002_000),
        (Metric.LOAD, 6_002_000),
        (Metric.FIRST_CALL, 200_000),
        (Metric.MEMORY, 57_000_000),
        (Metric.SIZE, 81_234),
    ],
)
def test_what_a_process_has_once_is_the_median_of_its_rounds(
    scattered_subject: Callable[..., Subject], metric: Metric, expected: float
) -> None:
    assert reading(metric, scattered_subject(100.0), None) == expected


def test_the_median_is_over_rounds_and_the_tail_over_calls(
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0)
    rounds = [one.latencies_ns for one in subject.measurements(STEADY)]

    assert reading(Metric.P50, subject, STEADY) == np.median([np.median(one) for one in rounds])
    assert reading(Metric.P95, subject, STEADY) == pytest.approx(
        np.percentile(np.concatenate(rounds), 95)
    )
    assert reading(Metric.CPU, subject, STEADY) == pytest.approx(120_000, rel=0.05)


def test_what_is_not_known_or_not_measured_is_none(
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0, n_calls=40)
    first = dataclasses.replace(subject.rounds[0], peak_memory_bytes=None)
    mute = dataclasses.replace(subject, rounds=(first,))

    assert reading(Metric.P99, subject, STEADY) is None
    assert reading(Metric.P50, subject, Setting(Phase.RAW)) is None
    assert reading(Metric.CPU, subject, None) is None
    assert reading(Metric.MEMORY, mute, None) is None


def test_values_are_one_a_round_and_zero_is_not_known(
    scattered_subject: Callable[..., Subject],
) -> None:
    subject = scattered_subject(100.0)
    first = dataclasses.replace(subject.rounds[0], load_ns=0)
    changed = dataclasses.replace(subject, rounds=(first, *subject.rounds[1:]))

    assert len(values_by_round(Metric.LOAD, subject, None)) == 5
    assert len(values_by_round(Metric.LOAD, changed, None)) == 4
    assert values_by_round(Metric.P50, subject, STEADY) == []
