"""One visit to a device: who is there, what it lacks, what is sent, and what its work says."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.devices.faults import printable
from edgesmith.devices.parcel import send_archive
from edgesmith.devices.platforms import platform_from
from edgesmith.devices.ssh import connected
from edgesmith.devices.wheels import NoWheelError, wheels_for

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from edgesmith.devices.device import Device
    from edgesmith.devices.needs import Requirement
    from edgesmith.devices.parcel import Parcel
    from edgesmith.devices.platforms import Platform
    from edgesmith.devices.ssh import Line
    from edgesmith.devices.wheels import Wheels

__all__ = ["Job", "Said", "Told", "ending", "visit"]

Told = Callable[[str], None]  # takes a line for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One process on the device.

    Args:
        name: For messages.
        words: After the interpreter, in a working folder ``inputs`` beside ``bundle``.
    """

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a job said: a line of its standard output or error, or its exit code at its end."""

    job: str
    out: str | None = None
    err: str | None = None
    code: int | None = None


@contextmanager
def visit(
    device: Device,
    parcel: Parcel,
    needs: Sequence[Requirement],
    jobs: Sequence[Job],
    told: Told,
) -> Generator[Iterator[Said]]:
    """Send files and packages, and run jobs until one fails; nothing is left there afterwards.

    Args:
        device: Where.
        parcel: What is sent beside the packages.
        needs: Packages; those that the device has by itself are not sent.
        jobs: In turn.
        told: Called with lines for people.

    Yields:
        What the jobs say, as it comes.

    Raises:
        DeviceError: The device cannot be reached, lacks something, or was lost.
        WriteError: There is no place for the wheels here.
    """
    address = str(device.address)
    with connected(device) as line:
        platform = platform_from(line.expect("hello"), address)
        line.send(_encoded({"ask": [need.name for need in needs]}))
        versions = _versions(line.expect("installed")["versions"])
        told(f"{address}: {platform.name}")
        lacking = [need for need in needs if not need.is_met_by(versions)]
        with _got(device, platform, lacking, told) as wheels:
            _hand_over(device, line, parcel, jobs, _Packages(wheels, versions, told))
        yield _said(line)


@dataclass(frozen=True, slots=True)
class _Packages:
    wheels: Wheels
    own: Mapping[str, str]
    told: Told

    def announce(self, address: str, *, is_kept: bool) -> None:
        sent = {name.split()[0].replace("_", "-").lower() for name in self.wheels.names}
        own = [f"{name} {number}" for name, number in self.own.items() if name not in sent]
        if own:
            self.told(f"{address}: has of its own {', '.join(own)}")
        if self.wheels.paths:
            how = "has kept" if is_kept else f"is sent {self.wheels.size_bytes / 1e6:.0f} MB:"
            self.told(f"{address}: {how} {', '.join(self.wheels.names)}")


@contextmanager
def _got(
    device: Device, platform: Platform, lacking: Sequence[Requirement], told: Told
) -> Generator[Wheels]:
    """Wheels of what the device lacks; of what is optional, where there are any."""
    must = [need for need in lacking if not need.is_optional]
    with ExitStack() as stack:
        try:
            wheels = stack.enter_context(wheels_for(platform, lacking, given=device.wheels))
        except NoWheelError as error:
            if len(must) == len(lacking):
                raise
            told(f"{error}; the work goes on without {_listed(lacking)}")
            wheels = stack.enter_context(wheels_for(platform, must, given=device.wheels))
        yield wheels


def _listed(lacking: Sequence[Requirement]) -> str:
    return ", ".join(need.name for need in lacking if need.is_optional)


def _hand_over(
    device: Device, line: Line, parcel: Parcel, jobs: Sequence[Job], packages: _Packages
) -> None:
    wheels = packages.wheels
    request = {
        "folder": device.address.folder,
        "digest": wheels.digest,
        "keeps": device.keeps,
        "size_bytes": parcel.size_bytes,
        "packed_bytes": wheels.unpacked_bytes,
        "jobs": [{"name": job.name, "words": job.words} for job in jobs],
    }
    with line.sending() as stream:
        stream.write(_encoded(request))
        stream.flush()
        is_kept = bool(line.expect("ready")["is_kept"]) and bool(wheels.paths)
        packages.announce(str(device.address), is_kept=is_kept)
        send_archive(stream, parcel, None if is_kept else wheels)


def _said(line: Line) -> Iterator[Said]:
    for members in line.events():
        job = printable(str(members.get("job", "")))
        match members["event"]:
            case "out":
                yield Said(job=job, out=printable(members["line"]))
            case "err":
                yield Said(job=job, err=printable(members["line"]))
            case "ended":
                yield Said(job=job, code=int(members["code"]))
            case _:  # "begins" and "done", which the line itself heeds
                pass


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "no known one"
    return f"signal {-code} ({name}); see that the device has memory left"


def _versions(members: Mapping[str, Any]) -> dict[str, str]:
    return {printable(str(name)): printable(str(number)) for name, number in members.items()}


def _encoded(members: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(members)}\n".encode()
