"""Forks that are killed before their k-th operation, and forks that meet a limit."""

from __future__ import annotations

import os
import resource
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any

from writer_faults.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HANG_S = 60
CALLS = {"posix", "fcntl", "_io"}  # the modules of all calls into the system


def forked(act: Callable[[], object]) -> tuple[int, str]:
    """Act in a child: its exit code (0 done, 1 an error, less than 0 a signal), and the error."""
    return waited(*started(act))


def started(act: Callable[[], object]) -> tuple[int, int]:
    """Begin to act in a child: its id, and where its error can be read."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries are idle
        pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    signal.alarm(HANG_S)
    code = 1
    try:
        act()
        code = 0
    except BaseException as error:  # noqa: BLE001 - told to the parent
        os.write(writing, f"{type(error).__name__}: {error}".encode()[:4000])
    finally:
        sys.setprofile(None)
        os._exit(code)


def waited(pid: int, reading: int) -> tuple[int, str]:
    """The end of a child, and its error."""
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def killed_before_call(number: int, act: Callable[[], object]) -> bool:
    """Whether the act was killed before its k-th call into the system; False: it was done."""
    n_calls = 0

    def count(_frame: object, event: str, function: Any) -> None:
        nonlocal n_calls
        if event != "c_call":
            return
        owner = getattr(function, "__self__", None)
        if CALLS & {type(owner).__module__, getattr(function, "__module__", None)}:
            n_calls += 1
            if n_calls == number:
                os.kill(os.getpid(), signal.SIGKILL)

    def counted() -> None:
        sys.setprofile(count)
        act()

    return _was_killed(*forked(counted))


def killed_before_operation(number: int, folder: Path, act: Callable[[], object]) -> bool:
    """The same before its k-th operation on files of a folder."""

    def recorded() -> None:
        recorder = Recorder(folder, None, signal_at=number, signal_number=signal.SIGKILL)
        recorder.install()
        act()

    return _was_killed(*forked(recorded))


def limited(size_bytes: int, act: Callable[[], object]) -> tuple[int, str]:
    """Act where no file may become bigger: exit code and error."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))
        act()

    return forked(small)


def _was_killed(code: int, said: str) -> bool:
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"expected an end or a kill, got exit code {code}: {said}")
    return code != 0
