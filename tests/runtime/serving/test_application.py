"""What the server refuses: sizes, crowds, strangers, paths; each with one line and a code."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import threading
import zlib
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

JSON = {"Content-Type": "application/json"}
ENDLESS = json.dumps(
    {"inputs": [{"name": "count", "shape": [1, 1], "datatype": "FP32", "data": [1e15]}]}
)


def _is_one_line(reply: Any) -> bool:
    message = reply.json["error"]
    return "\n" not in message and "Traceback" not in message and "/tmp" not in message


def test_a_body_above_the_limit_is_refused_before_it_is_read(server: Any) -> None:
    head = (
        b"POST /models/tiny/predict HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n"
    )
    with closing(server.connect()) as connection:
        connection.sendall(head)

        told = b""
        while not told.endswith(b"}"):
            told += connection.recv(65536)

    assert told.startswith(b"HTTP/1.1 413 ")
    assert b"expected at most 1048576 bytes" in told


def test_a_large_body_that_is_sent_all_the_same_still_gets_its_answer(server: Any) -> None:
    reply = server.ask("POST", "/models/tiny/predict", b" " * 20_000_000, JSON)

    assert reply.status == 413
    assert reply.headers["connection"] == "close"


def test_a_body_in_chunks_is_refused_where_it_passes_the_limit(server: Any) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = (
        b"POST /models/tiny/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    told = server.send(head + 17 * chunk + b"0\r\n\r\n")

    assert told.startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_within_the_limit_is_taken(server: Any) -> None:
    told = server.send(
        b"POST /models/slow/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\n[\r\n2\r\n2]\r\n0\r\n\r\n"
    )

    assert told.startswith(b"HTTP/1.1 200 ")
    assert b'"value": 2.0' in told


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b" " * (1 << 21))),
        ("deflate", zlib.compress(b" " * (1 << 21))),
    ],
    ids=["gzip", "deflate"],
)
def test_a_compressed_body_may_not_grow_above_the_limit(
    server: Any, encoding: str, body: bytes
) -> None:
    reply = server.ask(
        "POST", "/models/tiny/predict", body, {**JSON, "Content-Encoding": encoding}
    )

    assert reply.status == 413


def test_an_unknown_encoding_is_refused_by_name(server: Any) -> None:
    reply = server.ask("POST", "/models/tiny/predict", b"x", {**JSON, "Content-Encoding": "br"})

    assert reply.status == 415
    assert "expected gzip, deflate or identity, got 'br'" in reply.json["error"]
    assert reply.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("{", "expected JSON in UTF-8"),
        (b"\xff", "expected JSON in UTF-8"),
        ("[NaN, 1, 2, 3]", "'NaN' is no number of JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("", "expected a body of application/json, got none"),
        ('"../../etc/passwd"', "expected numbers, nested by axis, got str"),
    ],
    ids=["cut", "no text", "nan", "deep", "empty", "a path"],
)
def test_a_malformed_body_is_a_bad_request(server: Any, body: Any, part: str) -> None:
    reply = server.ask("POST", "/models/tiny/predict", body, JSON)

    assert reply.status == 400
    assert part in reply.json["error"]
    assert _is_one_line(reply)


def test_what_is_well_formed_and_unreadable_is_told_as_such(server: Any) -> None:
    reply = server.ask("POST", "/models/tiny/predict", "[1, 2, 3]", JSON)

    assert reply.status == 422
    assert "expected an array of shape (4,)" in reply.json["error"]
    assert _is_one_line(reply)


def test_another_media_type_is_refused_with_those_that_are_taken(server: Any) -> None:
    reply = server.ask("POST", "/models/tiny/predict", b"x", {"Content-Type": "image/png"})

    assert reply.status == 415
    assert "application/json, application/octet-stream, got 'image/png'" in reply.json["error"]
    assert reply.headers["accept"] == "application/json, application/octet-stream"


@pytest.mark.parametrize(
    "path",
    [
        "/../page.py",
        "/page.js/../../settings.py",
        "/%2e%2e/page.py",
        "/%2E%2E%2Fpage.py",
        "/v2/models/..%2f..%2fetc",
        "/v2/models/%00",
        "/page.js%00.css",
        "//page.js",
        "/etc/passwd",
        "/v2//models",
        "/v2/models/tiny/",
        "/v2/models/tiny/%69nfer/x",
        "/models/*/predict",
        "/%ff",
        "/page/index.html",
    ],
)
def test_no_path_leads_around(server: Any, path: str) -> None:
    reply = server.ask("GET", path)

    assert reply.status == 404
    assert _is_one_line(reply)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v2/models/tiny", "GET, HEAD"),
        ("GET", "/v2/models/tiny/infer", "POST"),
        ("PUT", "/", "GET, HEAD"),
        ("OPTIONS", "/models/tiny/predict", "POST"),
        ("TRACE", "/metrics", "GET, HEAD"),
    ],
)
def test_another_method_is_not_allowed(
    server: Any, method: str, path: str, allowed: str
) -> None:
    reply = server.ask(method, path)

    assert reply.status == 405
    assert reply.headers["allow"] == allowed
    assert "access-control-allow-origin" not in reply.headers


def test_head_has_the_headers_alone(server: Any) -> None:
    reply = server.ask("HEAD", "/v2")

    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:80", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("evil.example:8000", 403),
        ("localhost.evil.example", 403),
        ("", 403),
    ],
)
def test_on_loopback_a_stranger_s_name_is_refused(server: Any, host: str, status: int) -> None:
    assert server.ask("GET", "/v2", headers={"Host": host}).status == status


def test_a_name_that_is_allowed_is_taken_beside_loopback(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, allowed_hosts=("model.local",))

    assert server.ask("GET", "/v2", headers={"Host": "Model.local:80"}).status == 200
    assert server.ask("GET", "/v2", headers={"Host": "other.local"}).status == 403


def test_loopback_that_is_spelled_otherwise_is_loopback(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, host="127.1")

    assert server.ask("GET", "/v2", headers={"Host": "evil.example"}).status == 403
    assert server.ask("GET", "/v2").status == 200


def test_a_page_of_another_origin_can_start_nothing(server: Any) -> None:
    path = "/v2/repository/models/tiny/load"

    stranger = server.ask("POST", path, headers={"Origin": "https://evil.example"})
    hidden = server.ask("POST", path, headers={"Origin": "null"})

    assert (stranger.status, hidden.status) == (403, 403)
    assert "ask from its own page" in stranger.json["error"]


def test_bodies_that_come_slowly_keep_nobody_out(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, max_concurrency=2)
    head = b"POST /models/tiny/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
    with ExitStack() as stack:
        for _ in range(3):
            slow = stack.enter_context(closing(server.connect()))
            slow.sendall(head + b"Expect: 100-continue\r\n\r\n")
            assert slow.recv(100).startswith(b"HTTP/1.1 100 ")  # its body is being read
            slow.sendall(b"[1,")

        assert server.ask("POST", "/models/tiny/predict", "[1, 2, 3, 4]", JSON).status == 200


def test_bodies_of_all_requests_together_have_a_bound(
    running: Callable[..., Any], tiny_bundle_path: Path
) -> None:
    server = running(tiny_bundle_path, max_concurrency=1, max_body_bytes=100)
    head = b"POST /models/tiny/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
    with closing(server.connect()) as slow:
        slow.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 100 ")
        slow.sendall(b" " * 98)
        limit = threading.Event()
        while True:
            refused = server.ask("POST", "/models/tiny/predict", "[1, 2, 3, 4]", JSON)
            if refused.status != 200:
                break
            assert not limit.wait(0.01)

    assert refused.status == 429
    assert refused.json["error"] == "bodies of 100 bytes are being read; come again"
    assert refused.headers["retry-after"] == "1"


def test_one_request_too_many_is_told_to_come_again(
    running: Callable[..., Any], slow_bundle_path: Path
) -> None:
    server = running(slow_bundle_path, max_concurrency=3, n_workers=1, timeout_s=None)

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):  # the server is killed
            server.ask("POST", "/v2/models/slow/infer", ENDLESS)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    server.wait_for("edgesmith_runs_waiting", "2")
    server.wait_for("edgesmith_runs_active", "1")

    refused = server.ask("POST", "/v2/models/slow/infer", ENDLESS)

    assert refused.status == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json["error"].startswith("3 requests are in work or waiting")
    assert server.ask("GET", "/v2/health/live").status == 200
    assert server.ask("POST", "/v2/repository/index").status == 200
    server.process.kill()
    for thread in threads:
        thread.join(30)
