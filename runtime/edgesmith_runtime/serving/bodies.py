"""The body of a request: read up to a limit and a deadline, and decompressed within the same limit."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.serving.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Receive = Callable[[], Awaitable[Mapping[str, Any]]]

__all__ = ["DisconnectedError", "decompressed", "drain", "read_body"]

# Of a body that is refused, so that its client gets to read why: many only read once they have
# written, and a connection closed with unread bytes is reset.
DRAINED_BYTES = 256 << 20
DRAINING_S = 2.0
WINDOW_BITS = {"gzip": 31, "deflate": 15}  # of zlib: a gzip wrapper, a zlib wrapper


class DisconnectedError(Exception):
    """The client left before its request was whole."""


async def read_body(
    receive: Receive, headers: Mapping[str, str], *, max_bytes: int, timeout_s: float
) -> bytes:
    """All bytes of a body; a declared length above the limit is refused unread.

    Raises:
        RefusedError: 413 too large, 408 too slow, 400 a length that is no number or another.
        DisconnectedError: The client left.
    """
    length = headers.get("content-length")
    if length is not None:
        if not (length.isascii() and length.isdigit()):
            raise RefusedError(400, f"Content-Length: expected a number, got {length[:40]!r}")
        if int(length[:20]) > max_bytes:
            raise _too_large(max_bytes)
    elif "transfer-encoding" not in headers:
        return b""
    try:
        async with asyncio.timeout(timeout_s):
            body = await _received(receive, max_bytes)
    except TimeoutError as error:
        raise RefusedError(408, f"the body did not come within {timeout_s:g} s") from error
    if length is not None and len(body) != int(length):
        raise RefusedError(400, f"Content-Length: expected {length} bytes, got {len(body)}")
    return body


async def _received(receive: Receive, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    n_bytes = 0
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise DisconnectedError
        part: bytes = event.get("body", b"")
        n_bytes += len(part)
        if n_bytes > max_bytes:
            raise _too_large(max_bytes)
        parts.append(part)
        more = event.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def drain(receive: Receive) -> None:
    """Read what is left of a refused body and forget it; up to a size and a time."""
    n_bytes = 0
    try:
        async with asyncio.timeout(DRAINING_S):
            while n_bytes < DRAINED_BYTES:
                event = await receive()
                n_bytes += len(event.get("body", b""))
                if event["type"] == "http.disconnect" or not event.get("more_body", False):
                    return
    except TimeoutError:
        return


def decompressed(body: bytes, encoding: str, *, max_bytes: int) -> bytes:
    """A body without its ``Content-Encoding``.

    Raises:
        RefusedError: 415 an encoding that is not known, 413 too large when whole, 400 damaged.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in WINDOW_BITS:
        raise RefusedError(
            415,
            f"Content-Encoding: expected gzip, deflate or identity, got {encoding[:40]!r}",
            (("accept-encoding", "gzip, deflate"),),
        )
    inflating = zlib.decompressobj(WINDOW_BITS[encoding])
    try:
        whole = inflating.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise RefusedError(400, f"the body is not {encoding}: {error}") from error
    if len(whole) > max_bytes:
        raise _too_large(max_bytes)
    if not inflating.eof or inflating.unused_data:
        raise RefusedError(400, f"the body is not one whole {encoding} stream")
    return whole


def _too_large(max_bytes: int) -> RefusedError:
    return RefusedError(413, f"the body is too large; expected at most {max_bytes} bytes")
