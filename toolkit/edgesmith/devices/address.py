"""Where a device is: the address that ``--device`` takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgesmith_runtime.errors import ConfigError

__all__ = ["Address", "parse_address"]

_FORM = "ssh://[user@]host[:port][/folder]"
# Neither may begin with '-': ssh would take it for an option.
_ADDRESS = re.compile(
    r"ssh://(?:(?P<user>[^@/]*)@)?(?P<host>\[[^\]]*\]|[^:/@\[\]]*)"
    r"(?::(?P<port>[^/]*))?(?P<folder>/.*)?",
    re.DOTALL,
)
_USER = re.compile(r"[A-Za-z0-9_.\\][A-Za-z0-9_.\\+-]*\$?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A device as ssh finds it.

    Args:
        host: A name, a ``Host`` of the ssh configuration, or an IP address without brackets.
        user: None takes the one that ssh would take.
        port: From 1 to 65535; None takes the one that ssh would take.
        folder: For what is sent, absolute, ``~`` or below it; None takes the cache of the user there.
    """

    host: str
    user: str | None = None
    port: int | None = None
    folder: str | None = None

    def __post_init__(self) -> None:
        if not (_NAME.fullmatch(self.host) or _IPV6.fullmatch(self.host)):
            raise _malformed(f"a host name or an IP address, got {self.host!r}")
        if self.user is not None and not _USER.fullmatch(self.user):
            raise _malformed(f"a user name, got {self.user!r}")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise _malformed(f"a port from 1 to 65535, got {self.port}")
        if self.folder is not None and not self.folder.isprintable():
            raise _malformed(f"a folder without control characters, got {self.folder!r}")

    def __str__(self) -> str:
        user = "" if self.user is None else f"{self.user}@"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"ssh://{user}{host}{port}"

    @property
    def words(self) -> str:
        """What follows ``ssh`` on a command line that a user types."""
        port = "" if self.port is None else f"-p {self.port} "
        user = "" if self.user is None else f"{self.user}@"
        return f"{port}{user}{self.host}"


def parse_address(text: str) -> Address:
    """The address in ``ssh://[user@]host[:port][/folder]``; ``/~`` is the home.

    Raises:
        ConfigError: It is not of that form, or has a password or what ssh could take for an
            option.
    """
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise _malformed(f"got {text!r}")
    user, port, folder = parts["user"], parts["port"], parts["folder"]
    if user is not None and ":" in user:
        raise ConfigError(
            f"--device: expected {_FORM} without a password; use a key: ssh-copy-id puts it there"
        )
    if port is not None and not (port.isascii() and port.isdigit() and len(port) < 6):
        raise _malformed(f"a port from 1 to 65535, got {port!r}")
    if folder is not None:
        folder = folder.rstrip("/")
        folder = folder[1:] if folder == "/~" or folder.startswith("/~/") else folder
    return Address(
        host=parts["host"].removeprefix("[").removesuffix("]"),
        user=user,
        port=None if port is None else int(port),
        folder=folder or None,
    )


def _malformed(what: str) -> ConfigError:
    return ConfigError(f"--device: expected {_FORM}: {what}")
