"""A private sshd on loopback, for this user alone, that plays a device: with a cache of its own.

Nothing of the system's ssh is read or changed: keys, known hosts and both configurations are in a
folder that the caller gives.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["OwnSshd", "own_sshd", "why_not"]

SEPARATION = Path("/run/sshd")  # sshd as root wants it; Debian's service makes it at its start
START_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSshd:
    """One that runs.

    Args:
        folder: Has its files; ``cache`` in it is the cache of the device's user.
        port: On 127.0.0.1.
        process: Of the server itself; each session is a child of it.
    """

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"ssh://127.0.0.1:{self.port}"

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def another_config(self, name: str, *lines: str) -> Path:
        """A configuration of the client whose first words are these lines."""
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines) + self.ssh_config.read_text())
        return path

    def cut(self) -> None:
        """End the connections as a network does, not the programs behind them."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if child.name().startswith("sshd"):
                    child.kill()

    def processes(self) -> list[psutil.Process]:
        """Those that sessions started and that still run: they have the device's cache."""
        return [one for one in psutil.process_iter() if self._is_ours(one)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("XDG_CACHE_HOME") == str(self.cache)
        except psutil.Error:
            return False

    def strays(self, *, within_s: float = 10.0) -> list[str]:
        """What is left of sessions after some seconds at most: processes and folders."""
        deadline = time.monotonic() + within_s
        while (found := self._left()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _left(self) -> list[str]:
        found = [str(path) for path in self.cache.glob("edgesmith/edgesmith-session-*")]
        for process in self.processes():
            with suppress(psutil.Error):  # it has just ended
                found.append(" ".join(process.cmdline()))
        return found


def why_not() -> str | None:
    """Why there can be none on this machine; None where there can."""
    if sys.platform == "win32":
        return "Windows has no sshd of this kind"
    if _program() is None:
        return "there is no sshd: apt-get install openssh-server"
    if os.geteuid() == 0 and not SEPARATION.is_dir():
        return f"sshd as root needs {SEPARATION}: mkdir {SEPARATION}"
    return None


def _program() -> str | None:
    return shutil.which("sshd", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))


@contextmanager
def own_sshd(folder: Path) -> Generator[OwnSshd]:
    """Start one with keys made for it, and end it with all its sessions."""
    program = _program()
    if program is None:
        raise FileNotFoundError("sshd")
    for name in ("host_key", "other_host_key", "user_key", "other_user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
            check=True,
        )
    (folder / "cache").mkdir()
    port = _free_port()
    _configure(folder, port)
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "sshd_config"), "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    server = OwnSshd(folder=folder, port=port, process=process)
    try:
        _wait_for(server)
        yield server
    finally:
        for one in server.processes():
            with suppress(psutil.Error):
                one.kill()
        server.cut()
        process.terminate()
        process.wait()


def _configure(folder: Path, port: int) -> None:
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/user_key.pub\nStrictModes no\nPrintMotd no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"SetEnv XDG_CACHE_HOME={folder}/cache\n"
    )
    for known, key in (("known_hosts", "host_key"), ("other_known_hosts", "other_host_key")):
        kind, content, *_ = (folder / f"{key}.pub").read_text().split()
        (folder / known).write_text(f"[127.0.0.1]:{port} {kind} {content}\n")
    (folder / "ssh_config").write_text(
        f"IdentityFile {folder}/user_key\nIdentitiesOnly yes\nIdentityAgent none\n"
        f"UserKnownHostsFile {folder}/known_hosts\nGlobalKnownHostsFile none\n"
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(server: OwnSshd) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1.0).close()
        except OSError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (server.folder / "sshd.log").read_text()
                raise RuntimeError(f"sshd does not start: {log}") from None
            time.sleep(0.02)
        else:
            return
