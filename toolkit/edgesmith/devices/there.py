"""The program that runs on a device: it unpacks what it is sent, runs it, and leaves nothing.

It stands alone, with ``there_place``, ``there_job`` and the standard library of Python 3.11: the
texts of all are sent to the device, with a call of ``main`` after them. Standard input brings,
after this text, one line of JSON (what is to be done), one byte for each sign of life, and a tar
archive in chunks, each behind its length.
Standard output has one JSON object a line behind a mark, because a shell's own start may write
there too. Where nothing comes for a minute, or standard input ends, the other side is gone: the
work is ended and everything is removed.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from edgesmith.devices.there_job import PART_BYTES, GoneError, Wire, run_job
from edgesmith.devices.there_place import (
    SIGNALS,
    FaultError,
    check_room,
    inside,
    is_ours,
    session_folder,
    telling_place,
)

__all__ = ["main"]

ASK = """
import json, sys
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""
# What would change where compiled modules go, and with it how fast they are imported.
_UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONSTARTUP", "PYTHONINSPECT")


class Chunks:
    """The archive as a file, from its chunks."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._left = b""
        self._ended = False

    def read(self, n_bytes: int) -> bytes:
        """The next bytes of the archive; fewer at its end."""
        while len(self._left) < n_bytes and not self._ended:
            (length,) = struct.unpack(">I", self._wire.exactly(4))
            self._left += self._wire.exactly(length)
            self._ended = length == 0
        content, self._left = self._left[:n_bytes], self._left[n_bytes:]
        return content

    def drain(self) -> None:
        """Read to the end of the archive, whose last record may be padded."""
        while self.read(PART_BYTES):
            pass


def main(mark: str) -> NoReturn:
    """Do what the other side asks for.

    Args:
        mark: What each line of ours begins with.
    """
    for one in SIGNALS:
        signal.signal(one, _leave)
    wire = Wire(mark)
    code = 1
    try:
        _meet(wire)
        code = 0
    except (GoneError, SystemExit):
        pass
    except FaultError as fault:
        with suppress(GoneError):
            wire.say(event="fault", kind=fault.kind, text=str(fault))
    except Exception as error:  # noqa: BLE001 - nobody here would see a traceback
        with suppress(GoneError):
            wire.say(event="fault", kind="ours", text=f"{type(error).__name__}: {error}")
    # Not through the interpreter's end, which waits for threads that may write to nobody.
    os._exit(code)


def _leave(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit


def _meet(wire: Wire) -> None:
    wire.say(event="hello", **_about())
    request = wire.request()
    wire.say(event="installed", versions=_installed(request["ask"]))
    request = wire.request()
    code = 1
    with session_folder(request["folder"]) as place:
        session = place.session
        kept = place.base / f"packages-{request['digest']}"
        is_kept = is_ours(kept)
        with telling_place(place.base):
            n_bytes = request["size_bytes"] + (0 if is_kept else request["packed_bytes"])
            check_room(session, n_bytes)
        wire.say(event="ready", folder=str(session), is_kept=is_kept)
        packages = kept if is_kept else session / "packages"
        with telling_place(place.base):
            _unpack(wire, session)
            (session / "inputs").mkdir(exist_ok=True)
        if request["keeps"] and not is_kept and packages.is_dir():
            with suppress(OSError):  # another one of ours was faster
                packages.rename(kept)
                packages = kept
        environment = _environment(session, packages)
        for job in request["jobs"]:
            wire.say(event="begins", job=job["name"])
            code = run_job(wire, job["words"], environment, place)
            wire.say(event="ended", job=job["name"], code=code)
            if code:
                break
    wire.say(event="done", code=code)


def _about() -> dict[str, Any]:
    return {
        "python": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "is_free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "system": platform.system(),
        "machine": platform.machine(),
        "n_bits": struct.calcsize("P") * 8,
        "libc": _libc(),
        "macos": platform.mac_ver()[0],
    }


def _libc() -> list[str]:
    """Name and version; empty where it is not known."""
    try:
        words = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except (AttributeError, ValueError, OSError):
        words = []
    if len(words) == 2:
        return words
    for loader in sorted(Path("/lib").glob("ld-musl-*.so.1")):
        # As packaging does: musl's loader tells its version where it is called without a program.
        said = subprocess.run([str(loader)], capture_output=True, text=True, check=False).stderr
        for line in said.splitlines():
            if line.startswith("Version "):
                return ["musl", line.split()[1]]
    return []


def _installed(names: list[str]) -> dict[str, str]:
    """Versions of what this interpreter would find without us, by distribution."""
    asked = subprocess.run(
        [sys.executable, "-P", "-c", ASK, *names],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return cast("dict[str, str]", json.loads(asked.stdout))
    except ValueError:
        return {}


def _unpack(wire: Wire, session: Path) -> None:
    """Every file of the archive at its place; wheels are opened into one folder of packages."""
    chunks = Chunks(wire)
    packages = session / "packages"
    with tarfile.open(fileobj=cast("IO[bytes]", chunks), mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None:
                continue
            place = inside(session, member.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                shutil.copyfileobj(content, file, PART_BYTES)
            if member.name.startswith("wheels/"):
                _open_wheel(place, packages)
                place.unlink()
    chunks.drain()


def _open_wheel(wheel: Path, packages: Path) -> None:
    # Binary distribution format, "Installing a wheel": what is in NAME.data/purelib and platlib
    # belongs beside the rest; scripts and headers are of no use here.
    packages.mkdir(mode=0o700, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            parts = entry.filename.split("/")
            if parts[0].endswith(".data"):
                if parts[1:2] not in (["purelib"], ["platlib"]):
                    continue
                parts = parts[2:]
            if entry.is_dir() or not parts:
                continue
            place = inside(packages, "/".join(parts))
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as content, place.open("wb") as file:
                shutil.copyfileobj(content, file, PART_BYTES)


def _environment(session: Path, packages: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    ours = [str(session / "runtime"), str(packages)]
    paths = [*ours, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        "TMPDIR": str(session / "tmp"),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }
