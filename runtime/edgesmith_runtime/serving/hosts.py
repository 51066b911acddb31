"""Who may ask: names that a request may address, and pages that may send one."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from edgesmith_runtime.serving.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_host", "check_origin", "host_name", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether a name or address is of this machine alone."""
    if host.lower() in ("localhost", "localhost."):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def host_name(value: str) -> str:
    """The name in a ``Host`` header: without its port, and an address without brackets."""
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.rpartition(":")[0] if value.count(":") == 1 else value


def check_host(value: str | None, *, bound_to: str, allowed: tuple[str, ...] | None) -> None:
    """Refuse a name that is not this server's.

    A page of a stranger can let its own name stand for 127.0.0.1 (DNS rebinding), and then read
    what a server on loopback answers; the name is in ``Host``.

    Args:
        value: Of the header.
        bound_to: The address that the server's socket has.
        allowed: Names beside those of loopback; None: all, where it is not bound to loopback.

    Raises:
        RefusedError: 403.
    """
    if allowed is None and not is_loopback(bound_to):
        return
    name = host_name(value or "").lower()
    if is_loopback(name) or name in (allowed or ()):
        return
    raise RefusedError(
        403, f"Host: '{name[:80]}' is not a name of this server; start it with --allow-host"
    )


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse what a page of another origin sends: a form or script elsewhere needs no answer to harm.

    Raises:
        RefusedError: 403.
    """
    origin = headers.get("origin")
    if origin is None:
        return
    if origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise RefusedError(
            403, f"Origin: '{origin[:80]}' is not this server; ask from its own page"
        )
