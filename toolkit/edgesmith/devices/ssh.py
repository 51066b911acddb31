"""The system's ssh with a program of ours at its other end: lines out of it, bytes into it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
from contextlib import contextmanager, suppress
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any, cast

from edgesmith.devices.faults import (
    SSH_FAILED,
    device_fault,
    late_fault,
    printable,
    ssh_fault,
)
from edgesmith_runtime.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from edgesmith.devices.device import Device

__all__ = ["Line", "connected"]

CONNECT_S = 10
ALIVE_S = 10  # three unanswered ones end a connection: half a minute
CLEANUP_S = 20.0
MAX_LINE_BYTES = 1 << 28
MAX_STDERR_BYTES = 1 << 16
HELLO_S = 30.0
OLDEST = (3, 11)
_OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    f"ConnectTimeout={CONNECT_S}",
    f"ServerAliveInterval={ALIVE_S}",
    "ServerAliveCountMax=3",
    "ControlMaster=no",  # as a master it would stay, and hold our pipes open
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "LogLevel=ERROR",
)
# Any Python reads it, so that one too old says so instead of stumbling over newer syntax. It is
# kept out of the command: that passes through a login shell, which may be any.
_PRELUDE = """import sys
if sys.version_info < {oldest}:
    sys.stdout.write({mark!r} + '{{"event": "old", "python": "%d.%d.%d"}}\\n' % sys.version_info[:3])
    sys.stdout.flush()
else:
    exec(compile(sys.stdin.buffer.read({n_bytes}), "<edgesmith>", "exec"))
"""
MODULES = ("there_place", "there_job", "there")  # each imports those before it
_LOADER = """import sys, types
for name, text in {texts!r}.items():
    module = types.ModuleType("edgesmith.devices." + name)
    sys.modules[module.__name__] = module
    exec(compile(text, "<" + module.__name__ + ">", "exec"), module.__dict__)
module.main({mark!r})
"""


class Line:
    """A connection to our program on a device.

    Args:
        device: At the other end.
        process: Of ssh.
        mark: What each line of our program begins with.
        hello_s: Until when its first line must have come.
    """

    def __init__(
        self, device: Device, process: subprocess.Popen[bytes], mark: str, *, hello_s: float
    ) -> None:
        self._device = device
        self._process = process
        self._mark = mark.encode()
        self._stderr = bytearray()
        self._sending = threading.Lock()
        self._closed = threading.Event()
        self._has_met = threading.Event()
        self._hello_s = hello_s
        self._is_late = False
        self._doing = "the start"
        self._threads = [
            threading.Thread(target=run, daemon=True)
            for run in (self._listen, self._beat, self._watch)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, *parts: bytes) -> None:
        """Hand bytes over, all of them before the next sign of life.

        Where the other end is gone already, what it said last is still to be read.
        """
        with self._sending, suppress(BrokenPipeError):
            for part in parts:
                self._stdin.write(part)
            self._stdin.flush()

    @contextmanager
    def sending(self) -> Generator[IO[bytes]]:
        """Standard input of our program, without signs of life meanwhile."""
        with self._sending, suppress(BrokenPipeError):
            yield self._stdin
            self._stdin.flush()

    def expect(self, event: str) -> dict[str, Any]:
        """The next line, which must be of an event.

        Raises:
            DeviceError: The connection is lost, or the program says that something is wrong.
        """
        for members in self.events():
            if members["event"] == event:
                return members
            raise DeviceError(
                f"{self._device.address}: expected '{event}', got {members['event']!r}; this is "
                "a fault of ours"
            )
        raise self._lost()

    def events(self) -> Iterator[dict[str, Any]]:
        """Every line until the work is done.

        Raises:
            DeviceError: The connection is lost, or the program says that something is wrong.
        """
        stdout = cast("IO[bytes]", self._process.stdout)
        while content := stdout.readline(MAX_LINE_BYTES):
            _, mark, text = content.partition(self._mark)
            if not mark:  # of the login shell
                continue
            members = self._read(text)
            yield members
            if members["event"] == "done":
                return
        raise self._lost()

    def _read(self, text: bytes) -> dict[str, Any]:
        self._has_met.set()
        try:
            members = cast("dict[str, Any]", json.loads(text))
            event = members["event"]
        except (ValueError, KeyError, TypeError) as error:
            raise DeviceError(
                f"{self._device.address}: expected a line of our program, got "
                f"{printable(text[:80].decode(errors='replace'))!r}; try again"
            ) from error
        if event == "old":
            raise DeviceError(
                f"{self._device.address}: {self._device.python} there is Python "
                f"{printable(str(members['python']))}; expected 3.11 or newer: install one, or "
                "name it with --device-python PATH"
            )
        if event == "fault":
            raise device_fault(self._device.address, members["kind"], members["text"])
        if event == "begins":
            self._doing = printable(str(members["job"]))
        return members

    def _lost(self) -> DeviceError:
        code = self._ended()
        self._threads[0].join(CLEANUP_S)
        said = self._stderr.decode(errors="replace")
        if self._is_late:
            return late_fault(self._device, self._hello_s)
        if not self._has_met.is_set():
            return ssh_fault(self._device, code, said)
        lines = [line for line in said.splitlines() if line.strip()]
        why = f" ({printable(lines[-1].strip())})" if lines else ""
        if code != SSH_FAILED:
            return DeviceError(
                f"{self._device.address}: our program there ended during {self._doing} by exit "
                f"code {code}{why}; see that the device has memory left, and try again"
            )
        return DeviceError(
            f"{self._device.address}: the connection was lost during {self._doing}{why}; what "
            "was sent removes itself there; see that device and network are up, and try again"
        )

    @property
    def _stdin(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    def _listen(self) -> None:
        descriptor = cast("IO[bytes]", self._process.stderr).fileno()
        while part := os.read(descriptor, 4096):
            self._stderr += part
            del self._stderr[:-MAX_STDERR_BYTES]

    def _beat(self) -> None:
        # Our program ends itself after a minute of silence: sshd may take hours to see that a
        # network is gone.
        while not self._closed.wait(ALIVE_S):
            with self._sending, suppress(OSError):
                if not self._closed.is_set():
                    self._stdin.write(b"\n")
                    self._stdin.flush()

    def _watch(self) -> None:
        # ssh's own limit is that of the connection: a login shell or an interpreter may hang.
        if not self._has_met.wait(self._hello_s):
            self._is_late = True
            self._process.kill()

    def close(self) -> None:
        """Let our program remove what it has there, and end."""
        self._closed.set()
        self._has_met.set()
        stdout = cast("IO[bytes]", self._process.stdout)
        # ssh does not end before somebody took what it has to say.
        drain = threading.Thread(target=_drain, args=(stdout,), daemon=True)
        try:
            with self._sending, suppress(OSError):
                self._stdin.close()
            drain.start()
            self._ended()
        finally:
            if self._process.poll() is None:  # interrupted once more
                self._process.kill()
                self._process.wait()
            for thread in (drain, self._threads[0]):
                thread.join(CLEANUP_S)
            stdout.close()
            cast("IO[bytes]", self._process.stderr).close()

    def _ended(self) -> int:
        """The exit code of ssh, which is ended where it does not end by itself."""
        for give_up in (self._process.terminate, self._process.kill):
            try:
                return self._process.wait(CLEANUP_S)
            except subprocess.TimeoutExpired:
                give_up()
        return self._process.wait()


def _drain(stream: IO[bytes]) -> None:
    while stream.read(1 << 16):
        pass


@contextmanager
def connected(device: Device, *, hello_s: float = HELLO_S) -> Generator[Line]:
    """Start our program on a device; it is ended, and what it made is gone, afterwards.

    Args:
        device: Where.
        hello_s: How long to wait for the program's first line, in seconds.

    Yields:
        The connection; the first line says who is there.

    Raises:
        DeviceError: There is no ssh here.
    """
    mark = f"edgesmith-{secrets.token_hex(8)} "
    content = _program(mark).encode()
    prelude = _PRELUDE.format(oldest=OLDEST, mark=mark, n_bytes=len(content)).encode()
    try:
        process = subprocess.Popen(
            _command(device, len(prelude)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt here is ours: we let the device clean up
        )
    except FileNotFoundError as error:
        raise DeviceError(
            "ssh: not found; --device needs the program ssh, install OpenSSH's client"
        ) from error
    line = Line(device, process, mark, hello_s=hello_s)
    try:
        line.send(prelude, content)
        yield line
    finally:
        line.close()


def _program(mark: str) -> str:
    """Our modules as one text, each under its own name."""
    folder = files("edgesmith.devices")
    texts = {name: folder.joinpath(f"{name}.py").read_text() for name in MODULES}
    return _LOADER.format(texts=texts, mark=mark)


def _command(device: Device, n_bytes: int) -> list[str]:
    address = device.address
    config = [] if device.ssh_config is None else ["-F", str(device.ssh_config)]
    port = [] if address.port is None else ["-p", str(address.port)]
    user = [] if address.user is None else ["-l", address.user]
    options = [word for option in _OPTIONS for word in ("-o", option)]
    # Words that sh, csh and fish take alike. -I: no module of the working folder is imported.
    code = f"import sys;exec(sys.stdin.buffer.read({n_bytes}))"
    there = f"exec {device.python} -I -c '{code}'"
    return ["ssh", "-T", "-a", "-x", *config, *options, *port, *user, "--", address.host, there]
