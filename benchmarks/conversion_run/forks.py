"""A case in a forked process: no import is paid again, and a converter may abort or hang."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from conversion_run.judging import Outcome, Stage, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from conversion_cases.case import Case

__all__ = ["Limits", "end_with_parent", "verdicts"]

# The parent has TensorFlow imported and has made no tensor with it: it has a single thread, so a
# fork of it is whole. Engines that start threads at import are imported in the child.
_FORK = multiprocessing.get_context("fork")
_POLL_S = 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one route with one case.

    Args:
        cpu_s: Processor time, so that a loaded machine refuses nothing.
        wall_s: For one that waits for ever.
        max_memory_bytes: Resident, of the process that holds Keras, the model, its answers and
            what earlier routes left; our own converters have 8 GB for themselves.
    """

    cpu_s: float = 120.0
    wall_s: float = 900.0
    max_memory_bytes: int = 12 << 30


def verdicts(case: Case, routes: Sequence[str], limits: Limits) -> list[Verdict]:
    """Every route's verdict; after one that ends the process, the others go on in a new one."""
    found: list[Verdict] = []
    left = list(routes)
    while left:
        for verdict in _in_child(case, tuple(left), limits):
            found.append(verdict)
            left.remove(verdict.route)
    return found


def _in_child(case: Case, routes: Sequence[str], limits: Limits) -> Iterator[Verdict]:
    """Verdicts until all are in or the child is gone, of which the last one tells."""
    receiver, sender = _FORK.Pipe(duplex=False)
    with tempfile.TemporaryFile() as said:
        child = _FORK.Process(target=_work, args=(case, routes, sender, said))
        child.start()
        sender.close()
        watch = _Watch(child.pid or 0, routes[0], limits)
        try:
            for route, message in watch.messages(receiver):
                if isinstance(message, Verdict):
                    watch.done.append(route)
                    yield message
        finally:
            _end(child)
        if len(watch.done) < len(routes):
            end = watch.fault or _manner(child.exitcode, _last_line(said))
            yield watch.verdict_of_end(end)


@dataclass(frozen=True, slots=True)
class _Moment:
    cpu_s: float
    wall_s: float


class _Watch:
    """Where a child is, and what ended it."""

    def __init__(self, pid: int, route: str, limits: Limits) -> None:
        self.pid = pid
        self.limits = limits
        self.route, self.stage = route, Stage.KERAS
        self.done: list[str] = []
        self.fault: str | None = None

    def messages(self, receiver: Connection) -> Iterator[tuple[str, Stage | Verdict]]:
        """What the child tells, until it is gone or ``fault`` says what it went beyond."""
        since = _Moment(0.0, time.monotonic())
        while self.fault is None:
            if not receiver.poll(_POLL_S):
                self.fault = self._fault(since)
                continue
            try:
                self.route, message = receiver.recv()
            except EOFError:
                return
            if isinstance(message, Stage):
                self.stage = message
            if message is not Stage.RUN:
                since = _Moment(_cpu_s(self.pid), time.monotonic())
            yield self.route, message

    def _fault(self, since: _Moment) -> str | None:
        if _cpu_s(self.pid) - since.cpu_s > self.limits.cpu_s:
            return f"no end in {self.limits.cpu_s:.0f} s of processor time"
        if time.monotonic() - since.wall_s > self.limits.wall_s:
            return f"no end in {self.limits.wall_s:.0f} s"
        if _resident_bytes(self.pid) > self.limits.max_memory_bytes:
            return f"more than {self.limits.max_memory_bytes >> 30} GB of memory"
        return None

    def verdict_of_end(self, end: str) -> Verdict:
        match self.stage:
            case Stage.KERAS:
                outcome = Outcome.NO_MODEL
            case Stage.CONVERT:
                outcome = Outcome.REFUSED
            case Stage.RUN:
                outcome = Outcome.UNUSABLE
        return Verdict(route=self.route, outcome=outcome, reason=f"{self.stage}: {end}")


def end_with_parent() -> None:
    """Let no process outlive the one that it works for."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(case: Case, routes: Sequence[str], sender: Connection, said: IO[bytes]) -> None:
    os.setsid()
    end_with_parent()
    for stream in (1, 2):
        os.dup2(said.fileno(), stream)

    def tell(route: str, message: Stage | Verdict) -> None:
        sender.send((route, message))

    judge(case, routes, tell)
    sender.close()
    os._exit(0)  # destructors of three engines are no part of the question


def _end(child: Any) -> None:
    """The child and what it started."""
    child.join(timeout=0.5)
    if child.exitcode is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.join()


def _manner(exitcode: int | None, last_line: str) -> str:
    died = (
        f"ended by {signal.Signals(-exitcode).name}" if (exitcode or 0) < 0 else "ended early"
    )
    return f"{died}: {last_line}" if last_line else died


def _last_line(said: IO[bytes]) -> str:
    """Of what the child wrote, without TensorFlow's log below what is fatal."""
    said.seek(0)
    lines = [text.strip() for text in said.read().decode(errors="replace").splitlines()]
    told = [
        text for text in lines if text and not re.match(r"[IWE]\d{4} |WARNING: All log", text)
    ]
    return told[-1][:200] if told else ""


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process; 0 of one that is gone."""
    words = _proc(pid, "stat").rpartition(") ")[2].split()
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)


def _resident_bytes(pid: int) -> int:
    """Of a process; 0 of one that is gone."""
    words = _proc(pid, "statm").split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") if words else 0


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
