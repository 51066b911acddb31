"""A server's life: start, signals, swaps, end."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import read_bundle, write_bundle
from edgesmith_runtime.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle

SERVE = [sys.executable, "-m", "edgesmith_runtime", "serve"]
COUNT = {"name": "count", "shape": [1, 1], "datatype": "FP32"}


class Asking(threading.Thread):
    """One request to the slow model on its way, and its reply."""

    def __init__(self, server: Any, count: float) -> None:
        super().__init__(daemon=True)
        self._server, self._count = server, count
        self.reply: Any = None

    def run(self) -> None:
        try:
            self.reply = self._server.infer("slow", {**COUNT, "data": [self._count]})
        except (OSError, http.client.HTTPException) as error:  # it was cut off
            self.reply = error


@pytest.fixture(scope="module")
def other_bundle(shifted_bundle: Callable[[float], Bundle]) -> Bundle:
    """The tiny bundle with other answers."""
    return shifted_bundle(2.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_a_stop_lets_what_is_in_work_end(
    running: Callable[..., Any], slow_bundle_path: Path, number: signal.Signals
) -> None:
    server = running(slow_bundle_path, grace_s=30)
    asking = Asking(server, 3e5)
    asking.start()
    server.wait_for_run(asking)

    code = server.stop(number)

    asking.join(30)
    assert asking.reply.status == 200
    assert asking.reply.json["outputs"][0]["data"] == [3e5]
    assert code == 0
    with pytest.raises(OSError, match="refused"):
        server.connect()


def test_a_stop_is_bounded(running: Callable[..., Any], slow_bundle_path: Path) -> None:
    server = running(slow_bundle_path, grace_s=0.3, timeout_s=None)
    asking = Asking(server, 1e15)
    asking.start()
    server.wait_for("edgesmith_runs_active", "1")

    code = server.stop()

    asking.join(30)
    assert asking.reply.status == 503
    assert asking.reply.json == {"error": "the server stops; ask again"}
    assert code == 1
    assert "1 requests were cut off after 0.3 s" in server.process.stderr.read()


def test_a_second_signal_ends_the_process_at_once(
    running: Callable[..., Any], slow_bundle_path: Path
) -> None:
    server = running(slow_bundle_path, grace_s=60, drain_s=60, timeout_s=None)
    server.process.send_signal(signal.SIGTERM)
    limit = threading.Event()
    while server.ask("GET", "/v2/health/ready").status == 200:
        assert not limit.wait(0.01)

    assert server.stop(signal.SIGTERM) == 128 + signal.SIGTERM


def test_while_it_drains_it_answers_and_is_not_ready(
    running: Callable[..., Any], slow_bundle_path: Path
) -> None:
    server = running(slow_bundle_path, drain_s=600.0)
    server.process.send_signal(signal.SIGTERM)
    limit = threading.Event()
    while server.ask("GET", "/v2/health/ready").status == 200:
        assert not limit.wait(0.01)

    assert server.ask("GET", "/v2/models/slow/ready").status == 503
    assert server.infer("slow", {**COUNT, "data": [2]}).status == 200


def test_when_it_has_drained_it_ends(
    running: Callable[..., Any], slow_bundle_path: Path
) -> None:
    assert running(slow_bundle_path, drain_s=0.1).stop() == 0


def test_a_load_serves_what_now_stands_at_the_path(
    running: Callable[..., Any], tiny_bundle_path: Path, other_bundle: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.edge"
    shutil.copy(tiny_bundle_path, path)
    server = running(path)
    old = server.ask("GET", "/v2/models/tiny").json["versions"]
    write_bundle(other_bundle, path)

    reply = server.ask("POST", "/v2/repository/models/tiny/load", "{}")

    new = other_bundle.identity[:12]
    assert reply.json == {"name": "tiny", "version": new}
    assert server.ask("GET", "/v2/models/tiny").json["versions"] == [new] != old
    assert server.ask("GET", f"/v2/models/tiny/versions/{old[0]}").status == 404
    assert server.gauge('edgesmith_swaps_total{model="tiny",result="done"}') == "1"


def test_a_damaged_bundle_is_told_to_who_asked_and_the_old_one_serves_on(
    running: Callable[..., Any], tiny_bundle_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.edge"
    content = bytearray(tiny_bundle_path.read_bytes())
    path.write_bytes(content)
    server = running(path)
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    reply = server.ask("POST", "/v2/repository/models/tiny/load")

    assert reply.status == 400
    assert reply.json["error"].startswith("the old 'tiny' serves on: ")
    assert str(tmp_path) not in reply.json["error"]
    features = {
        "name": "features",
        "shape": [1, 4],
        "datatype": "FP32",
        "data": [1, 2, 3, 4],
    }
    assert server.infer("tiny", features).status == 200
    assert server.gauge('edgesmith_swaps_total{model="tiny",result="refused"}') == "1"


def test_a_client_names_no_path_to_load(server: Any) -> None:
    body = json.dumps({"parameters": {"config": "{}", "file:1/model.onnx": "AAAA"}})

    reply = server.ask("POST", "/v2/repository/models/tiny/load", body)

    assert reply.status == 400
    assert "from the path that the server was started with" in reply.json["error"]


def test_a_hangup_reads_all_bundles_again(
    running: Callable[..., Any], tiny_bundle_path: Path, other_bundle: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.edge"
    shutil.copy(tiny_bundle_path, path)
    server = running(path)
    write_bundle(other_bundle, path)

    server.process.send_signal(signal.SIGHUP)

    told = server.process.stderr.readline()
    assert told == f"'tiny' serves as version {other_bundle.identity[:12]}\n"


def _wait_for_version(version: str, answered: list[tuple[str, float]]) -> None:
    limit = time.monotonic() + 30
    while not any(one == version for one, _ in reversed(answered[:])):
        assert time.monotonic() < limit


def _first_output(bundle: Bundle, path: Path) -> Any:
    write_bundle(bundle, path)
    row = np.array([[1, 2, 3, 4]], np.float32)
    return pytest.approx(load(path).run({"features": row})["probabilities"][0, 0], rel=1e-5)


@pytest.mark.parametrize("max_batch", [1, 8])
def test_answers_during_swaps_are_those_of_the_version_that_they_name(
    running: Callable[..., Any],
    tiny_bundle_path: Path,
    other_bundle: Bundle,
    tmp_path: Path,
    max_batch: int,
) -> None:
    path = tmp_path / "tiny.edge"
    bundles = [read_bundle(tiny_bundle_path), other_bundle]
    features = {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
    expected = {bundle.identity[:12]: _first_output(bundle, path) for bundle in bundles}
    server = running(path, n_workers=2, max_batch=max_batch)
    answered: list[tuple[str, float]] = []
    codes: set[int] = set()
    is_over = threading.Event()

    def ask(name: str, version: str = "") -> None:
        while not is_over.is_set():
            reply = server.infer(name, features)
            codes.add(reply.status)
            if reply.status == 200:
                named = reply.json.get("model_version", version)
                answered.append((named, reply.json["outputs"][0]["data"][0]))

    names = [("tiny", ""), *((f"tiny/versions/{one}", one) for one in expected)]
    threads = [threading.Thread(target=ask, args=name, daemon=True) for name in 2 * names]
    for thread in threads:
        thread.start()
    for bundle in bundles * 5:
        write_bundle(bundle, path)
        assert server.ask("POST", "/v2/repository/models/tiny/load").status == 200
        _wait_for_version(bundle.identity[:12], answered)
    is_over.set()
    for thread in threads:
        thread.join(30)

    assert codes <= {200, 404}  # a version that does not serve
    assert {version for version, _ in answered} - {""} == set(expected)
    for version, output in answered:
        assert output in ([expected[version]] if version else list(expected.values()))


def test_the_command_serves_until_it_is_told_to_stop(tiny_bundle_path: Path) -> None:
    pytest.importorskip("uvicorn")
    with subprocess.Popen(
        [*SERVE, str(tiny_bundle_path), "--port", "0", "--json", "--threads", "1"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        address = told["url"].removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=30) as connection:
            connection.sendall(b"GET /v2 HTTP/1.0\r\nHost: localhost\r\n\r\n")
            assert connection.recv(64).startswith(b"HTTP/1.1 200 ")
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
        assert told["models"] == ["tiny"]


def test_an_address_in_use_is_told_in_one_line(tiny_bundle_path: Path) -> None:
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        shown = subprocess.run(
            [*SERVE, str(tiny_bundle_path), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert shown.returncode == 1
    assert shown.stderr == (
        f"error: 127.0.0.1:{port}: cannot be listened on: Address already in use; choose "
        "another --host or --port\n"
    )


def test_two_bundles_of_one_name_are_refused(tiny_bundle_path: Path) -> None:
    pytest.importorskip("uvicorn")
    shown = subprocess.run(
        [*SERVE, str(tiny_bundle_path), str(tiny_bundle_path), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert shown.returncode == 2
    assert "expected bundles with names that differ, 'tiny' is also" in shown.stderr


def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    tiny_bundle_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgesmith_runtime.commands import main

    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "edgesmith_runtime.serving.server", raising=False)

    code = main(["serve", str(tiny_bundle_path)])

    assert code == 1
    assert "pip install 'edgesmith-runtime[serve]'" in capsys.readouterr().err
