"""Which wheels a device can use: its interpreter, machine and C library as pip names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Platform", "platform_from"]

# PEP 600: the first C library that a manylinux tag stands for; the names before it: PEP 513, 571
# and 599.
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
_OLDEST_GLIBC_ELSEWHERE = 17
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
# A 64-bit kernel under 32-bit programs tells its own machine; as packaging 26.3, tags.py.
_NARROW = {"x86_64": "i686", "aarch64": "armv7l", "armv8l": "armv7l"}
_NAME = re.compile(r"[A-Za-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What decides whether a wheel runs on a device.

    Args:
        python: Major and minor version.
        abi: Of its extension modules, such as ``cp311``.
        tags: Platform tags that it can use, the most recent first.
        name: For messages, such as ``Python 3.11 on linux x86_64, glibc 2.36``.
    """

    python: tuple[int, int]
    abi: str
    tags: tuple[str, ...]
    name: str


def platform_from(members: Mapping[str, Any], where: str) -> Platform:
    """The platform that our program on a device tells.

    Args:
        members: ``python``, ``implementation``, ``is_free_threaded``, ``system``, ``machine``,
            ``n_bits``, ``libc`` and ``macos``, as ``platform`` and ``sys`` there give them.
        where: The device, for messages.

    Raises:
        DeviceError: There are no wheels for such a device.
    """
    major, minor = (int(part) for part in members["python"][:2])
    implementation = _plain(members["implementation"])
    if implementation != "cpython":
        raise DeviceError(
            f"{where}: expected CPython there, got {implementation}; the engines have wheels for "
            "CPython alone: name one with --device-python PATH"
        )
    system, machine = _plain(members["system"]), _plain(members["machine"])
    if members["n_bits"] == 32:
        machine = _NARROW.get(machine, machine)
    libc, release = _libc(members["libc"])
    match system, libc:
        case "Linux", "glibc":
            tags = _manylinux(machine, release)
        case "Linux", "musl":
            tags = tuple(f"musllinux_1_{n}_{machine}" for n in range(release, -1, -1))
        case "Darwin", _:
            tags = (_macos(str(members["macos"]), machine),)
        case _:
            raise DeviceError(
                f"{where}: expected Linux with glibc or musl, or macOS, got {system} "
                f"({libc or 'no known C library'}); measure there with edgesmith-runtime itself"
            )
    suffix = f", {libc} {'2' if libc == 'glibc' else '1'}.{release}" if libc else ""
    return Platform(
        python=(major, minor),
        abi=f"cp{major}{minor}{'t' if members['is_free_threaded'] else ''}",
        tags=tags,
        name=f"Python {major}.{minor} on {system} {machine}{suffix}",
    )


def _plain(text: object) -> str:
    # It becomes part of a command and of the name of a folder here.
    return text if isinstance(text, str) and _NAME.fullmatch(text) else "unknown"


def _libc(words: list[str]) -> tuple[str, int]:
    """Name and minor version; "" where it is none of the two."""
    if len(words) == 2 and words[0] in ("glibc", "musl"):
        parts = re.match(r"[12]\.(\d{1,3})", words[1])
        if parts:
            return words[0], int(parts[1])
    return "", 0


def _manylinux(machine: str, release: int) -> tuple[str, ...]:
    tags: list[str] = []
    for n in range(release, _OLDEST_GLIBC.get(machine, _OLDEST_GLIBC_ELSEWHERE) - 1, -1):
        tags.append(f"manylinux_2_{n}_{machine}")
        if n in _LEGACY:
            tags.append(f"{_LEGACY[n]}_{machine}")
    return (*tags, f"linux_{machine}")


def _macos(version: str, machine: str) -> str:
    # pip takes earlier releases along by itself. From 11 on the minor number says nothing.
    parts = re.match(r"(\d{1,3})\.(\d{1,3})", f"{version}.0")
    major, minor = (int(parts[1]), int(parts[2])) if parts else (11, 0)
    return f"macosx_{major}_{0 if major >= 11 else minor}_{machine}"
