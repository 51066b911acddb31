"""Slow, loud and odd clients, byte by byte."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n"
POST = (
    b"POST /models/tiny/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\n"
)


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
    told = hasty.send(LIVE)

    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"the headers did not come within 0.3 s" in told


def test_headers_byte_by_byte_are_cut_off_too(hasty: Any) -> None:
    with closing(hasty.connect()) as connection:
        started = time.monotonic()
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 1000:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            connection.settimeout(0.02)
            try:
                if connection.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - started < 10


def test_a_connection_that_says_nothing_is_closed(hasty: Any) -> None:
    assert hasty.send(b"") == b""


def test_a_connection_that_idles_after_a_request_is_closed(hasty: Any) -> None:
    told = hasty.send(LIVE + b"\r\n")

    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.count(b"HTTP/1.1") == 1


def test_line_ends_between_requests_keep_no_connection_open(hasty: Any) -> None:
    told = hasty.send(LIVE + b"\r\n" + b"\r\n")

    assert told.startswith(b"HTTP/1.1 200 ")


def test_a_body_that_does_not_end_in_time_is_cut_off(hasty: Any) -> None:
    told = hasty.send(POST + b"Content-Length: 10\r\n\r\n[1,")

    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not come within 0.3 s" in told


def test_many_idle_connections_leave_the_server_answering(hasty: Any) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(closing(hasty.connect()))

        assert hasty.ask("GET", "/v2/health/live").status == 200


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
    assert first.fileno() == -1


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
    ],
)
def test_what_is_no_proper_request_is_refused(
    server: Any, request_bytes: bytes, status: int, part: bytes
) -> None:
    told = server.send(request_bytes)

    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert part in told
    assert b"connection: close" in told.lower()


def test_headers_behind_a_body_are_refused(server: Any) -> None:
    told = server.send(
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\nHost: evil.example\r\n\r\n"
    )

    assert b"HTTP/1.1 200" not in told


def test_a_client_that_reads_no_answer_is_let_go(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, write_timeout_s=0.3)
    row = b"[1, 2, 3, 4]"
    request = POST + b"Content-Length: %d\r\n\r\n%s" % (len(row), row)
    with closing(server.connect()) as connection:
        connection.settimeout(0.3)
        n_sent = 0
        while n_sent < 200_000:  # until the server stops reading, or closes
            try:
                connection.sendall(request * 100)
            except OSError:
                break
            n_sent += 100
        assert n_sent < 200_000

    assert server.ask("GET", "/v2/health/live").status == 200


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
