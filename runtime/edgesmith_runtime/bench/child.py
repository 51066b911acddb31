"""Start the process of one subject, and turn whatever becomes of it into a reply."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.exchange import Problem, Reply
from edgesmith_runtime.bench.timing import least_seconds
from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    from edgesmith_runtime.bench.exchange import Request
    from edgesmith_runtime.host import Host

__all__ = ["WORKER", "ask", "run_child"]

WORKER = "edgesmith_runtime.bench.worker"


def run_child(
    request: Request, *, host: Host, deadline_s: float, worker: str = WORKER
) -> Reply:
    """Measure in a fresh process.

    Args:
        request: What to measure; the start of the process is filled in here.
        host: The machine, for the measurements.
        deadline_s: The process is killed after this many seconds and those that its pauses and
            schedules take.
        worker: The module that it runs.

    Returns:
        What the process says; where it dies, overruns or says nothing, a ``Problem`` for every
        subject that was asked for.
    """
    started = dataclasses.replace(request, spawned_ns=time.perf_counter_ns())
    answer = ask(worker, started.to_json(), deadline_s=deadline_s + _pauses_s(request))
    if isinstance(answer, Problem):
        return _failed(request, answer)
    try:
        return Reply.from_json(answer, host)
    except (json.JSONDecodeError, KeyError, TypeError):
        return _failed(request, Problem(f"expected a reply in JSON, got {answer[:80]!r}"))


def ask(worker: str, question: str, *, deadline_s: float) -> str | Problem:
    """What a fresh process says to a question.

    Args:
        worker: The module that it runs.
        question: Its standard input.
        deadline_s: It is killed after this many seconds.

    Returns:
        Its standard output; a ``Problem`` where it dies or overruns.

    Raises:
        BackendError: There is no interpreter to start a process with.
    """
    if getattr(sys, "frozen", False) or not sys.executable:
        raise BackendError(
            "a measurement needs a Python interpreter for its processes, and this program has "
            "none of its own; measure with edgesmith-runtime where Python is installed"
        )
    try:
        # -P and our own path: the child imports what this process would, and nothing that
        # happens to lie in the current directory.
        ended = subprocess.run(
            [sys.executable, "-P", "-m", worker],
            input=question,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=deadline_s,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        return Problem(f"no answer within {deadline_s:g} s; the process was ended")
    except OSError as error:
        raise BackendError(f"{sys.executable}: cannot be started: {error}") from error
    if ended.returncode != 0:
        return Problem(f"the process ended by {_end(ended.returncode, ended.stderr)}")
    return ended.stdout


def _pauses_s(request: Request) -> float:
    each = sum(least_seconds(setting, request.effort) for setting in request.settings)
    return each * len(request.subjects)


def _failed(request: Request, problem: Problem) -> Reply:
    return Reply(dict.fromkeys(request.subjects, problem))


def _end(returncode: int, stderr: str) -> str:
    if returncode < 0:
        try:
            return f"signal {-returncode} ({signal.Signals(-returncode).name})"
        except ValueError:  # a real-time signal has no name
            return f"signal {-returncode}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f"exit code {returncode}" + (f": {lines[-1]}" if lines else "")
