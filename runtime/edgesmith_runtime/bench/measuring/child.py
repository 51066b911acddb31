"""Start the process of one subject, and turn whatever becomes of it into a reply."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.exchange import Problem, Reply
from edgesmith_runtime.bench.measuring.timing import least_seconds
from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    from edgesmith_runtime.bench.measuring.exchange import Request
    from edgesmith_runtime.host import Host

__all__ = ["WORKER", "ask", "run_child"]

WORKER = "edgesmith_runtime.bench.measuring.worker"


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
        worker: The module that it runs; it takes the question by ``read_question``, and so ends
            with this process also where nothing here can end it.
        question: One line.
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
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError as error:
        raise BackendError(f"{sys.executable}: cannot be started: {error}") from error
    try:
        stdout, stderr = _talk(child, question, deadline_s)
    except subprocess.TimeoutExpired:
        return Problem(f"no answer within {deadline_s:g} s; the process was ended")
    if child.returncode != 0:
        return Problem(f"the process ended by {_end(child.returncode, stderr)}")
    return stdout


def _talk(child: subprocess.Popen[str], question: str, deadline_s: float) -> tuple[str, str]:
    """What a child prints and complains of; afterwards it has ended, whatever happened."""
    # Taken from the child, since ``communicate`` would close it: its end tells the child that
    # its parent is gone.
    lifeline, child.stdin = child.stdin, None
    with child:
        try:
            if lifeline is not None:
                with suppress(OSError):  # it died before it read; its exit code says how
                    lifeline.write(f"{question}\n")
                    lifeline.flush()
            return child.communicate(timeout=deadline_s)
        finally:
            child.kill()
            if lifeline is not None:
                with suppress(OSError):  # of a question that the child did not live to read
                    lifeline.close()


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
