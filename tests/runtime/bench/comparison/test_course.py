"""Whether a sustained run changed, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.comparison.course import course_of
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


# Seconds at latencies in ms, one after the other, and the moment of the change.
@pytest.mark.parametrize(
    ("pieces", "slower_by", "after_s"),
    [
        ([(84, 10), (36, 50)], 4.0, 84),
        ([(84, 10), (36, 20)], 1.0, 84),
        ([(100, 10), (60, 30)], 2.0, 100),
        ([(20, 10), (300, 30)], 2.0, 20),
        ([(4, 10), (116, 11.5)], 0.15, None),
    ],
    ids=["throttled 5x", "throttled 2x", "late", "turbo", "too short to tell"],
)
def test_windows_are_equally_long_in_time(
    made_up_host: Host,
    pieces: list[tuple[float, float]],
    slower_by: float,
    after_s: float | None,
) -> None:
    calls = [np.full(round(1000 * seconds / ms), ms * 1e6) for seconds, ms in pieces]
    latencies_ns = np.concatenate(calls)
    latencies_ns *= np.random.default_rng(0).normal(1, 0.01, len(latencies_ns))
    window_s = sum(seconds for seconds, _ in pieces) / 30

    course = course_of(_series(latencies_ns, made_up_host), np.random.default_rng(0))

    assert course is not None
    if after_s is None:
        assert str(course) == "no change above 3% found"
        return
    assert course.change is not None
    assert course.change.value == pytest.approx(1 + slower_by, rel=0.01)
    assert course.after_s == pytest.approx(after_s, abs=window_s)
    assert course.first_ns == pytest.approx(1e7, rel=0.01)
    assert course.last_ns == pytest.approx(1e7 * (1 + slower_by), rel=0.01)


@pytest.mark.parametrize(("last", "word"), [(1.10, "slower by 10%"), (0.85, "faster by 15%")])
def test_a_drift_has_no_moment(made_up_host: Host, last: float, word: str) -> None:
    rng = np.random.default_rng(0)
    latencies_ns = 1e7 * np.geomspace(1, last, 12_000) * rng.normal(1, 0.01, 12_000)

    course = course_of(_series(latencies_ns, made_up_host), np.random.default_rng(0))

    assert course is not None
    assert course.after_s is None
    assert str(course).startswith(f"{word} [")
    assert str(course).endswith("] bit by bit")


def test_a_drift_below_the_limit_is_none(made_up_host: Host) -> None:
    latencies_ns = _steady(12_000) * np.linspace(1, 1.02, 12_000)

    course = course_of(_series(latencies_ns, made_up_host), np.random.default_rng(0))

    assert str(course) == "no change above 3% found"


def test_a_machine_that_wanders_has_seldom_changed_for_good(made_up_host: Host) -> None:
    def has_changed(seed: int) -> bool:
        rng, at = np.random.default_rng(seed), 0.0
        pieces: list[NDArray[np.float64]] = []
        for _ in range(12):
            pieces.append(1e7 * np.exp(at) * rng.normal(1, 0.01, 1000))
            at = 0.8 * at + rng.normal(0, 0.02)
        series = _series(np.concatenate(pieces), made_up_host)
        course = course_of(series, np.random.default_rng(0))
        return course is not None and course.change is not None

    assert sum(map(has_changed, range(50))) <= 10


def test_windows_without_a_call_are_left_out(made_up_host: Host) -> None:
    latencies_ns = _steady(120)
    latencies_ns[60] = latencies_ns[:60].sum()  # stood still for a third of the run

    course = course_of(_series(latencies_ns, made_up_host), np.random.default_rng(0))

    assert str(course) == "no change above 3% found"


def test_a_run_that_stood_still_for_nearly_all_of_it_has_no_change(
    made_up_host: Host,
) -> None:
    latencies_ns = np.full(60, 1e5)
    latencies_ns[30] = 1e12

    course = course_of(_series(latencies_ns, made_up_host), np.random.default_rng(0))

    assert str(course) == "no change above 3% found"


def test_steady_runs_have_no_change(made_up_host: Host) -> None:
    courses = [
        course_of(_series(_steady(600, seed), made_up_host, 60), np.random.default_rng(0))
        for seed in range(20)
    ]

    assert {str(course) for course in courses} == {"no change above 3% found"}


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
