"""The connection of our program on a device, and a job there whose lines go through it.

Sent to the device as a part of ``there``: it stands alone, with ``there_place`` and the standard
library.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

from edgesmith.devices.there_place import FaultError

if TYPE_CHECKING:
    from collections.abc import Generator

    from edgesmith.devices.there_place import Place

__all__ = ["PART_BYTES", "GoneError", "Wire", "run_job"]

SILENCE_S = 60.0
PART_BYTES = 1 << 16
MAX_PIPE_BYTES = 1 << 20  # pipe(7): what a pipe may hold for a user without privileges
# Standard input is a pipe that ends when our program does, even if it is killed. What a job has
# started is of its group, and ends with it. Of several tries, because a process that was just
# killed may put a last file in a folder that was just emptied.
_GUARD = """read -r _
kill -s KILL -- "-$1"
for _ in 1 2 3 4 5; do rm -rf -- "$2"; [ -e "$2" ] || break; sleep 1; done
"""


class GoneError(Exception):
    """The other side is gone."""


class Wire:
    """Both directions of the connection."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._lock = threading.Lock()

    def say(self, **members: Any) -> None:
        """One line to the other side."""
        content = f"{self._mark}{json.dumps(members)}\n".encode()
        with self._lock:
            while content:
                try:
                    content = content[os.write(1, content) :]
                except OSError as error:
                    raise GoneError from error

    def some(self, n_bytes: int) -> bytes:
        """What there is next, at most so many bytes."""
        self.wait_for(0)
        try:
            content = os.read(0, n_bytes)
        except OSError as error:
            raise GoneError from error
        if not content:
            raise GoneError
        return content

    def wait_for(self, *descriptors: int) -> list[int]:
        """Those with something to read, once one has."""
        ready = select.select(descriptors, [], [], SILENCE_S)[0]
        if not ready:
            raise GoneError
        return ready

    def exactly(self, n_bytes: int) -> bytes:
        """The next so many bytes."""
        parts: list[bytes] = []
        while n_bytes:
            parts.append(self.some(min(n_bytes, PART_BYTES)))
            n_bytes -= len(parts[-1])
        return b"".join(parts)

    def request(self) -> dict[str, Any]:
        """The next line of JSON; signs of life may come before it."""
        content = b""
        while not content.endswith(b"\n") or not content.strip():
            content += self.exactly(1)
        return cast("dict[str, Any]", json.loads(content))


def run_job(wire: Wire, words: list[str], environment: dict[str, str], place: Place) -> int:
    """Run this interpreter with words, its lines sent on; the exit code.

    It is ended when the other side goes, and when our program is killed.

    Raises:
        GoneError: The other side is gone.
        FaultError: The device has no room for another process.
    """
    job = _started(words, environment, place)
    drained, drain = os.pipe()
    try:
        with _guarded(job, place):
            threading.Thread(target=_follow, args=(wire, job, drain), daemon=True).start()
            while drained not in wire.wait_for(0, drained):
                wire.some(PART_BYTES)  # signs of life
    finally:
        with suppress(ProcessLookupError, PermissionError):  # macOS has the second for zombies
            os.killpg(job.pid, signal.SIGKILL)  # what it started, too
        job.wait()
    os.close(drained)
    return job.returncode


def _started(
    words: list[str], environment: dict[str, str], place: Place
) -> subprocess.Popen[bytes]:
    with _telling_machine():
        return subprocess.Popen(
            [sys.executable, "-P", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=place.session / "inputs",
            start_new_session=True,
            pass_fds=(place.lock,),  # the folder is in use as long as it lives
        )


@contextmanager
def _guarded(job: subprocess.Popen[bytes], place: Place) -> Generator[None]:
    """A shell that ends the job and removes its folder where our program cannot do it any more."""
    with _telling_machine():
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "edgesmith-guard", str(job.pid), str(place.session)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield
    finally:
        guard.kill()
        guard.wait()
        cast("IO[bytes]", guard.stdin).close()


@contextmanager
def _telling_machine() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise FaultError("machine", f"{error.strerror or error}") from error


def _follow(wire: Wire, job: subprocess.Popen[bytes], drain: int) -> None:
    """Send the job's lines on until it has ended; ``drain`` is closed when all are sent."""
    ended, end = os.pipe()
    pumps = [
        threading.Thread(target=_pump, args=(wire, stream, ended, name), daemon=True)
        for name, stream in (("out", job.stdout), ("err", job.stderr))
    ]
    for pump in pumps:
        pump.start()
    job.wait()
    os.close(end)
    for pump in pumps:
        pump.join()
    os.close(ended)
    os.close(drain)


def _pump(wire: Wire, stream: IO[bytes], ended: int, name: str) -> None:
    rest = b""
    with suppress(GoneError):  # the main thread sees it, too
        for part in _parts(stream.fileno(), ended):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                wire.say(event=name, line=line.decode(errors="replace"))
        if rest:
            wire.say(event=name, line=rest.decode(errors="replace"))


def _parts(descriptor: int, ended: int) -> Generator[bytes]:
    """What a job writes, and after its end what is there already.

    Something that it started and that left its group may hold the pipe open for ever.
    """
    n_left = MAX_PIPE_BYTES
    while n_left > 0:
        ready = select.select([descriptor, ended], [], [])[0]
        if descriptor not in ready:
            return
        part = os.read(descriptor, PART_BYTES)
        if not part:
            return
        yield part
        if ended in ready:
            n_left -= len(part)
