"""Whether a sustained run changed, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.course import course_of
from edgesmith_runtime.bench.phases import Series
from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.host import Host


def _series(latencies_ns: NDArray[np.float64], host: Host, seconds: float = 0) -> Series:
    n_calls = len(latencies_ns)
    return Series(
        measurement=Measurement(
            latencies_ns=tuple(latencies_ns.astype(int).tolist()), n_warmup=0, host=host
        ),
        begins_ns=tuple((np.arange(n_calls) * seconds * 1e9 / n_calls).astype(int).tolist())
        if seconds
        else (),
    )


def _steady(n_calls: int, seed: int = 0) -> NDArray[np.float64]:
    return 1e5 * np.exp(np.random.default_rng(seed).normal(0, 0.05, n_calls))


def test_a_slowdown_is_told_with_its_moment(made_up_host: Host) -> None:
    latencies_ns = _steady(1200)
    latencies_ns[400:] *= 1.07

    course = course_of(_series(latencies_ns, made_up_host, 120), np.random.default_rng(0))

    assert course is not None
    assert course.after_s == 40
    assert course.change is not None
    assert course.change.value == pytest.approx(1.07, abs=0.01)
    assert course.last_ns > course.first_ns
    assert str(course).startswith("slower by 7% [")
    assert str(course).endswith("after 40 s")


def test_a_model_may_become_faster(made_up_host: Host) -> None:
    latencies_ns = _steady(1200)
    latencies_ns[600:] *= 0.8

    course = course_of(_series(latencies_ns, made_up_host, 6), np.random.default_rng(0))

    assert str(course).startswith("faster by 20% [19%, 21%] after 3.0 s")


def test_steady_runs_have_no_change(made_up_host: Host) -> None:
    courses = [
        course_of(_series(_steady(600, seed), made_up_host, 60), np.random.default_rng(0))
        for seed in range(20)
    ]

    assert {str(course) for course in courses} == {"no change above 3%"}


def test_a_short_disturbance_is_no_change(made_up_host: Host) -> None:
    latencies_ns = _steady(1200)
    latencies_ns[500:560] *= 5

    course = course_of(_series(latencies_ns, made_up_host, 120), np.random.default_rng(0))

    assert course is not None
    assert course.change is None


def test_without_moments_calls_follow_each_other(made_up_host: Host) -> None:
    latencies_ns = np.full(120, 1e9)
    latencies_ns[60:] *= 2

    course = course_of(_series(latencies_ns, made_up_host), np.random.default_rng(0))

    assert course is not None
    assert course.after_s == 60


def test_too_few_calls_tell_nothing(made_up_host: Host) -> None:
    assert course_of(_series(_steady(59), made_up_host), np.random.default_rng(0)) is None
