"""Run a command in a child process that a deadline and a memory limit hold."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import psutil

from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["run_confined"]

_POLL_S = 0.05
_MAX_STDERR_BYTES = 1 << 20
# Before the libraries of the child are loaded: a converter needs no GPU, and with the order of
# sets fixed the same graph gives the same bytes.
_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
}


def run_confined(
    command: Sequence[str],
    *,
    stdin: Callable[[], str],
    label: str,
    timeout_s: float,
    max_memory_bytes: int,
    temporary: Path | None = None,
) -> None:
    """Run a command to its end; afterwards none of its processes is left.

    Args:
        command: Program and arguments.
        stdin: Gives one line for the child, and is called when the child has started: what it
            takes to make it goes on beside the child's start. The child's standard input stays
            open after it: the end of that tells the child that its parent is gone.
        label: What runs, for messages.
        timeout_s: Wall time from the start.
        max_memory_bytes: Resident memory of the child and all its descendants, looked at 20
            times a second.
        temporary: Where the child's temporary files go, which it may not live to remove; None
            leaves them in the system's place.

    Raises:
        ConversionError: It failed, died by a signal, or was ended at a limit; or ``stdin``
            raises it, and the child is ended.
    """
    with tempfile.TemporaryFile() as stderr:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={**os.environ, **_ENVIRONMENT, **_temporary_in(temporary)},
        )
        try:
            _hand_over(child, stdin())
            peak_bytes = _watch(child, label, timeout_s, max_memory_bytes)
        finally:
            _end(child)
        if child.returncode < 0:
            raise ConversionError(
                f"{label} ended by signal {-child.returncode} "
                f"({signal.Signals(-child.returncode).name}), peak {_mb(peak_bytes)}"
                f"{_last_line(stderr, ': ')}"
            )
        if child.returncode > 0:
            fault = _last_line(stderr) or f"it ended with exit code {child.returncode}"
            raise ConversionError(f"{label}: {fault}")


def _temporary_in(folder: Path | None) -> dict[str, str]:
    return {} if folder is None else dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def _hand_over(child: subprocess.Popen[bytes], line: str) -> None:
    if child.stdin is not None:
        with suppress(BrokenPipeError):  # it died at its start; its exit code says how
            child.stdin.write(line.encode() + b"\n")
            child.stdin.flush()


def _watch(
    child: subprocess.Popen[bytes], label: str, timeout_s: float, max_memory_bytes: int
) -> int:
    """Wait for the end; the peak of the memory, as far as it was seen."""
    deadline = time.monotonic() + timeout_s
    process = psutil.Process(child.pid)
    peak_bytes = 0
    while True:
        peak_bytes = max(peak_bytes, _resident_bytes(process))
        if peak_bytes > max_memory_bytes:
            raise ConversionError(
                f"{label} took more than {_mb(max_memory_bytes)} of memory (peak "
                f"{_mb(peak_bytes)}) and was ended; raise conversion.max_memory_bytes"
            )
        try:
            child.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise ConversionError(
                    f"{label} took longer than {timeout_s:g} s and was ended (peak "
                    f"{_mb(peak_bytes)}); raise conversion.timeout_s"
                ) from None
        else:
            return peak_bytes


def _resident_bytes(process: psutil.Process) -> int:
    total = 0
    for member in _tree(process):
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue  # it ended between the listing and the look
    return total


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        for member in reversed(_tree(psutil.Process(child.pid))):
            try:
                member.kill()
            except psutil.Error:
                continue
    child.wait()
    if child.stdin is not None:
        with suppress(BrokenPipeError):  # of a job that the child did not live to read
            child.stdin.close()


def _mb(size_bytes: int) -> str:
    return f"{round(size_bytes / 1e6)} MB"


def _last_line(stderr: IO[bytes], prefix: str = "") -> str:
    """The last line of the child's errors that says something, behind a prefix; "" without."""
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - _MAX_STDERR_BYTES))
    text = stderr.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if line and not re.match(r"[\^~|]+$|[IWE]\d{4} ", line)]
    return prefix + telling[-1][:500] if telling else ""
