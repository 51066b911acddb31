"""What crosses the pipe comes out as it went in, or as a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.settings import Layout
from edgesmith_runtime.tuned import GraphCopy
from edgesmith_runtime.tuning.exchange import Question, Timing, answer_from, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.tuned import Setup


@pytest.mark.parametrize("graph", [None, GraphCopy(sha256="ab" * 32, size_bytes=3)], ids=bool)
def test_a_question_comes_back_whole(
    make_setup: Callable[..., Setup], graph: GraphCopy | None
) -> None:
    question = Question(
        bundle="a.edge",
        identity="1f",
        setup=make_setup(n_threads=2, layout=Layout.PLAIN),
        graph=graph,
        graph_path=graph and "a.onnx",
        max_seconds=0.5,
        min_calls=1,
        max_calls=2,
    )

    assert Question.from_json(question.to_json()) == question


@pytest.mark.parametrize(
    "answer",
    [Timing(latencies_ns=(3, 4), n_warmup=1, load_ns=9), Problem("no")],
    ids=["timing", "problem"],
)
def test_an_answer_comes_back_whole(answer: Timing | Problem) -> None:
    assert answer_from(answer_json(answer)) == answer


@pytest.mark.parametrize("said", ["", "hello", "[]", "{}", '{"latencies_ns": 3}'])
def test_what_is_no_answer_is_a_problem(said: str) -> None:
    assert answer_from(said) == Problem(f"expected an answer in JSON, got {said!r}")
