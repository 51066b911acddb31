"""Whatever becomes of a process, there is a reply."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.child import run_child
from edgesmith_runtime.bench.measuring.exchange import Problem, Request
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import CallStyle, Round, SubjectKind
from edgesmith_runtime.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith_runtime.host import Host

DEADLINE_S = 120

PARENT = """
import sys
from edgesmith_runtime.bench.measuring.child import ask

print(ask("other_worker", sys.argv[1], deadline_s=600))
"""

# A worker that says on a connection, which lasts as long as itself, that its calls have begun.
TELLING = """
import dataclasses
import os
import socket

from edgesmith_runtime.bench.measuring.worker import main
from edgesmith_runtime.lifeline import read_question

connection = socket.create_connection(("127.0.0.1", {port}))
unsaid = [str(os.getpid()).encode()]


def telling(lane):
    def call(given):
        while unsaid:
            connection.sendall(unsaid.pop())
        return lane.call(given)

    return dataclasses.replace(lane, call=call)


if __name__ == "__main__":
    main(read_question(), telling)
"""


@pytest.fixture
def other_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The module ``other_worker``, to run in the worker's place; write its code here."""
    folder = tmp_path / "importable"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder / "other_worker.py"


def test_a_round_in_a_fresh_process(tiny_request: Request, made_up_host: Host) -> None:
    reply = run_child(tiny_request, host=made_up_host, deadline_s=120)

    outcome = reply.outcomes["model.onnx"]
    assert isinstance(outcome, Round)
    assert outcome.steady[1].host == made_up_host
    assert outcome.import_ns > 1_000_000


def test_a_process_beyond_its_deadline_is_ended(
    tiny_request: Request, made_up_host: Host
) -> None:
    reply = run_child(tiny_request, host=made_up_host, deadline_s=0.01)

    assert reply.outcomes == {
        "model.onnx": Problem("no answer within 0.01 s; the process was ended")
    }


def test_the_pauses_of_its_phases_are_not_part_of_the_deadline(
    tiny_request: Request, made_up_host: Host, other_worker: Path
) -> None:
    other_worker.write_text("import time; time.sleep(60)")
    request = dataclasses.replace(
        tiny_request,
        kind=SubjectKind.KERAS,
        styles=(CallStyle.CALL, CallStyle.PREDICT),
        settings=(Setting(Phase.STEADY, 1), Setting(Phase.IDLE, 0.01)),
    )

    reply = run_child(request, host=made_up_host, deadline_s=0.01, worker="other_worker")

    # two pauses for each of the two styles
    assert reply.outcomes["call"] == Problem("no answer within 0.05 s; the process was ended")


def test_a_killed_process_is_a_problem_of_all_its_subjects(
    tiny_request: Request, made_up_host: Host, other_worker: Path
) -> None:
    other_worker.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    request = dataclasses.replace(
        tiny_request, kind=SubjectKind.KERAS, styles=(CallStyle.CALL, CallStyle.PREDICT)
    )

    reply = run_child(request, host=made_up_host, deadline_s=120, worker="other_worker")

    problem = Problem("the process ended by signal 11 (SIGSEGV)")
    assert reply.outcomes == {"call": problem, "predict": problem}


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="no real-time signals")
def test_a_signal_without_a_name_is_told_by_its_number(
    tiny_request: Request, made_up_host: Host, other_worker: Path
) -> None:
    other_worker.write_text("import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 3)")

    reply = run_child(tiny_request, host=made_up_host, deadline_s=120, worker="other_worker")

    number = signal.SIGRTMIN + 3
    problem = Problem(f"the process ended by signal {number}")
    assert reply.outcomes == {"model.onnx": problem}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("frozen", True, "needs a Python interpreter for its processes, and this program has"),
        (
            "executable",
            "",
            "needs a Python interpreter for its processes, and this program has",
        ),
        ("executable", "/no/python", "/no/python: cannot be started: .*No such file"),
    ],
    ids=["frozen", "none", "absent"],
)
def test_without_an_interpreter_nothing_is_started(
    tiny_request: Request,
    made_up_host: Host,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: object,
    said: str,
) -> None:
    monkeypatch.setattr(sys, name, value, raising=False)

    with pytest.raises(BackendError, match=said):
        run_child(tiny_request, host=made_up_host, deadline_s=120)


def test_a_failed_process_is_quoted(
    tiny_request: Request, made_up_host: Host, other_worker: Path
) -> None:
    other_worker.write_text("raise OSError('no room')")

    reply = run_child(tiny_request, host=made_up_host, deadline_s=120, worker="other_worker")

    assert reply.outcomes["model.onnx"] == Problem(
        "the process ended by exit code 1: OSError: no room"
    )


@pytest.mark.parametrize("said", ["", "Hello", "{}"])
def test_an_answer_that_is_no_reply_is_a_problem(
    tiny_request: Request, made_up_host: Host, other_worker: Path, said: str
) -> None:
    other_worker.write_text(f"print({said!r}, end='')")

    reply = run_child(tiny_request, host=made_up_host, deadline_s=120, worker="other_worker")

    assert reply.outcomes["model.onnx"] == Problem(f"expected a reply in JSON, got {said!r}")


def test_the_current_directory_is_not_imported_from(
    tiny_request: Request, made_up_host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise OSError('a file that happens to be here')")
    monkeypatch.chdir(tmp_path)

    reply = run_child(tiny_request, host=made_up_host, deadline_s=120)

    assert isinstance(reply.outcomes["model.onnx"], Round)


def test_a_process_does_not_outlive_a_parent_that_was_killed(
    tiny_request: Request, other_worker: Path
) -> None:
    minutes = dataclasses.replace(tiny_request, settings=(Setting(Phase.SUSTAINED, 600),))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        other_worker.write_text(TELLING.format(port=server.getsockname()[1]))
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, minutes.to_json()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            connection, _ = server.accept()
            connection.settimeout(DEADLINE_S)
            pid = int(connection.recv(100))
        finally:
            parent.kill()
            parent.wait()

    with connection:
        try:
            assert connection.recv(100) == b""  # the system closed it, as the process is gone
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise
