"""Wheels for a device, got here by pip into the user's cache: the device needs neither."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith_runtime.cache import cache_folder
from edgesmith_runtime.errors import DeviceError, WriteError
from edgesmith_runtime.files import creating, scratch

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from edgesmith.devices.needs import Requirement
    from edgesmith.devices.platforms import Platform

__all__ = ["NoWheelError", "Wheels", "wheels_for"]

# In what pip says when it finds nothing, and when it reaches nobody.
_ABSENT = re.compile(
    r"No matching distribution found for (?P<what>[^\s;,]+)|(?P<conflict>ResolutionImpossible)"
)
_UNREACHED = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|Connection broken|SSLError|"
    r"ReadTimeoutError|Failed to establish"
)
RETRIES = 1
TIMEOUT_S = 15


class NoWheelError(DeviceError):
    """There is no wheel of a package for the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheels:
    """Wheels to send.

    Args:
        paths: In the order of their names.
    """

    paths: tuple[Path, ...]

    @property
    def size_bytes(self) -> int:
        """Of the files that go over the line."""
        return sum(path.stat().st_size for path in self.paths)

    @property
    def unpacked_bytes(self) -> int:
        """What they take on the device: opened, and the largest of them closed beside."""
        opened = 0
        for path in self.paths:
            with zipfile.ZipFile(path) as archive:
                opened += sum(entry.file_size for entry in archive.infolist())
        return opened + max((path.stat().st_size for path in self.paths), default=0)

    @property
    def names(self) -> tuple[str, ...]:
        """Distribution and version of each."""
        return tuple(" ".join(path.name.split("-")[:2]) for path in self.paths)

    @property
    def digest(self) -> str:
        """Of their bytes, 16 hexadecimal digits."""
        total = hashlib.sha256()
        for path in self.paths:
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()[:16]


@contextmanager
def wheels_for(
    platform: Platform, needs: Sequence[Requirement], *, given: Path | None
) -> Generator[Wheels]:
    """The wheels of some packages, and of what these need, for a device.

    What pip downloaded stays in ``wheels`` in Edgesmith's folder of the user's cache, and is
    used again, without a network; who wants newer versions removes it.

    Args:
        platform: Of the device.
        needs: Nothing gives no wheels.
        given: A folder of wheels to choose from; None lets pip look where it is configured to.

    Yields:
        The wheels, which need not be there afterwards.

    Raises:
        NoWheelError: One of the packages has none for the device.
        DeviceError: They cannot be got.
        WriteError: There is no place for them.
    """
    if not needs:
        yield Wheels(paths=())
        return
    cache = cache_folder()
    if given is not None or cache is None:
        with scratch() as folder:
            _download(platform, needs, folder, given)
            yield _found(folder)
        return
    key = hashlib.sha256(repr((platform, [str(need) for need in needs])).encode()).hexdigest()
    folder = cache / "wheels" / f"{platform.abi}-{platform.tags[0]}-{key[:12]}"
    if not folder.is_dir():
        _fill(folder, platform, needs)
    yield _found(folder)


def _fill(folder: Path, platform: Platform, needs: Sequence[Requirement]) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"{folder.parent}: cannot be made: {error.strerror}; wheels for devices are kept "
            "there: make room for it, or set XDG_CACHE_HOME"
        ) from error
    try:
        with creating(folder) as draft:
            _download(platform, needs, draft, None)
    except WriteError:
        if not folder.is_dir():  # another process filled it meanwhile
            raise


def _found(folder: Path) -> Wheels:
    return Wheels(paths=tuple(sorted(folder.glob("*.whl"))))


def _download(
    platform: Platform, needs: Sequence[Requirement], folder: Path, given: Path | None
) -> None:
    python = ".".join(map(str, platform.python))
    where = [] if given is None else ["--no-index", "--find-links", str(given.resolve())]
    tags = [word for tag in platform.tags for word in ("--platform", tag)]
    ended = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--only-binary=:all:", "--dest", str(folder)),
            *("--retries", str(RETRIES), "--timeout", str(TIMEOUT_S)),
            *("--python-version", python, "--implementation", "cp", "--abi", platform.abi),
            *(*tags, *where, *map(str, needs)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    if ended.returncode != 0:
        raise _failed(platform, needs, given, ended.stderr)


def _failed(
    platform: Platform, needs: Sequence[Requirement], given: Path | None, stderr: str
) -> DeviceError:
    wanted = ", ".join(map(str, needs))
    if "No module named pip" in stderr:
        return DeviceError(
            "pip is not installed here, and wheels for the device are got with it: "
            "python -m ensurepip"
        )
    if _UNREACHED.search(stderr):
        return DeviceError(
            f"{wanted}: cannot be downloaded, no index is reached from here; connect this "
            "machine, or give a folder of wheels with --wheels DIR"
        )
    absent = _ABSENT.search(stderr)
    if absent is not None:
        place = "" if given is None else f" in {given}"
        return NoWheelError(
            f"no wheel of {absent['what'] or wanted} for {platform.name}{place}; use a system "
            "that it has wheels for (see its page), install it on the device, or put one into a "
            "folder and give --wheels DIR"
        )
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return DeviceError(
        f"{wanted}: pip cannot get the wheels: {lines[-1] if lines else 'no reason'}"
    )
