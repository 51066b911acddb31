"""Slow, loud and odd clients, byte by byte."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n"
POST = (
    b"POST /models/tiny/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\n"
)


COUNT = POST.replace(b"tiny", b"slow") + b"Content-Length: 3\r\n\r\n[3]"
INNER = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"


def all_of(connection: Any) -> bytes:
    parts: list[bytes] = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="module")
def hasty(running: Callable[..., Any], tiny_bundle_path: Path) -> Any:
    """A server with short deadlines."""
    return running(
        tiny_bundle_path,
        head_timeout_s=0.3,
        body_timeout_s=0.3,
        idle_timeout_s=0.3,
        write_timeout_s=0.3,
        max_connections=50,
    )


def test_headers_that_do_not_end_in_time_are_cut_off(hasty: Any) -> None:
    told = hasty.send_at_once(LIVE)

    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"the headers did not come within 0.3 s" in told


def test_headers_byte_by_byte_are_cut_off_too(hasty: Any) -> None:
    with closing(hasty.connect()) as connection:
        connection.settimeout(0.02)
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 460:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            try:
                if connection.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("500 bytes, one each 20 ms, were taken")


def test_a_connection_that_says_nothing_is_closed(hasty: Any) -> None:
    assert hasty.send(b"") == b""


def test_a_connection_that_idles_after_a_request_is_closed(hasty: Any) -> None:
    told = hasty.send_at_once(LIVE + b"\r\n")

    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.count(b"HTTP/1.1") == 1


def test_line_ends_between_requests_keep_no_connection_open(hasty: Any) -> None:
    told = hasty.send_at_once(LIVE + b"\r\n" + b"\r\n")

    assert told.startswith(b"HTTP/1.1 200 ")


def test_a_body_that_does_not_end_in_time_is_cut_off(hasty: Any) -> None:
    told = hasty.send_at_once(POST + b"Content-Length: 10\r\n\r\n[1,")

    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not come within 0.3 s" in told


def test_many_idle_connections_leave_the_server_answering(hasty: Any) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(closing(hasty.connect()))

        told = hasty.send_at_once(LIVE + b"\r\n")

    assert told.startswith(b"HTTP/1.1 200 ")


def test_above_the_limit_of_connections_the_next_is_closed(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, max_connections=2)
    with closing(server.connect()) as first, closing(server.connect()) as second:
        for connection in (first, second):
            connection.sendall(LIVE + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")

        with closing(server.connect()) as third:
            try:
                third.sendall(LIVE + b"\r\n")
                told = third.recv(65536)
            except OSError:
                told = b""

        assert told == b""


def test_requests_in_one_packet_are_answered_in_order(server: Any) -> None:
    told = server.send(
        LIVE + b"\r\n" + LIVE.replace(b"/live", b"/ready") + b"Connection: close\r\n\r\n"
    )

    assert told.index(b'{"live": true}') < told.index(b'{"ready": true}')


@pytest.mark.parametrize(
    ("request_bytes", "status", "part"),
    [
        (LIVE + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 431, b"at most 16384 bytes of headers"),
        (LIVE + b"X: " + b"y" * 20_000, 431, b"at most 16384 bytes of headers"),
        (
            LIVE + b"".join(b"X%d: y\r\n" % index for index in range(3000)) + b"\r\n",
            431,
            b"at most 16384 bytes of headers",
        ),
        (b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431, b"at most"),
        (
            b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
            400,
            b"starts with /",
        ),
        (b"GET /v2 HTTP/1.1\r\n\r\n", 400, b"Host: expected"),
        (LIVE + b"Host: evil.example\r\n\r\n", 400, b"Host: expected once, came twice"),
        (b"HELLO\r\n\r\n", 400, b"expected a request of HTTP/1.1"),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, b"expected a request of HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400, b"expected a request of HTTP/1.1"),
        (
            POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            b"expected a request",
        ),
        (POST + b"Content-Length: -1\r\n\r\n", 400, b"expected a request"),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, b"expected"),
        (LIVE + b"Bad Header: x\r\n\r\n", 400, b"expected a request"),
        (
            POST + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER,
            400,
            b"Upgrade: not in a request with a body",
        ),
        (
            POST + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n" + INNER,
            400,
            b"Upgrade: not in a request with a body",
        ),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400, b"expected a request"),
    ],
    ids=[
        "long header",
        "header without end",
        "many headers",
        "long path",
        "absolute address",
        "no host",
        "two hosts",
        "no http",
        "unknown method",
        "tls",
        "length and chunks",
        "negative length",
        "two lengths",
        "blank in a name",
        "upgrade with a length",
        "upgrade with chunks",
        "no chunk",
    ],
)
def test_what_is_no_proper_request_is_refused(
    server: Any, request_bytes: bytes, status: int, part: bytes
) -> None:
    told = server.send(request_bytes)

    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert part in told
    assert b"connection: close" in told.lower()
    assert b"HTTP/1.1 200" not in told


def test_headers_behind_a_body_are_refused(server: Any) -> None:
    told = server.send(
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\nHost: evil.example\r\n\r\n"
    )

    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"expected no headers behind the body" in told


@pytest.mark.parametrize(
    "behind",
    [b"GARBAGE\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + LIVE + b"\r\n"],
    ids=["no request", "no chunk"],
)
def test_an_answer_under_way_goes_out_before_a_fault_behind_it_closes(
    server: Any, behind: bytes
) -> None:
    told = server.send(COUNT + COUNT + behind)

    assert told.count(b"HTTP/1.1 200 ") == 2
    assert told.count(b'"value": 3.0') == 2
    assert b"HTTP/1.1 400" not in told


def test_a_request_to_upgrade_without_a_body_is_answered_as_any(server: Any) -> None:
    told = server.send(
        LIVE + UPGRADE.replace(b"Upgrade\r\nU", b"Upgrade, close\r\nU") + b"\r\n"
    )

    assert told.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_reads_no_answer_is_let_go(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, write_timeout_s=0.3, idle_timeout_s=1000.0)
    request = LIVE.replace(b"/v2/health/live", b"/page.js") + b"\r\n"
    content = memoryview(b"")
    limit = time.monotonic() + 30
    with closing(server.connect()) as connection:
        connection.settimeout(0.1)
        is_reset = False
        while not is_reset:
            assert time.monotonic() < limit
            try:
                content = content or memoryview(request * 1000)
                content = content[connection.send(content) :]
            except TimeoutError:  # it reads no more either
                continue
            except ConnectionError:
                is_reset = True

    assert server.ask("GET", "/v2/health/live").status == 200


class _Clocked(asyncio.SelectorEventLoop):
    """An event loop whose time passes when it is told to."""

    now = 0.0

    def time(self) -> float:
        return self.now

    async def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(10):  # what is due is done, and what that makes due
            await asyncio.sleep(0)


@dataclass
class _Open:
    """A connection in this process, its server's side and its client's."""

    client: socket.socket
    is_lost: bool = False


async def _open(
    loop: _Clocked, answer: bytes, *, is_kept: bool = False, **settings: Any
) -> _Open:
    """A client's connection to a server that has that answer, under way; little fits between."""
    uvicorn = pytest.importorskip("uvicorn")
    from edgesmith_runtime.serving.connection import connection_class

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    mine, client = socket.socketpair()
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client.settimeout(0)
    opened = _Open(client)

    class Watched(connection_class(ServerSettings(**settings))):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            opened.is_lost = True

    config = uvicorn.Config(
        application, ws="none", lifespan="off", log_config=None, log_level="critical"
    )
    state = uvicorn.server.ServerState()
    await loop.connect_accepted_socket(
        lambda: Watched(config=config, server_state=state, app_state={}, _loop=loop), mine
    )
    client.sendall(LIVE + (b"\r\n" if is_kept else b"Connection: close\r\n\r\n"))
    await loop.pass_by(0.0)
    return opened


