"""The process that has onnxruntime write its optimised copy of a graph."""

from __future__ import annotations

from pathlib import Path

from edgesmith_runtime.bench.measuring.beginning import own_stdout
from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.lifeline import read_question
from edgesmith_runtime.tuning.exchange import Question, answer_json
from edgesmith_runtime.tuning.worker import open_bundle

__all__ = ["COPIER", "main"]

COPIER = "edgesmith_runtime.tuning.copier"


def main() -> None:
    """Write the copy that a question is about to its ``graph_path``; say nothing but a problem."""
    stdout = own_stdout()
    question = Question.from_json(read_question())
    try:
        _write(question)
    except Exception as error:  # noqa: BLE001 - the end of the process: engines raise anything
        stdout.write(answer_json(Problem.of(error, question.setup.file)))
    stdout.close()


def _write(question: Question) -> None:
    # Here, so that what is wrong with the engine is an answer too.
    from edgesmith_runtime.runners.onnx import optimized_graph

    artifact = open_bundle(question).artifact(question.setup.file)
    if question.graph_path is None:
        raise ValueError("expected a place for the copy, got none")
    Path(question.graph_path).write_bytes(optimized_graph(artifact, question.setup.settings))


if __name__ == "__main__":
    main()
