"""Bodies read and decompressed within their limits, event by event."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.serving.bodies import DisconnectedError, decompressed, read_body
from edgesmith_runtime.serving.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CHUNKED = {"transfer-encoding": "chunked"}


def _events(*events: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    coming = iter(events)

    async def receive() -> dict[str, Any]:
        event = next(coming, None)
        return event if event is not None else await asyncio.Future()

    return receive


def _part(body: bytes, more: str = "") -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": bool(more)}


def _read(headers: dict[str, str], *events: dict[str, Any], timeout_s: float = 30.0) -> bytes:
    return asyncio.run(read_body(_events(*events), headers, max_bytes=4, timeout_s=timeout_s))


def test_the_parts_of_a_body_are_joined() -> None:
    assert _read(CHUNKED, _part(b"ab", "more"), _part(b"cd")) == b"abcd"


def test_a_body_that_is_not_as_long_as_declared_is_refused() -> None:
    with pytest.raises(RefusedError, match="Content-Length: expected 3 bytes, got 2") as caught:
        _read({"content-length": "3"}, _part(b"ab"))

    assert caught.value.status == 400


def test_without_a_length_there_is_no_body() -> None:
    assert _read({}) == b""


@pytest.mark.parametrize(
    ("headers", "events", "status"),
    [
        ({"content-length": "5"}, [], 413),
        ({"content-length": "9" * 50}, [], 413),
        ({"content-length": "x"}, [], 400),
        (CHUNKED, [_part(b"abc", "more"), _part(b"de", "more")], 413),
    ],
)
def test_a_body_that_is_too_large_is_read_no_further(
    headers: dict[str, str], events: list[dict[str, Any]], status: int
) -> None:
    with pytest.raises(RefusedError) as caught:
        _read(headers, *events)

    assert caught.value.status == status


def test_a_body_that_does_not_come_is_given_up() -> None:
    with pytest.raises(RefusedError, match=r"did not come within 0\.01 s") as caught:
        _read(CHUNKED, _part(b"a", "more"), timeout_s=0.01)

    assert caught.value.status == 408


def test_a_client_that_leaves_is_noticed() -> None:
    with pytest.raises(DisconnectedError):
        _read(CHUNKED, _part(b"a", "more"), {"type": "http.disconnect"})


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_is_read_up_to_the_limit(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress(b"a" * 1000)

    assert decompressed(whole, encoding, max_bytes=1000) == b"a" * 1000
    for content, max_bytes, status in (
        (whole, 999, 413),
        (whole[:-1], 1000, 400),
        (whole + b"x", 1000, 400),
        (b"x", 1000, 400),
    ):
        with pytest.raises(RefusedError) as caught:
            decompressed(content, encoding, max_bytes=max_bytes)
        assert caught.value.status == status


def test_no_encoding_leaves_a_body_as_it_is() -> None:
    assert decompressed(b"x", "identity", max_bytes=1) == b"x"
