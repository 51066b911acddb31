"""Start a trial, wait for its end, and turn whatever becomes of it into one error or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from edgesmith_runtime.archive import archive_bytes, archive_size
from edgesmith_runtime.checksums import SUMS
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.trial.exchange import MAX_REPLY_BYTES, PASSED, Request, refusal_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["TRIAL_DEADLINE_S", "TRIAL_MEMORY_BYTES", "try_artifact"]

TRIAL_DEADLINE_S = 30.0
TRIAL_MEMORY_BYTES = 2 << 30

# Isolated (-I): no environment variable, no user directory and no working directory decides what
# the child imports; what this process imports from is handed over.
_START = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from edgesmith_runtime.trial.__main__ import main; main()"
)
_CURE = "do not use this bundle, or load it with trusted=True if you made it yourself"


def try_artifact(
    bundle: Bundle,
    file: str,
    settings: EngineSettings,
    *,
    where: str,
    deadline_s: float = TRIAL_DEADLINE_S,
    memory_bytes: int = TRIAL_MEMORY_BYTES,
) -> None:
    """Open and run one artifact in a child process first; come back when it went well.

    The child gets the bytes that were checked, builds the transform, opens the engine with the
    same settings and replays the golden samples once, or without any runs on zeros. It is ended
    at the deadline with all that it started.

    Args:
        bundle: As it was read and checked.
        file: The artifact.
        settings: How the engine is opened.
        where: What messages call the bundle.
        deadline_s: For all of it, the start of the child included.
        memory_bytes: Beyond what the interpreter and the engine take. It holds where the system
            counts it (``RLIMIT_DATA`` on Linux); elsewhere the deadline alone bounds a child.

    Raises:
        BundleError: The child ended by a signal, at the deadline, or without an answer.
        EdgesmithError: What the child met: a refusal of the engine or of the transform, or a
            golden sample that is not reproduced.
        BackendError: There is no interpreter to start a child with.
    """
    files = {SUMS: bundle.sums, **bundle.files}
    request = Request(
        file=file,
        settings=settings,
        n_archive_bytes=archive_size({name: len(files[name]) for name in files}),
        deadline_s=deadline_s,
        memory_bytes=memory_bytes,
    )
    trial = f"{where}: the trial of {file}"
    ended_by = monotonic() + deadline_s
    child = _started(trial)
    try:
        pieces = iter([request.to_line(), *archive_bytes(files)])
        # A thread, which closes its pipe itself: a child that reads nothing must not hold this up.
        Thread(target=_feed, args=(child.stdin, pieces), daemon=True).start()
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, ended_by - monotonic()))
        code = child.poll()
        reply = b"" if code is None else _answer(child)
    finally:
        _end(child)
    if code is None:
        raise BundleError(f"{trial} did not end within {deadline_s:g} s; {_CURE}")
    if code == 0 and reply == PASSED:
        return
    if code < 0:
        raise BundleError(f"{trial} ended by {_signal(-code)}; {_CURE}")
    refusal = refusal_from(reply)
    if refusal is None:
        raise BundleError(f"{trial} ended with exit code {code} and no answer; {_CURE}")
    raise type(refusal)(f"{trial} failed: {refusal}")


def _started(trial: str) -> subprocess.Popen[bytes]:
    if getattr(sys, "frozen", False) or not sys.executable:
        raise BackendError(
            f"{trial} needs a Python interpreter for a child process, and this program has none "
            "of its own; load with trusted=True what comes from a source that you trust"
        )
    paths = [str(Path(path).absolute()) for path in sys.path if path]
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(os.sep).absolute(),  # what a model names is not looked for in the app's
            start_new_session=True,
        )
    except OSError as error:
        raise BackendError(f"{trial} cannot be started: {error}") from error


def _feed(pipe: IO[bytes], pieces: Iterator[bytes | memoryview]) -> None:
    with suppress(OSError), pipe:  # it ended before it had read all
        for piece in pieces:
            pipe.write(piece)


def _answer(child: subprocess.Popen[bytes]) -> bytes:
    """What a child that has ended left in its pipe.

    The end of the pipe is not waited for: other processes may hold its other end, be it that the
    child started them or that another thread here did while this one started the child.
    """
    if child.stdout is None:  # it was asked for
        return b""
    descriptor = child.stdout.fileno()
    if hasattr(
        os, "set_blocking"
    ):  # Windows, before Python 3.12, hands no end to others unasked
        os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        return os.read(descriptor, MAX_REPLY_BYTES + 1)
    return b""


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child, if it still runs, and its group in any case."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"
