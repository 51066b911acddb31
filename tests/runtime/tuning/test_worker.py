"""One process: the right bundle, the golden samples first, then the clock."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.child import ask
from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, SelfTestError
from edgesmith_runtime.golden import GoldenSamples, golden_files
from edgesmith_runtime.runners.onnx import optimized_graph
from edgesmith_runtime.tuned import GraphCopy
from edgesmith_runtime.tuning.exchange import Question, Timing, answer_from
from edgesmith_runtime.tuning.worker import WORKER, answer_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.tuned import Setup


@pytest.fixture
def question(
    tiny_bundle: Bundle, tiny_bundle_path: Path, make_setup: Callable[..., Setup]
) -> Question:
    return Question(
        bundle=str(tiny_bundle_path),
        identity=tiny_bundle.identity,
        setup=make_setup(),
        max_seconds=0.001,
        min_calls=7,
        max_calls=7,
    )


def test_so_many_calls_are_timed_as_asked_for(question: Question) -> None:
    answer = answer_to(question)

    assert len(answer.latencies_ns) == 7
    assert min(answer.latencies_ns) > 0
    assert answer.load_ns > 0
    assert answer.n_warmup == 10


def test_many_calls_are_warmed_up_for_by_a_tenth_as_many_more(question: Question) -> None:
    answer = answer_to(dataclasses.replace(question, min_calls=50, max_calls=50))

    assert len(answer.latencies_ns) == 50
    assert answer.n_warmup == 10 + 5


def test_a_fresh_process_answers(question: Question) -> None:
    said = ask(WORKER, question.to_json(), deadline_s=120)

    assert isinstance(said, str)
    assert isinstance(answer_from(said), Timing)


def test_the_copy_of_the_graph_is_opened(
    question: Question, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    content = optimized_graph(tiny_bundle.artifact("model.onnx"), question.setup.settings)
    (tmp_path / "copy").write_bytes(content)
    graph = GraphCopy(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    copied = dataclasses.replace(question, graph=graph, graph_path=str(tmp_path / "copy"))

    assert len(answer_to(copied).latencies_ns) == 7

    (tmp_path / "copy").write_bytes(content[:-1])
    with pytest.raises(BundleError, match="expected other bytes"):
        answer_to(copied)


def test_another_bundle_in_its_place_is_refused(question: Question) -> None:
    with pytest.raises(BundleError, match="it was replaced meanwhile; tune it again"):
        answer_to(dataclasses.replace(question, identity="0" * 64))


def test_a_golden_sample_that_is_not_reproduced_is_a_problem(
    question: Question,
    tiny_manifest: Manifest,
    tiny_onnx: bytes,
    tiny_golden: GoldenSamples,
    tmp_path: Path,
) -> None:
    off = {
        "model.onnx": {"probabilities": tiny_golden.outputs["model.onnx"]["probabilities"] + 1}
    }
    golden = dataclasses.replace(tiny_golden, outputs=off)
    bundle = make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(golden)})
    write_bundle(bundle, tmp_path / "off.edge")
    asked = dataclasses.replace(
        question, bundle=str(tmp_path / "off.edge"), identity=bundle.identity
    )

    with pytest.raises(SelfTestError):
        answer_to(asked)

    said = ask(WORKER, asked.to_json(), deadline_s=120)
    assert isinstance(said, str)
    answer = answer_from(said)
    assert isinstance(answer, Problem)
    assert answer.reason.startswith("sample 0, model.onnx, output 'probabilities': largest")
