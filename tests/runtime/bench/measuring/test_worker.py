"""The process of one subject."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.measuring.exchange import Problem, Request
from edgesmith_runtime.bench.measuring.samples import write_tensors
from edgesmith_runtime.bench.measuring.worker import reply_to
from edgesmith_runtime.bench.subject import Round

if TYPE_CHECKING:
    from pathlib import Path


def test_the_reply_has_a_round_of_the_artifact(tiny_request: Request) -> None:
    outcome = reply_to(tiny_request, imported_ns=0).outcomes["model.onnx"]

    assert isinstance(outcome, Round)
    assert set(outcome.steady) == {1, 4}
    assert outcome.load_ns > 0
    assert outcome.peak_memory_bytes


def test_the_worker_prints_the_reply_and_nothing_else(tiny_request: Request) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "edgesmith_runtime.bench.measuring.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stderr is not None
        worker.stdin.write(f"{tiny_request.to_json()}\n")
        worker.stdin.flush()
        reply, complaints = worker.stdout.read(), worker.stderr.read()

    assert set(json.loads(reply)["outcomes"]) == {"model.onnx"}
    assert complaints == ""
    assert worker.returncode == 0


def test_no_artifact_is_measured_beside_a_training_framework(tiny_request: Request) -> None:
    code = (
        "import sys;"
        "from edgesmith_runtime.bench.measuring.exchange import Request;"
        "from edgesmith_runtime.bench.measuring.worker import reply_to;"
        "reply_to(Request.from_json(sys.stdin.read()), imported_ns=0);"
        "print(sorted({'keras', 'tensorflow', 'openvino', 'ai_edge_litert'} & set(sys.modules)))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code],
        input=tiny_request.to_json(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout == "[]\n"


def test_a_wrong_answer_is_a_problem(tiny_request: Request, tmp_path: Path) -> None:
    write_tensors(
        tmp_path / "expected.npz", {"probabilities": np.full((3, 3), 0.5, np.float32)}
    )

    outcome = reply_to(tiny_request, imported_ns=0).outcomes["model.onnx"]

    assert isinstance(outcome, Problem)
    assert outcome.reason.startswith(
        "output 'probabilities' at batch 1: expected 0.5 at (0, 0)"
    )
    assert outcome.reason.endswith("is it the model that the bundle was made from?")


def test_an_error_of_ours_is_a_problem_in_one_line(tiny_request: Request) -> None:
    request = dataclasses.replace(tiny_request, artifact="other.onnx")

    outcome = reply_to(request, imported_ns=0).outcomes["model.onnx"]

    assert outcome == Problem(
        "'other.onnx' is neither a file nor a format of this bundle; it has model.onnx (onnx)"
    )


def test_an_error_of_another_kind_is_named(tiny_request: Request, tmp_path: Path) -> None:
    write_tensors(tmp_path / "inputs.npz", {"features": np.zeros((0, 4), np.float32)})

    outcome = reply_to(tiny_request, imported_ns=0).outcomes["model.onnx"]

    assert isinstance(outcome, Problem)
    assert outcome.reason.startswith("IndexError: cannot do a non-empty take")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the threads of a process")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_artifact_gets_the_threads_of_the_request(
    tiny_request: Request, n_threads: int
) -> None:
    request = dataclasses.replace(tiny_request, n_threads=n_threads)
    code = (
        "import sys, threading, os;"
        "from edgesmith_runtime.bench.measuring.exchange import Request;"
        "from edgesmith_runtime.bench.measuring.artifact_subject import open_artifact;"
        "request = Request.from_json(sys.stdin.read());"
        "import onnxruntime; before = len(os.listdir('/proc/self/task'));"
        "opened = open_artifact(request, 0);"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code],
        input=request.to_json(),
        capture_output=True,
        text=True,
        check=True,
        env={"ORT_DISABLE_TELEMETRY": "1"},
    )

    assert int(ended.stdout) == n_threads - 1
