"""The process of one setup: open it, replay the golden samples, time calls on the first of them."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.beginning import own_stdout
from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.golden import read_golden
from edgesmith_runtime.latency import measure
from edgesmith_runtime.lifeline import read_question
from edgesmith_runtime.model import Model
from edgesmith_runtime.program import program_before
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import runner_of
from edgesmith_runtime.tuned import verified_graph
from edgesmith_runtime.tuning.exchange import Question, Timing, answer_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact, Bundle
    from edgesmith_runtime.runners import Runner

__all__ = ["WORKER", "answer_to", "main", "open_bundle"]

WORKER = "edgesmith_runtime.tuning.worker"

MOST_WARMUP = 10
MIN_WARMUP = 3
WARM_NS = 50e6  # of calls is enough: ten of a slow net would cost more than its rounds


def main() -> None:
    """Answer one question."""
    stdout = own_stdout()
    question = Question.from_json(read_question())
    try:
        answer: Timing | Problem = answer_to(question)
    except Exception as error:  # noqa: BLE001 - the end of the process: engines raise anything
        answer = Problem.of(error, question.setup.file)
    stdout.write(answer_json(answer))
    stdout.close()


def answer_to(question: Question) -> Timing:
    """Measure one setup.

    Raises:
        EdgesmithError: It cannot be opened, or a golden sample is not reproduced.
        ImportError: Its engine is not installed.
    """
    bundle = open_bundle(question)
    settings = question.setup.settings
    import_module(runner_of(settings.engine))  # before the clock
    artifact = bundle.artifact(question.setup.file)
    start_ns = time.perf_counter_ns()
    runner = _opened(artifact, question)
    load_ns = time.perf_counter_ns() - start_ns
    entry = bundle.manifest.artifact(artifact.file)
    model = Model(bundle, program_before(bundle, entry), runner)
    model.selftest()
    golden = read_golden(bundle)
    tensors = {
        spec.name: golden.tensors[spec.name][:1].copy() for spec in entry.signature.inputs
    }

    def call() -> object:
        return model.run(tensors)

    warmup_ns = _warm_up(call)
    fitting = question.max_seconds * 1e9 / max(warmup_ns[len(warmup_ns) // 2], 1)
    n_calls = int(min(max(fitting, question.min_calls), question.max_calls))
    measurement = measure(call, n_warmup=n_calls // 10, n_calls=n_calls)
    return Timing(
        latencies_ns=measurement.latencies_ns,
        n_warmup=len(warmup_ns) + measurement.n_warmup,
        load_ns=load_ns,
    )


def _warm_up(call: Callable[[], object]) -> list[int]:
    """Latencies, the quickest first: that one says when it is enough, because a stall warms nothing."""
    latencies_ns: list[int] = []
    while len(latencies_ns) < MIN_WARMUP or (
        len(latencies_ns) < MOST_WARMUP and len(latencies_ns) * latencies_ns[0] < WARM_NS
    ):
        start_ns = time.perf_counter_ns()
        call()
        latencies_ns.append(time.perf_counter_ns() - start_ns)
        latencies_ns.sort()
    return latencies_ns


def open_bundle(question: Question) -> Bundle:
    """The bundle that a question is about.

    Raises:
        BundleError: Another one is in its place, or it cannot be read.
    """
    bundle = read_bundle(question.bundle)
    if bundle.identity != question.identity:
        raise BundleError(f"{question.bundle}: it was replaced meanwhile; tune it again")
    return bundle


def _opened(artifact: Artifact, question: Question) -> Runner:
    settings = question.setup.settings
    if question.graph is None or question.graph_path is None:
        return open_runner(artifact, settings)
    graph = verified_graph(Path(question.graph_path), question.graph)
    return open_runner(artifact, settings, graph=graph)


if __name__ == "__main__":
    main()