def test_a_small_answer_that_is_not_read_keeps_no_connection_open() -> None:
    loop = _Clocked()

    async def wait() -> tuple[bool, bool]:
        opened = await _open(loop, b"x" * 20_000, write_timeout_s=10.0)
        with closing(opened.client):
            await loop.pass_by(9.0)
            before = opened.is_lost
            await loop.pass_by(2.0)
            return before, opened.is_lost

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(wait()) == (False, True)


def test_of_requests_ahead_of_their_answers_few_are_read() -> None:
    loop = _Clocked()
    requests = memoryview((LIVE + b"\r\n") * 200_000)

    async def send() -> int:
        opened = await _open(loop, b"x" * 500, is_kept=True)
        n_sent = 0
        with closing(opened.client):
            for _ in range(20):  # each time a few answers are read
                with suppress(BlockingIOError):
                    while n_sent < len(requests):
                        n_sent += opened.client.send(requests[n_sent:])
                await loop.pass_by(0.0)
                with suppress(BlockingIOError):
                    opened.client.recv(4096)
                await loop.pass_by(0.0)
        return n_sent

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(send()) < 1 << 20


def test_an_answer_that_is_read_slowly_goes_out_whole() -> None:
    loop = _Clocked()

    async def read() -> bytes:
        opened = await _open(loop, b"x" * 200_000, write_timeout_s=10.0)
        parts: list[bytes] = []
        with closing(opened.client):
            while not parts or parts[-1]:
                parts.append(opened.client.recv(8192))
                await loop.pass_by(9.0)
        return b"".join(parts)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        told = runner.run(read())

    assert told.endswith(b"\r\n\r\n" + b"x" * 200_000)


def test_no_bytes_bring_it_down(server: Any) -> None:
    rng = np.random.default_rng(11)
    body = b'{"inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32"}]}'
    request = (
        b"POST /v2/models/tiny/infer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    codes: set[bytes] = set()
    for _ in range(300):
        content = bytearray(request)
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(0, 256)
        with closing(server.connect()) as connection:
            connection.sendall(content[: rng.integers(1, len(content) + 1)])
            connection.shutdown(socket.SHUT_WR)
            try:
                codes.add(all_of(connection)[9:12])
            except ConnectionError:
                continue

    assert server.ask("GET", "/v2/health/live").status == 200
    assert b"500" not in codes
    assert b"400" in codes
