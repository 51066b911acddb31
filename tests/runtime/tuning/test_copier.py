"""The process that makes a copy writes it, or says why not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.child import ask
from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.tuning.copier import COPIER
from edgesmith_runtime.tuning.exchange import Question, answer_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.tuned import Setup


@pytest.fixture
def question(
    tiny_bundle: Bundle,
    tiny_bundle_path: Path,
    make_setup: Callable[..., Setup],
    tmp_path: Path,
) -> Question:
    return Question(
        bundle=str(tiny_bundle_path),
        identity=tiny_bundle.identity,
        setup=make_setup(),
        graph_path=str(tmp_path / "copy.onnx"),
        max_seconds=0.001,
        min_calls=1,
        max_calls=1,
    )


def test_it_writes_what_the_engine_can_open_and_says_nothing(
    question: Question, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    said = ask(COPIER, question.to_json(), deadline_s=120)

    graph = (tmp_path / "copy.onnx").read_bytes()
    assert said == ""
    open_runner(tiny_bundle.artifact("model.onnx"), question.setup.settings, graph=graph)


def test_what_it_cannot_copy_is_a_problem(question: Question, tmp_path: Path) -> None:
    asked = dataclasses.replace(question, identity="0" * 64)

    said = ask(COPIER, asked.to_json(), deadline_s=120)

    assert isinstance(said, str)
    answer = answer_from(said)
    assert isinstance(answer, Problem)
    assert answer.reason.endswith("it was replaced meanwhile; tune it again")
    assert not (tmp_path / "copy.onnx").exists()
