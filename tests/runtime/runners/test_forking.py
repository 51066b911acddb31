"""A child of a process that has a model ends, whatever it does with it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.runners.deadlines import Watch
from edgesmith_runtime.runners.forking import leave_behind, tell_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Artifact

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

HANG_S = 60.0

# Its children end as an interpreter does, not by os._exit: that is where engines wait.
FORKS = """
import os, signal, sys, threading, time
import numpy as np
from edgesmith_runtime import Artifact, Format, Precision, Signature, TensorSpec, open_runner

file, when, others = sys.argv[1:]
fmt = Format(file.rpartition(".")[2])
signature = Signature(
    (TensorSpec("features", "float32", ("batch", 4)),),
    (TensorSpec("probabilities", "float32", ("batch", 3)),),
)
artifact = Artifact(file="model", format=fmt, precision=Precision.FLOAT32, version=18,
                    signature=signature, content=open(file, "rb").read())
tensors = {"features": np.ones((10_000, 4), np.float32)}  # enough for several threads
threads = (1, 2, 4, None)
runners = [open_runner(artifact, n_threads=n) for n in threads]
expected = open_runner(artifact, n_threads=1).run(tensors)["probabilities"]
stop = threading.Event()

def answers(runner):
    for _ in range(3):
        assert np.array_equal(runner.run(tensors)["probabilities"], expected)

def run_on(runner):
    while not stop.is_set():
        answers(runner)

if when == "after":
    for runner in runners:
        answers(runner)
busy = [threading.Thread(target=run_on, args=[runner]) for runner in runners[1:3]] * (others == "busy")
for thread in busy:
    thread.start()
endings = []
for act in ("exit", "run", "drop", "fresh"):
    pid = os.fork()
    if pid == 0:
        stop.set()
        if act == "run":
            for runner in runners:
                answers(runner)
        if act == "drop":
            answers(runners[1])
            runners.clear()
        if act == "fresh":
            for n in threads:
                answers(open_runner(artifact, n_threads=n))
        sys.exit(7)
    deadline = time.monotonic() + 60
    while not (ended := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() < deadline:
        time.sleep(0.005)
    endings.append(os.waitstatus_to_exitcode(ended[1]) if ended[0] else "hangs")
    if not ended[0]:
        os.kill(pid, signal.SIGKILL)
stop.set()
for thread in busy:
    thread.join()
for runner in runners:
    answers(runner)
print(*endings)
"""


@pytest.mark.parametrize("others", ["quiet", "busy"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_children_run_and_end(
    artifact: Artifact, tmp_path: Path, when: str, others: str
) -> None:
    file = tmp_path / f"model.{artifact.format}"
    file.write_bytes(artifact.content)

    shown = subprocess.run(
        [sys.executable, "-c", FORKS, str(file), when, others],
        capture_output=True,
        text=True,
        check=True,
        timeout=5 * HANG_S,
    )

    assert shown.stdout.split() == ["7"] * 4


def test_a_grandchild_runs_too(
    artifact: Artifact, fork: Callable[[Callable[[], object]], int]
) -> None:
    runner = open_runner(artifact, n_threads=2)
    features = {"features": np.ones((3, 4), np.float32)}
    expected = runner.run(features)["probabilities"]

    def check() -> None:
        np.testing.assert_array_equal(runner.run(features)["probabilities"], expected)

    def check_in_a_child_too() -> None:
        check()
        assert os.waitpid(fork(check), 0)[1] == 0
        check()

    assert os.waitpid(fork(check_in_a_child_too), 0)[1] == 0
    check()


def test_a_child_has_a_thread_of_its_own_for_timeouts(
    fork: Callable[[Callable[[], object]], int],
) -> None:
    with Watch(time.monotonic() + HANG_S, lambda: None):
        pass

    def check() -> None:
        ended = threading.Event()
        with Watch(time.monotonic() + 0.01, ended.set) as watch:
            assert ended.wait(HANG_S)
            assert watch.has_ended

    assert os.waitpid(fork(check), 0)[1] == 0


class _Noted:
    def __init__(self) -> None:
        self.n_forks = 0

    def after_fork(self) -> None:
        self.n_forks += 1


def test_the_living_are_told_in_the_child_alone(
    fork: Callable[[Callable[[], object]], int],
) -> None:
    noted, gone = _Noted(), _Noted()
    tell_after_fork(noted)
    tell_after_fork(gone)
    was_there = weakref.ref(gone)
    del gone

    def check() -> None:
        assert noted.n_forks == 1

    assert os.waitpid(fork(check), 0)[1] == 0
    assert noted.n_forks == 0
    assert was_there() is None


def test_what_is_left_behind_is_never_ended() -> None:
    ended: list[str] = []
    left, other = _Noted(), _Noted()
    weakref.finalize(left, ended.append, "left").atexit = False
    weakref.finalize(other, ended.append, "other").atexit = False

    leave_behind(left)
    del left, other
    gc.collect()

    assert ended == ["other"]


def test_a_child_that_skips_the_ends_of_libraries_keeps_its_exit_code() -> None:
    code = (
        "import atexit, sys;"
        "from edgesmith_runtime.runners.forking import exit_without_engines;"
        "exit_without_engines(); atexit.register(print, 'python ends'); sys.exit(7)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert shown.returncode == 7
    assert shown.stdout == "python ends\n"


POOLED = """
import os, sys, numpy as np
from edgesmith_runtime import (
    Artifact, BackendError, Format, Precision, Signature, TensorSpec, open_runner,
)
from edgesmith_runtime.settings import Engine, EngineSettings
from edgesmith_runtime.threads import set_thread_budget

set_thread_budget(3)
signature = Signature(
    (TensorSpec("features", "float32", ("batch", 4)),),
    (TensorSpec("probabilities", "float32", ("batch", 3)),),
)
artifact = Artifact(file="model.onnx", format=Format.ONNX, precision=Precision.FLOAT32, version=18,
                    signature=signature, content=open(sys.argv[1], "rb").read())
settings = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=3, is_pooled=True)
runners = [open_runner(artifact, settings) for _ in range(2)]
tensors = {"features": np.ones((50_000, 4), np.float32)}
for runner in runners:
    runner.run(tensors)
pid = os.fork()
if pid == 0:
    try:
        runners[0].run(tensors)
    except BackendError as error:
        print(error)
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_child_of_models_that_share_threads_is_refused_by_name_and_ends(
    tiny_onnx: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(tiny_onnx)

    shown = subprocess.run(
        [sys.executable, "-c", POOLED, str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_S,
    )

    refusal, code = shown.stdout.splitlines()
    assert refusal.startswith("model.onnx: expected a process that was not forked")
    assert "start children by 'spawn'" in refusal
    assert code == "7"


def test_one_that_fails_does_not_keep_the_others(
    fork: Callable[[Callable[[], object]], int],
) -> None:
    class Telling:
        def __init__(self, act: Callable[[], object]) -> None:
            self.told, self.act = 0, act

        def after_fork(self) -> None:
            self.told += 1
            self.act()

    def fail() -> None:
        raise MemoryError

    told = [Telling(act) for act in (lambda: None, fail, lambda: None)]
    for one in told:
        tell_after_fork(one)

    def check() -> None:
        assert [one.told for one in told] == [1, 1, 1]

    assert os.waitpid(fork(check), 0)[1] == 0
