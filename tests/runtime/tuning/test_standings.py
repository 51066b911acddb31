"""What was found, for people and for scripts."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.tuned import Choice
from edgesmith_runtime.tuning.standings import Doubt, Standing, Tuning

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.tuned import Setup


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value * 0.9, high=value * 1.1)


@pytest.fixture
def made_up(make_setup: Callable[..., Setup]) -> Tuning:
    default, other = make_setup(n_threads=2), make_setup("openvino")
    return Tuning(
        bundle="tiny",
        identity="1f",
        host=this_host(),
        standings=(
            Standing(
                name=str(default),
                setup=default,
                n_rounds=5,
                median_ns=estimate(20_000),
                ratio=estimate(1.0),
            ),
            Standing(name="model.tflite", out="it gives other tensors"),
            Standing(
                name=str(other),
                setup=other,
                n_rounds=5,
                median_ns=estimate(10_000),
                ratio=estimate(0.5),
            ),
        ),
        choice=Choice(setup=other, reason="takes 0.50 of the time"),
        copy=None,
        seconds=3.0,
        recorded="somewhere.json",
    )


def test_the_table_has_the_fastest_first_and_every_reason(made_up: Tuning) -> None:
    assert made_up.table() == [
        ("setup", "median us [95 %]", "of default [95 %]", ""),
        (
            "model.onnx with openvino, 1 thread",
            "10.0 [9.0, 11.0]",
            "0.50 [0.45, 0.55]",
            "chosen",
        ),
        (
            "model.onnx with onnxruntime, 2 threads that spin, blocked layout",
            "20.0 [18.0, 22.0]",
            "1.00 [0.90, 1.10]",
            "",
        ),
        ("model.tflite", "", "", "it gives other tensors"),
    ]


def test_json_has_every_standing_and_the_choice(made_up: Tuning) -> None:
    members = json.loads(json.dumps(made_up.to_json()))

    assert [one["name"] for one in members["standings"]] == [
        one.name for one in made_up.standings
    ]
    assert members["choice"]["setup"]["settings"]["engine"] == "openvino"
    assert members["standings"][1]["median_ns"] is None


def test_a_doubt_says_who_is_in_it_and_what_budget_would_do(made_up: Tuning) -> None:
    doubt = Doubt(rivals=("a", "b"), untimed=("c",), enough_s=45.0)

    assert str(doubt).splitlines() == [
        "not told apart from it: a; b",
        "not measured to the end for want of time: c",
        "the budget was too short for that; about 45 s would do",
    ]
    members = json.loads(json.dumps(dataclasses.replace(made_up, doubt=doubt).to_json()))
    assert members["doubt"] == {"rivals": ["a", "b"], "untimed": ["c"], "enough_s": 45.0}
    assert json.loads(json.dumps(made_up.to_json()))["doubt"] is None


def test_a_doubt_that_rounds_did_not_settle_asks_for_no_budget() -> None:
    doubt = Doubt(rivals=("a",), untimed=(), enough_s=None)

    assert str(doubt).splitlines() == [
        "not told apart from it: a",
        "more rounds would hardly tell; is the host busy?",
    ]
