"""What a comparison spends, and what it cannot."""

from __future__ import annotations

import dataclasses

import pytest

from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.plan import Plan


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("n_rounds", 0, "n_rounds: expected at least 1, got 0"),
        ("min_calls", 0, "min_calls: expected at least 1, got 0"),
        ("n_threads", 0, "n_threads: expected at least 1 or None, got 0"),
        ("max_calls", 29, "max_calls: expected at least min_calls = 30, got 29"),
        ("batches", (), r"batches: expected different sizes from 1, got \(\)"),
        ("batches", (1, 0), r"batches: expected different sizes from 1, got \(1, 0\)"),
        ("batches", (4, 4), r"batches: expected different sizes from 1, got \(4, 4\)"),
        ("max_seconds", 0.0, "max_seconds: expected more than 0, got 0.0"),
        ("deadline_s", -1.0, "deadline_s: expected more than 0, got -1.0"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(key: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Plan(), **{key: value})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("n_idle_calls", 0, "n_idle_calls: expected at least 1, got 0"),
        ("sustained_s", 0.0, "sustained_s: expected more than 0, got 0.0"),
        ("idle_s", (1.0, 0.0), r"idle_s: expected different numbers above 0, got \(1.0, 0.0\)"),
        ("rates_hz", (), r"rates_hz: expected different numbers above 0, got \(\)"),
        ("callers", (0,), r"callers: expected different sizes from 1, got \(0,\)"),
        ("phases", (Phase.RAW, Phase.RAW), "phases: expected each once, got raw, raw"),
    ],
)
def test_a_phase_that_cannot_be_measured_is_refused(
    key: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Plan(), **{key: value})


def test_a_plan_has_a_setting_for_each_amount_of_each_phase() -> None:
    plan = Plan(
        phases=(Phase.IDLE, Phase.STEADY, Phase.SUSTAINED), batches=(1, 8), idle_s=(0.5,)
    )

    assert [setting.key for setting in plan.settings()] == [
        "idle:0.5",
        "steady:1",
        "steady:8",
        "sustained:120",
    ]
