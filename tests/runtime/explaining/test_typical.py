"""The typical calls are those in the middle; a pause is long beside a call."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.explaining.typical import near, pauses_ns, typical_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.recorded import Recording


@pytest.mark.parametrize(
    ("n_calls", "percent", "places"),
    [(1, 50, [0]), (1, 90, [0]), (10, 50, [4, 5]), (100, 90, list(range(85, 95)))],
)
def test_calls_near_a_percentile_are_chosen_by_rank(
    n_calls: int, percent: int, places: list[int]
) -> None:
    total_ns = np.arange(n_calls) ** 2

    assert near(total_ns, percent).tolist() == places


def test_stages_of_the_typical_call_add_up(app: Callable[..., Recording]) -> None:
    rng = np.random.default_rng(3)
    recording = app(decode_us=rng.gamma(2, 400, 200), infer_us=rng.gamma(2, 400, 200))

    typical = typical_calls(recording, np.ones(200, np.bool_))

    assert typical.total_ns == pytest.approx(float(np.median(recording.total_ns)), rel=0.05)


def test_a_pause_is_where_no_call_is_under_way(app: Callable[..., Recording]) -> None:
    recording = app(pause_us=np.where(np.arange(200) == 1, 5_000.0, 0.0))

    assert pauses_ns(recording)[:3].tolist() == [-1, 5_000_000, 0]


def test_the_pause_before_a_burst_is_not_known(app: Callable[..., Recording]) -> None:
    recording = app(pause_us=50_000.0, every=4)
    bursts = np.arange(200) // 32
    seen = dataclasses.replace(recording, bursts=bursts)

    pauses = pauses_ns(seen)

    assert pauses[[0, 32, 64]].tolist() == [-1, -1, -1]
    assert set(np.delete(pauses, np.arange(0, 200, 32)).tolist()) == {50_000_000}
    typical = typical_calls(seen, np.ones(200, np.bool_))
    assert typical.pause_ns == 50_000_000
    assert typical.after_pause_ns is None  # no call was seen back to back


@pytest.mark.parametrize(
    ("call_us", "pause_us", "is_after_pause"),
    [(1_000, 1_100, True), (1_000, 900, False), (240, 2_000, True), (2, 10, False)],
)
def test_a_pause_is_long_beside_the_call(
    app: Callable[..., Recording], call_us: float, pause_us: float, *, is_after_pause: bool
) -> None:
    recording = app(is_raw=False, infer_us=call_us, pause_us=pause_us)

    typical = typical_calls(recording, np.ones(200, np.bool_))

    assert typical.is_after_pause is is_after_pause


def test_processor_time_that_was_read_counts_of_slow_runs_too(
    app: Callable[..., Recording],
) -> None:
    every = np.ones(200, np.bool_)
    slow = np.arange(200) % 5 == 0
    infer_us = np.where(slow, 50_000.0, 5_000.0)

    busy = typical_calls(app(is_raw=False, infer_us=infer_us), every, percent=90)
    waited = typical_calls(
        app(is_raw=False, infer_us=infer_us, cpu_us=5_000.0), every, percent=90
    )

    assert busy.waiting_ns == 0
    assert waited.waiting_ns == pytest.approx(45_000_000)


def test_of_calls_that_wait_or_do_not_the_mean_waits(app: Callable[..., Recording]) -> None:
    waits = np.arange(200) % 5 < 2

    typical = typical_calls(
        app(decode_us=5_400.0, cpu_us=np.where(waits, 1_000.0, 6_000.0)), np.ones(200, np.bool_)
    )

    assert typical.waiting_ns == pytest.approx(0.4 * 5_000_000, rel=0.2)
