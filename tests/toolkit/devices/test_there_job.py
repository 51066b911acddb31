"""A job on a device, in a program that is started here as it is there."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENDLESS = """
import os, subprocess
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, start_new_session={leaves})
print(os.getpid(), child.pid, flush=True)
child.wait()
"""
STRAY = """
import subprocess
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
print(0, child.pid)
print("no newline", end="")
"""
HANG_S = 60.0
PROGRAM = """
import os
with session_folder({base!r}) as place:
    (place.session / "inputs").mkdir()
    code = run_job(Wire(""), ["-c", {job!r}], dict(os.environ), place)
    Wire("").say(event="code", line=code)
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "base"


@contextmanager
def _running(
    alone: list[str], base: Path, job: str
) -> Iterator[tuple[Any, list[psutil.Process]]]:
    """Our program, and the processes that the job tells of; none is left."""
    program = PROGRAM.format(base=str(base), job=job)
    told: list[psutil.Process] = []
    with subprocess.Popen(
        [*alone, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ours:
        assert ours.stdout is not None
        try:
            pids = json.loads(ours.stdout.readline())["line"].split()
            told = [psutil.Process(int(pid)) for pid in pids if int(pid)]
            yield ours, told
        finally:
            for process in (ours, *told):
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def _soon(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + HANG_S
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_so()


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_process_that_holds_the_output_open_does_not_hold_the_visit(
    alone: list[str], base: Path
) -> None:
    with _running(alone, base, STRAY) as (ours, (stray,)):
        rest = [json.loads(line) for line in ours.stdout]

        assert not _has_ended(stray)
    assert [one["line"] for one in rest] == ["no newline", 0]
    assert not base.exists()


def test_where_our_program_is_killed_the_job_ends_and_its_folder_goes(
    alone: list[str], base: Path
) -> None:
    with _running(alone, base, ENDLESS.format(leaves=False)) as (ours, (job, child)):
        ours.kill()

        assert _soon(lambda: _has_ended(job) and _has_ended(child))
        assert _soon(lambda: list(base.iterdir()) == [])


def test_a_folder_whose_job_still_runs_is_not_swept(alone: list[str], base: Path) -> None:
    visit = [*alone, f"with session_folder({str(base)!r}): pass"]
    with _running(alone, base, ENDLESS.format(leaves=True)) as (ours, (job, _)):
        (guard,) = [one for one in psutil.Process(ours.pid).children() if one.pid != job.pid]
        guard.kill()
        ours.kill()
        ours.wait()

        subprocess.run(visit, check=True)
        assert len(list(base.glob("*/inputs"))) == 1

        job.kill()
        assert _soon(lambda: _has_ended(job))
        subprocess.run(visit, check=True)
        assert list(base.iterdir()) == []
