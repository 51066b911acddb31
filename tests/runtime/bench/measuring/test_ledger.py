"""What stays of a subject whose processes did not all end well."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.exchange import Problem, Reply
from edgesmith_runtime.bench.measuring.ledger import Ledger
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.rounds import Job, measured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bench.plan import Plan
    from edgesmith_runtime.bench.subject import Round

STEADY, HEAT = Setting(Phase.STEADY, 1), Setting(Phase.SUSTAINED, 120)

# A worker that dies where it is asked for the sustained phase.
HEAT_STROKE = """
import sys

from edgesmith_runtime.bench.measuring.worker import main
from edgesmith_runtime.lifeline import read_question

if __name__ == "__main__":
    text = read_question()
    if '"sustained:' in text:
        sys.exit("too hot")
    main(text)
"""


@pytest.fixture
def reply(made_up_round: Callable[[int], Round]) -> Reply:
    return Reply({"model.onnx": made_up_round(1000)}, {"engine": "1.0"})


def _failed(reason: str) -> Reply:
    return Reply({"model.onnx": Problem(reason)})


def test_a_failure_in_the_first_round_is_the_subjects() -> None:
    ledger = Ledger()

    ledger.enter(_failed("no room"), (STEADY, HEAT), 0)

    assert ledger.problems == {"model.onnx": "no room"}
    assert ledger.rounds == {}
    assert ledger.left(["model.onnx", "second.onnx"]) == ["second.onnx"]


def test_a_failure_in_a_later_round_is_the_settings_and_the_others_stay(reply: Reply) -> None:
    ledger = Ledger()
    ledger.enter(reply, (STEADY, HEAT), 0)

    ledger.enter(_failed("no room"), (STEADY, HEAT), 1)

    (kept,) = ledger.rounds["model.onnx"]
    reason = "from round 2 on: no room"
    assert kept.failures == {STEADY: reason, HEAT: reason}
    assert STEADY in kept.series
    assert ledger.problems == {}
    assert ledger.left(["model.onnx"]) == []
    assert ledger.versions == {"engine": "1.0"}


def test_a_failure_in_the_heat_is_that_of_its_setting_alone(reply: Reply) -> None:
    ledger = Ledger()
    ledger.enter(reply, (STEADY, HEAT), 0)
    ledger.enter(reply, (STEADY, HEAT), 1)

    ledger.enter_series(_failed("too hot"), (HEAT,))

    first, second = ledger.rounds["model.onnx"]
    assert {**first.failures, **second.failures} == {HEAT: "too hot"}
    assert ledger.problems == {}


def test_series_of_the_heat_stand_in_the_first_round(
    reply: Reply, made_up_round: Callable[[int], Round]
) -> None:
    ledger = Ledger()
    ledger.enter(reply, (), 0)
    heat = made_up_round(2000)

    ledger.enter_series(Reply({"model.onnx": heat}), (HEAT,))

    (round_,) = ledger.rounds["model.onnx"]
    assert round_.series == heat.series


def test_a_failure_in_the_heat_leaves_the_rounds_before_it(
    tiny_bundle_path: Path,
    quick_plan: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "heat_stroke.py").write_text(HEAT_STROKE)
    monkeypatch.syspath_prepend(tmp_path)
    plan = dataclasses.replace(
        quick_plan, phases=(Phase.STEADY, Phase.SUSTAINED), batches=(1,), sustained_s=0.01
    )

    comparison = measured(Job(bundle=tiny_bundle_path, plan=plan), worker="heat_stroke")

    subject = comparison.subject("model.onnx")
    assert subject.problem is None
    assert len(subject.steady(1)) == 2
    assert subject.failures == {
        Setting(Phase.SUSTAINED, 0.01): "the process ended by exit code 1: too hot"
    }
